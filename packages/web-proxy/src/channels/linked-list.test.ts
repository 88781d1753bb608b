import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Linked, LinkedList } from "./linked-list.js";

interface Named extends Linked<Named> {
  readonly name: number;
}

describe("LinkedList", () => {
  it("holds what an array would, whatever is added and taken out", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { maxLength: 60 }), (steps) => {
        const list = new LinkedList<Named>();
        const model: Named[] = [];
        for (const [name, step] of steps.entries()) {
          const removed = step === null ? undefined : model[step % 20];
          if (removed === undefined) {
            const item: Named = { name, before: undefined, after: undefined };
            list.push(item);
            model.push(item);
          } else {
            list.remove(removed);
            model.splice(model.indexOf(removed), 1);
          }
          expect([list.size, list.first]).toEqual([model.length, model[0]]);
        }
        expect([...list].map((item) => item.name)).toEqual(model.map((item) => item.name));
        expect([...list.backwards()].map((item) => item.name)).toEqual(model.map((item) => item.name).toReversed());
        expect(list.clear()).toHaveLength(model.length);
        expect([list.size, list.first, [...list], [...list.backwards()]]).toEqual([0, undefined, [], []]);
      }),
      { seed: 1 },
    );
  });

  it("may lose the item that was given out last, either way", () => {
    const list = new LinkedList<Named>();
    for (let name = 0; name < 6; name++) list.push({ name, before: undefined, after: undefined });
    for (const item of list) if (item.name % 2 === 0) list.remove(item);
    expect([...list].map(({ name }) => name)).toEqual([1, 3, 5]);
    for (const item of list.backwards()) if (item.name !== 3) list.remove(item);
    expect([...list].map(({ name }) => name)).toEqual([3]);
  });
});

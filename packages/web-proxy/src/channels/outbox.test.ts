import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outbox, type OutboxLimits } from "./outbox.js";
import { createOutgoingGroup, type OutgoingEntry, type SendOutcome } from "./outgoing.js";
import { outgoing, textOf } from "./testing/outgoing-messages.js";

const roomy: OutboxLimits = { maxMessages: 10_000, maxBytes: 1_000_000, policy: "close" };
const keyed = (key: string, text = key) => outgoing(text, { key });
const persistent = (text: string) => outgoing(text, { isPersistent: true });

describe("Outbox", () => {
  it("gives in order what was added, in batches of so many messages", () => {
    const outbox = filled(...Array.from({ length: 300 }, (_, index) => outgoing(`${index}`)));

    const batches = takeAll(outbox, 128);

    expect(batches.map(({ length }) => length)).toEqual([128, 128, 44]);
    expect(batches.flat()).toEqual(Array.from({ length: 300 }, (_, index) => `${index}`));
    expect(outbox.size).toBe(0);
    expect(outbox.bytes).toBe(0);
  });

  it("ends a batch before it would have more bytes than allowed, and lets one that is larger go alone", () => {
    const outbox = filled(outgoing("a".repeat(40)), outgoing("b".repeat(40)), outgoing("c".repeat(500)), outgoing("d"));

    expect(takeAll(outbox, 128, 100).map((texts) => texts.map(([letter]) => letter).join(""))).toEqual([
      "ab",
      "c",
      "d",
    ]);
  });

  it("lets the last message of a key take the place of those before it, at the end: x1 y1 x2 becomes y1 x2", () => {
    const outbox = filled(keyed("x", "x1"), keyed("y", "y1"), keyed("x", "x2"));

    expect(takeAll(outbox)).toEqual([["y1", "x2"]]);
    expect(outbox.supersededCount).toBe(1);
  });

  it("keeps the place when the message wants it: x1 y1 x2 becomes x2 y1", () => {
    const outbox = filled(keyed("x", "x1"), keyed("y", "y1"), outgoing("x2", { key: "x", isInPlace: true }));

    expect(takeAll(outbox)).toEqual([["x2", "y1"]]);
  });

  it("drops what a tombstone ends, also under other keys, and keeps the tombstone", () => {
    const gone = outgoing("gone", { key: "thing/1", removes: ["thing/1", "place/1"] });
    const outbox = filled(keyed("thing/1"), keyed("place/1"), keyed("place/2"), gone);

    expect(takeAll(outbox)).toEqual([["place/2", "gone"]]);
  });

  it("drops what a tombstone ends that takes the place of one before it", () => {
    const gone = (text: string) => outgoing(text, { key: "thing/1", removes: ["thing/1", "place/1"], isInPlace: true });
    const outbox = filled(gone("gone"), keyed("place/1"), keyed("place/2"), gone("gone again"));

    expect(takeAll(outbox)).toEqual([["gone again", "place/2"]]);
  });

  it("never takes a message out of a group, but the group when all of it was replaced", () => {
    const outbox = filled(group(keyed("a", "a1"), keyed("b", "b1")), keyed("a", "a2"));
    expect([...outbox.entries()].map(textOf)).toEqual(["[a1 b1]", "a2"]);

    outbox.push(keyed("b", "b2"));
    expect([...outbox.entries()].map(textOf)).toEqual(["a2", "b2"]);
  });

  it("never drops a group with a message that has no key for another", () => {
    const outbox = filled(group(keyed("a", "a1"), outgoing("event")), keyed("a", "a2"));

    expect(takeAll(outbox)).toEqual([["[a1 event]", "a2"]]);
  });

  it("sends a group as a whole, however large", () => {
    const large = group(...Array.from({ length: 300 }, (_, index) => outgoing(`${index}`)));
    const outbox = filled(outgoing("before"), large, outgoing("behind"));

    expect(takeAll(outbox, 128, 64).map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  describe("cursor", () => {
    it("is the sequence of the last that was taken", () => {
      const outbox = filled(outgoing("a", { sequence: 5 }), outgoing("b", { sequence: 9 }));

      expect([outbox.take(1, 1_000)?.cursor, outbox.take(1, 1_000)?.cursor]).toEqual([5, 9]);
    });

    it("never claims what is still to come when a message was replaced in place", () => {
      const outbox = filled(
        outgoing("x1", { key: "x", sequence: 1 }),
        outgoing("y1", { key: "y", sequence: 2 }),
        outgoing("x2", { key: "x", sequence: 3, isInPlace: true }),
      );

      expect([outbox.take(1, 1_000)?.cursor, outbox.take(1, 1_000)?.cursor]).toEqual([1, 2]);
    });

    it("is not told before the end of the replay, which goes alone", () => {
      const outbox = filled(outgoing("greeting", { sequence: 12 }), outgoing("kept", { sequence: 3 }));
      outbox.pushEndOfReplay(11);
      outbox.push(outgoing("live", { sequence: 13 }));

      const taken = [outbox.take(9, 1_000), outbox.take(9, 1_000), outbox.take(9, 1_000)];
      expect(taken.map((one) => one?.cursor)).toEqual([0, 11, 13]);
      expect(taken.map((one) => one?.isEndOfReplay)).toEqual([false, true, false]);
      expect(taken.map((one) => one?.entries.length)).toEqual([2, 0, 1]);
    });
  });

  it("reads a replay as it is taken, at its place, without counting it", () => {
    const kept = ["a", "b", "c"].map((text) => outgoing(text));
    const outbox = filled(outgoing("before"));
    outbox.pushReplay(kept.values());
    outbox.push(outgoing("behind"));
    expect(outbox.size).toBe(2);

    expect(outbox.take(2, 1_000)?.entries.map(textOf)).toEqual(["before", "a"]);
    kept.push(outgoing("d"));
    expect(takeAll(outbox, 2)).toEqual([
      ["b", "c"],
      ["d", "behind"],
    ]);
    expect(outbox.isEmpty).toBe(true);
  });

  it("tells a fence with the batch that takes what was there before it", () => {
    const reached: string[] = [];
    const outbox = filled(outgoing("a"));
    outbox.pushFence(() => reached.push("first"));
    outbox.push(outgoing("b"));
    outbox.pushFence(() => reached.push("second"));

    const [first, second] = [outbox.take(1, 1_000), outbox.take(1, 1_000)];
    expect([first?.entries.length, first?.fences.length]).toEqual([1, 1]);
    expect([second?.entries.length, second?.fences.length]).toEqual([1, 1]);
    for (const fence of [...(first?.fences ?? []), ...(second?.fences ?? [])]) fence();
    expect(reached).toEqual(["first", "second"]);
  });

  describe("when it is full", () => {
    it.each([
      ["close", ["p1 e1 e2 e3", false]],
      ["drop-oldest", ["p1 e3 e4 f1", true]],
      ["conflate", ["p1 e4 f1", true]],
    ] as const)("does as the policy %s says", (policy, [left, isTaken]) => {
      const outbox = new Outbox({ ...roomy, maxMessages: 4, policy });
      const typed = (text: string) => outgoing(text, { tag: text.startsWith("e") ? 1 : 2 });
      for (const entry of [persistent("p1"), typed("e1"), typed("e2"), typed("e3")]) outbox.push(entry);

      expect(outbox.push(typed("e4"))).toBe(isTaken);
      if (isTaken) outbox.push(typed("f1"));
      expect([...outbox.entries()].map(textOf).join(" ")).toBe(left);
      expect(outbox.droppedCount).toBe({ close: 0, "drop-oldest": 2, conflate: 3 }[policy]);
    });

    it.each(["conflate", "drop-oldest", "close"] as const)(
      "gives the receiver up when all is persistent (%s)",
      (policy) => {
        const outbox = new Outbox({ ...roomy, maxMessages: 2, policy });
        expect([persistent("a"), persistent("b")].map((entry) => outbox.push(entry))).toEqual([true, true]);

        expect(outbox.push(outgoing("c"))).toBe(false);
        expect(outbox.push(persistent("d"))).toBe(false);
      },
    );

    it("counts bytes as well, and what small messages take beside theirs", () => {
      const outbox = new Outbox({ ...roomy, maxBytes: 1_000 });
      let count = 0;
      while (outbox.push(outgoing(""))) count++;

      expect(count).toBeGreaterThan(5);
      expect(count).toBeLessThan(20);
    });

    it("drops the oldest however many were dropped before", () => {
      const outbox = new Outbox({ ...roomy, maxMessages: 3, policy: "drop-oldest" });

      for (let index = 0; index < 1_000; index++) expect(outbox.push(outgoing(`${index}`))).toBe(true);

      expect(takeAll(outbox)).toEqual([["997", "998", "999"]]);
      expect(outbox.droppedCount).toBe(997);
    });

    it("drops what may be missed since it was replaced in its place", () => {
      const outbox = new Outbox({ ...roomy, maxMessages: 2, policy: "drop-oldest" });
      outbox.push(outgoing("kept", { key: "x", isInPlace: true, isPersistent: true }));
      outbox.push(outgoing("first"));
      outbox.push(persistent("second"));
      outbox.push(outgoing("may be missed", { key: "x", isInPlace: true }));

      expect(outbox.push(persistent("third"))).toBe(true);
      expect(takeAll(outbox)).toEqual([["second", "third"]]);
    });

    it("makes room for what has grown, also where its key keeps its place", () => {
      const outbox = new Outbox({ ...roomy, maxBytes: 500, policy: "drop-oldest" });
      outbox.push(outgoing("small", { key: "x", isInPlace: true, isPersistent: true }));
      outbox.push(outgoing("event"));
      outbox.push(outgoing("l".repeat(400), { key: "x", isInPlace: true, isPersistent: true }));

      expect(outbox.bytes).toBeLessThanOrEqual(500);
      expect(outbox).toMatchObject({ size: 1, droppedCount: 1, supersededCount: 1 });
    });

    it("does not count the message of a key that is about to be replaced", () => {
      const outbox = new Outbox({ ...roomy, maxMessages: 1 });

      expect(["1", "2", "3"].map((text) => outbox.push(keyed("x", text)))).toEqual([true, true, true]);
      expect(takeAll(outbox)).toEqual([["3"]]);
    });
  });

  it("gives out what waits, its age and its size, and takes out what is not wanted", () => {
    const outbox = filled(outgoing("a", { createdMs: 3 }), keyed("b"), outgoing("c"));
    expect(outbox.oldest?.createdMs).toBe(3);

    expect(outbox.remove(({ messages: [message] }) => message?.key === undefined)).toBe(2);

    expect(outbox.size).toBe(1);
    expect(outbox.droppedCount).toBe(2);
    expect(takeAll(outbox)).toEqual([["b"]]);
    expect(outbox.bytes).toBe(0);
  });

  it("tells of each message what became of it, when there is somebody to tell", () => {
    const outcomes: [string, SendOutcome][] = [];
    const told = (text: string, key?: string, isPersistent = false) => {
      const message = outgoing(text, { key, isPersistent });
      message.receipt = { settle: (outcome) => outcomes.push([text, outcome]) };
      return message;
    };
    const outbox = new Outbox({ ...roomy, maxMessages: 2, policy: "drop-oldest" });
    outbox.push(told("x1", "x", true));
    outbox.push(told("event"));
    outbox.push(told("x2", "x", true));
    outbox.push(told("y1", "y", true));
    outbox.clear();

    expect(outcomes).toEqual([
      ["x1", "superseded"],
      ["event", "dropped"],
      ["x2", "closed"],
      ["y1", "closed"],
    ]);
  });

  it("holds and gives the same as a plain list would, whatever is done to it", () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant("push" as const),
          keys: fc.array(fc.nat(4), { maxLength: 3 }),
          isInPlace: fc.boolean(),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const), count: fc.integer({ min: 1, max: 6 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), key: fc.nat(4) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const outbox = new Outbox({ ...roomy, maxMessages: 12, policy: "drop-oldest" });
        let model: ModelEntry[] = [];
        for (const [index, one] of steps.entries()) {
          if (one.do === "push") {
            const entry = group(
              ...[...new Set(one.keys)].map((key) =>
                outgoing(`${key}.${index}`, { key: `${key}`, isInPlace: one.isInPlace }),
              ),
              ...(one.keys.length === 0 ? [outgoing(`-.${index}`)] : []),
            );
            expect(outbox.push(entry)).toBe(true);
            model = pushed(model, entry, 12);
          } else if (one.do === "take") {
            const taken = outbox.take(one.count, 1_000_000)?.entries ?? [];
            expect(taken.map(textOf)).toEqual(textsOf(model.splice(0, taken.length)));
          } else {
            const isUnwanted = ({ messages }: OutgoingEntry) => messages.some(({ key }) => key === `${one.key}`);
            outbox.remove(isUnwanted);
            model = model.filter(({ entry }) => !isUnwanted(entry));
          }
          expect([...outbox.entries()].map(textOf)).toEqual(textsOf(model));
          expect(outbox.size).toBe(model.flatMap(({ entry }) => entry.messages).length);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** An entry in the model, and those of its keys that no newer one has taken over. */
interface ModelEntry {
  readonly entry: OutgoingEntry;
  readonly open: readonly (string | undefined)[];
}

/** What an outbox of transient messages does, in the plainest way. */
function pushed(before: readonly ModelEntry[], entry: OutgoingEntry, maxMessages: number): ModelEntry[] {
  const [message] = entry.messages;
  const keys = entry.messages.map(({ key }) => key);
  const same = before.findIndex(({ open }) => message?.key !== undefined && open.includes(message.key));
  if (message?.isInPlace === true && keys.length === 1 && before[same]?.entry.messages.length === 1) {
    return before.with(same, { entry, open: keys });
  }
  const left = before
    .map((one) => ({ ...one, open: one.open.filter((key) => key === undefined || !keys.includes(key)) }))
    .filter(({ open }) => open.length > 0);
  left.push({ entry, open: keys });
  while (left.reduce((sum, one) => sum + one.entry.messages.length, 0) > maxMessages) left.shift();
  return left;
}

function textsOf(model: readonly ModelEntry[]): string[] {
  return model.map(({ entry }) => textOf(entry));
}

function group(...messages: Parameters<typeof createOutgoingGroup>[0]): OutgoingEntry {
  return createOutgoingGroup(messages);
}

function filled(...entries: OutgoingEntry[]): Outbox {
  const outbox = new Outbox(roomy);
  for (const entry of entries) expect(outbox.push(entry)).toBe(true);
  return outbox;
}

/** The texts of all that waits, by batch. */
function takeAll(outbox: Outbox, maxMessages = 1_000, maxBytes = 1_000_000): string[][] {
  const batches: string[][] = [];
  for (let taken = outbox.take(maxMessages, maxBytes); taken; taken = outbox.take(maxMessages, maxBytes)) {
    batches.push(taken.entries.map(textOf));
  }
  return batches;
}

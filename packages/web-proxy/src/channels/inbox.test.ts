import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import { Inbox } from "./inbox.js";

describe("Inbox", () => {
  it("handles at once what is done at once", () => {
    const { inbox, handled } = setUp(() => {});

    for (const item of ["a", "b"]) inbox.push(item, 1);

    expect(handled).toEqual(["a", "b"]);
  });

  it("handles one after the other what takes time, and then at once again", async () => {
    const gate = Promise.withResolvers<void>();
    const { inbox, handled, clock } = setUp((item) => (item === "slow" ? gate.promise : undefined));

    for (const item of ["a", "slow", "b", "c"]) inbox.push(item, 1);
    await nextTurn();
    expect(handled).toEqual(["a", "slow"]);
    expect(inbox.size).toBe(2);

    gate.resolve();
    await inbox.idle();
    expect(clock.taskCount).toBe(0);
    inbox.push("d", 1);
    expect(handled).toEqual(["a", "slow", "b", "c", "d"]);
  });

  it("does not handle an item in the middle of the one that adds it", () => {
    const order: string[] = [];
    const { inbox } = setUp((item) => {
      order.push(`${item} begins`);
      if (item === "a") for (const other of ["b", "c"]) inbox.push(other, 1);
      order.push(`${item} ends`);
    });

    inbox.push("a", 1);

    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("has no room while too much waits, and tells when there is some again", async () => {
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const { inbox } = setUp((item) => gates[Number(item)]?.promise);
    inbox.push("0", 600);
    inbox.push("1", 600);
    expect(inbox.hasRoom).toBe(true);
    inbox.push("2", 600);
    expect(inbox.hasRoom).toBe(false);
    inbox.push("3", 600);
    let isDrained = false;
    const drained = inbox.drained().then(() => {
      isDrained = true;
    });
    await nextTurn();
    expect(isDrained).toBe(false);

    gates[0]?.resolve();
    await nextTurn();
    expect([isDrained, inbox.size]).toEqual([false, 2]);
    gates[1]?.resolve();
    await drained;
    expect(inbox.hasRoom).toBe(true);
  });

  it("fills up with empty items as well", () => {
    const { inbox } = setUp(() => new Promise(() => {}));
    for (let index = 0; index < 20; index++) inbox.push("x", 0);

    expect(inbox.hasRoom).toBe(false);
  });

  it("goes on without an item that takes too long, and says so", async () => {
    const { inbox, handled, timeouts, clock } = setUp((item) => (item === "stuck" ? new Promise(() => {}) : undefined));
    inbox.push("stuck", 1);
    inbox.push("next", 1);

    clock.advance(999);
    await nextTurn();
    expect(handled).toEqual(["stuck"]);
    clock.advance(1);
    await nextTurn();

    expect(timeouts).toEqual(["stuck"]);
    expect(handled).toEqual(["stuck", "next"]);
    expect(clock.taskCount).toBe(0);
  });

  it("drops what waits when it is closed, takes nothing more, and lets nobody wait", async () => {
    const gate = Promise.withResolvers<void>();
    const { inbox, handled } = setUp(() => gate.promise);
    for (const item of ["a", "b"]) inbox.push(item, 2_000);
    const waiting = Promise.all([inbox.drained(), inbox.idle()]);

    inbox.close();
    inbox.push("c", 1);
    gate.resolve();
    await waiting;

    expect(handled).toEqual(["a"]);
  });
});

function setUp(handle: (item: string) => Promise<void> | undefined | void) {
  const clock = new TestClock();
  const handled: string[] = [];
  const timeouts: string[] = [];
  const inbox = new Inbox<string>({
    handle(item) {
      handled.push(item);
      return handle(item) ?? undefined;
    },
    highWaterBytes: 1_000,
    clock,
    itemTimeoutMs: 1_000,
    onTimeout: (item) => timeouts.push(item),
  });
  return { inbox, handled, timeouts, clock };
}

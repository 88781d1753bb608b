import { describe, expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import type { Windowed, WindowScheduler } from "./window-scheduler.js";
import { WindowSchedulers } from "./window-schedulers.js";

describe("WindowSchedulers", () => {
  it("sends to a few in one tick, and to many in several that are spread over the window", () => {
    const clock = new TestClock();
    const schedulers = new WindowSchedulers(clock, 16);
    const sentAt: number[] = [];
    const request = (scheduler: WindowScheduler): void => {
      const sender: Windowed = {
        earliestMs: 0,
        latestMs: (nowMs) => nowMs + 16,
        send: () => sentAt.push(clock.nowMs()),
      };
      scheduler.request(sender);
    };
    clock.advance(100);
    for (let index = 0; index < 8; index++) request(schedulers.take());
    expect(clock.taskCount).toBe(1);
    clock.advance(16);
    expect(sentAt).toEqual(Array.from({ length: 8 }, () => 116));

    sentAt.length = 0;
    for (let index = 0; index < 56; index++) request(schedulers.take());
    clock.advance(16);
    // Eight at each time of the seven, which are an eighth of a window apart; the first of all has no time of its own.
    expect(sentAt).toEqual(
      [118, 120, 122, 124, 126, 130, 132].flatMap((timeMs) => Array.from({ length: 8 }, () => timeMs)),
    );
  });

  it("gives new senders the places of those that are gone, and has as many together as there are more", () => {
    const schedulers = new WindowSchedulers(new TestClock(), 16);
    const taken = Array.from({ length: 64 }, () => schedulers.take());
    const [first] = taken;
    const ninth = taken[8];
    if (first === undefined || ninth === undefined) throw new Error("unreachable");
    expect(new Set(taken).size).toBe(8);

    schedulers.giveBack(ninth);
    expect(schedulers.take()).toBe(ninth);
    const more = Array.from({ length: 8 }, () => schedulers.take());
    expect(new Set(more).size).toBe(8);
    schedulers.giveBack(first);
    expect(schedulers.take()).toBe(first);
  });

  it("knows no grid for windows of no time", async () => {
    const schedulers = new WindowSchedulers(new TestClock(), 0);
    const sent: number[] = [];
    for (let index = 0; index < 9; index++) {
      schedulers.take().request({ earliestMs: 0, latestMs: (nowMs) => nowMs, send: () => sent.push(index) });
    }
    await Promise.resolve();

    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

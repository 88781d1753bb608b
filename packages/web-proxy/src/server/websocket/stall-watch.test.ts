import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TestClock } from "../../testing/test-clock.js";
import { StallWatch } from "./stall-watch.js";

describe("StallWatch", () => {
  it("notices, once, that nothing has been taken for a while", async () => {
    const { clock, watch, stalls } = start();
    watch.sent();
    clock.advance(5_000);
    watch.sent();
    watch.taken();

    clock.advance(9_999);
    await setImmediate();
    expect(stalls).toEqual([]);
    clock.advance(1);
    await setImmediate();
    clock.advance(50_000);
    await setImmediate();

    expect(stalls).toEqual([15_000]);
  });

  it("waits for nothing when everything has been taken", async () => {
    const { clock, watch, stalls } = start();
    watch.sent();
    watch.sent();
    watch.taken();
    watch.taken();

    clock.advance(50_000);
    await setImmediate();
    expect(clock.taskCount).toBe(0);
    watch.sent();
    clock.advance(9_999);
    await setImmediate();

    expect(stalls).toEqual([]);
  });

  it("does not blame a client that has taken something while the process stood still", async () => {
    const { clock, watch, stalls } = start();
    watch.sent();
    watch.sent();

    clock.advance(60_000);
    watch.taken();
    await setImmediate();
    expect(stalls).toEqual([]);
    clock.advance(10_000);
    await setImmediate();

    expect(stalls).toEqual([70_000]);
  });

  it("notices nothing after it was stopped", async () => {
    const { clock, watch, stalls } = start();
    watch.sent();
    clock.advance(10_000);

    watch.stop();
    watch.taken();
    watch.sent();
    await setImmediate();
    clock.advance(50_000);
    await setImmediate();

    expect(stalls).toEqual([]);
    expect(clock.taskCount).toBe(0);
  });
});

function start() {
  const clock = new TestClock();
  const stalls: number[] = [];
  const watch = new StallWatch({ clock, timeoutMs: 10_000, onStall: () => stalls.push(clock.nowMs()) });
  return { clock, watch, stalls };
}

import { describe, expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import { type Windowed, type WindowGrid, WindowScheduler } from "./window-scheduler.js";

describe("WindowScheduler", () => {
  it("sends when the window has passed since the first request, and not again without one", () => {
    const { clock, scheduler, sender, sent } = setUp();
    const one = sender("one", { windowMs: 16 });

    scheduler.request(one);
    clock.advance(10);
    scheduler.request(one);
    clock.advance(5);
    expect(sent).toEqual([]);

    clock.advance(1);
    expect(sent).toEqual(["one at 16"]);
    clock.advance(100);
    expect(sent).toEqual(["one at 16"]);
  });

  it("has one timer for all, and lets who comes later join the tick that is planned", () => {
    const { clock, scheduler, sender, sent } = setUp();

    for (let index = 0; index < 64; index++) {
      scheduler.request(sender(`${index}`, { windowMs: 16 }));
      clock.advance(0.1);
    }

    expect(clock.taskCount).toBe(1);
    clock.advance(16);
    expect(new Set(sent.map((text) => text.split(" at ")[1]))).toEqual(new Set(["16"]));
    expect(sent).toHaveLength(64);
    expect(clock.taskCount).toBe(0);
  });

  it("lets nobody wait for a tick that is later than his own window", () => {
    const { clock, scheduler, sender, sent } = setUp();

    scheduler.request(sender("slow", { windowMs: 100 }));
    scheduler.request(sender("quick", { windowMs: 16 }));
    expect(clock.taskCount).toBe(1);
    clock.advance(100);

    expect(sent).toEqual(["quick at 16", "slow at 100"]);
  });

  it("sends to nobody before his earliest time, whatever his window", () => {
    const { clock, scheduler, sender, sent } = setUp();

    scheduler.request(sender("other", { windowMs: 16 }));
    scheduler.request(sender("limited", { windowMs: 16, earliestMs: 50 }));
    scheduler.request(sender("at once, but later", { windowMs: 0, earliestMs: 70 }));
    clock.advance(100);

    expect(sent).toEqual(["other at 16", "limited at 50", "at once, but later at 70"]);
  });

  it("sends without a timer when the running code is through, for a window of 0 and who is in a hurry", async () => {
    const { clock, scheduler, sender, sent } = setUp();
    const patient = sender("patient", { windowMs: 16 });

    scheduler.request(sender("at once", { windowMs: 0 }));
    scheduler.request(patient);
    scheduler.hurry(patient);
    expect(sent).toEqual([]);
    await Promise.resolve();

    expect(sent).toEqual(["at once at 0", "patient at 0"]);
    clock.advance(100);
    expect(sent).toHaveLength(2);
  });

  it("forgets who has nothing to send any more, and its timer", async () => {
    const { clock, scheduler, sender, sent } = setUp();
    const [one, other] = [sender("one", { windowMs: 16 }), sender("other", { windowMs: 0 })];
    scheduler.request(one);
    scheduler.request(other);

    scheduler.forget(one);
    scheduler.forget(other);
    expect(clock.taskCount).toBe(0);
    await Promise.resolve();
    clock.advance(100);

    expect(sent).toEqual([]);
  });

  it("asks no timer for more than it can wait for, however seldom somebody wants something", () => {
    const clock = new TestClock();
    const delays: number[] = [];
    const schedule = (delayMs: number, task: () => void): (() => void) => {
      delays.push(delayMs);
      return clock.schedule(delayMs, task);
    };
    const watched = { nowMs: () => clock.nowMs(), unixNanos: () => clock.unixNanos(), schedule };
    let sentAtMs = 0;
    new WindowScheduler(watched).request({
      earliestMs: 5e9,
      latestMs: (nowMs) => nowMs + 16,
      send() {
        sentAtMs = clock.nowMs();
      },
    });
    clock.advance(6e9);

    expect(sentAtMs).toBe(5e9);
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
    expect(delays).toHaveLength(3);
  });

  it("can be asked again while it sends", () => {
    const { clock, scheduler, sender, sent } = setUp();
    const one = sender("one", { windowMs: 16, onSend: () => sent.length < 3 && scheduler.request(one) });
    scheduler.request(one);
    clock.advance(100);

    expect(sent).toEqual(["one at 16", "one at 32", "one at 48"]);
  });
});

describe("WindowScheduler with a grid", () => {
  const grid = { periodMs: 16, phaseMs: 4 };

  it("ends windows early, so that they end on it, and never makes one longer", () => {
    const { clock, scheduler, sender, sent } = setUp(grid);
    clock.advance(10);
    scheduler.request(sender("first", { windowMs: 16 }));
    clock.advance(10);
    expect(sent).toEqual(["first at 20"]);

    clock.advance(10);
    scheduler.request(sender("long", { windowMs: 40 }));
    clock.advance(50);
    expect(sent.slice(1)).toEqual(["long at 68"]);
  });

  it("asks no timer for less than no time, though time goes by while it computes", () => {
    const clock = new TestClock();
    const delays: number[] = [];
    const schedule = (delayMs: number, task: () => void): (() => void) => {
      delays.push(delayMs);
      return clock.schedule(delayMs, task);
    };
    const nowMs = (): number => {
      clock.advance(0.01);
      return clock.nowMs();
    };
    clock.advance(19.985);
    // The grid has 20, and 36 is behind the window.
    const sender: Windowed = { earliestMs: 0, latestMs: (now) => now + 14, send() {} };
    new WindowScheduler({ nowMs, unixNanos: () => 0n, schedule }, grid).request(sender);

    expect(delays).toEqual([0]);
  });

  it("makes no short window because a tick was a little early", () => {
    const { clock, scheduler, sender, sent } = setUp(grid);
    clock.advance(3.5);
    scheduler.request(sender("one", { windowMs: 16 }));
    clock.advance(17);

    expect(sent).toEqual(["one at 20"]);
  });

  it("has no say in a window that is too short for it, or in who must not be sent to before", () => {
    const { clock, scheduler, sender, sent } = setUp(grid);
    clock.advance(5);
    scheduler.request(sender("short", { windowMs: 2 }));
    scheduler.request(sender("limited", { windowMs: 2, earliestMs: 25 }));
    clock.advance(50);

    expect(sent).toEqual(["short at 7", "limited at 25"]);
  });
});

function setUp(grid?: WindowGrid) {
  const clock = new TestClock();
  const sent: string[] = [];
  const sender = (
    name: string,
    options: { readonly windowMs: number; readonly earliestMs?: number; readonly onSend?: () => void },
  ): Windowed => ({
    earliestMs: options.earliestMs ?? 0,
    latestMs: (nowMs) => nowMs + options.windowMs,
    send() {
      sent.push(`${name} at ${Math.round(clock.nowMs())}`);
      options.onSend?.();
    },
  });
  return { clock, scheduler: new WindowScheduler(clock, grid), sender, sent };
}

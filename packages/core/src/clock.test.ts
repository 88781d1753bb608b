import { describe, expect, it } from "vitest";
import { backgroundClock, systemClock } from "./clock.js";

describe.each([
  ["systemClock", systemClock],
  ["backgroundClock", backgroundClock],
])("%s", (_, clock) => {
  it("runs what is scheduled, except what was taken back, and does not go back meanwhile", async () => {
    const startMs = clock.nowMs();
    const startNanos = clock.unixNanos();
    const ran: string[] = [];
    const keepsAlive = setTimeout(() => {}, 10_000);
    const takeBack = clock.schedule(0, () => ran.push("taken back"));
    takeBack();

    await new Promise<void>((resolve) => clock.schedule(2, resolve));
    clearTimeout(keepsAlive);

    expect(ran).toEqual([]);
    expect(clock.nowMs()).toBeGreaterThan(startMs);
    expect(clock.unixNanos()).toBeGreaterThanOrEqual(startNanos);
  });

  it("tells Unix time in nanoseconds", () => {
    const differenceMs = Number(clock.unixNanos() / 1_000_000n) - Date.now();
    expect(Math.abs(differenceMs)).toBeLessThan(60_000);
  });

  it("does not take a time that no timer can wait for to be over", async () => {
    const ran: string[] = [];
    const keepsAlive = setTimeout(() => {}, 10_000);
    const takeBack = clock.schedule(Number.POSITIVE_INFINITY, () => ran.push("over"));

    await new Promise<void>((resolve) => clock.schedule(5, resolve));
    takeBack();
    clearTimeout(keepsAlive);

    expect(ran).toEqual([]);
  });
});

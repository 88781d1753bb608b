import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.js";

describe("systemClock", () => {
  it("runs what is scheduled, except what was taken back, and does not go back meanwhile", async () => {
    const startMs = systemClock.nowMs();
    const startNanos = systemClock.unixNanos();
    const ran: string[] = [];
    const keepsAlive = setTimeout(() => {}, 10_000);
    const takeBack = systemClock.schedule(0, () => ran.push("taken back"));
    takeBack();

    await new Promise<void>((resolve) => systemClock.schedule(2, resolve));
    clearTimeout(keepsAlive);

    expect(ran).toEqual([]);
    expect(systemClock.nowMs()).toBeGreaterThan(startMs);
    expect(systemClock.unixNanos()).toBeGreaterThanOrEqual(startNanos);
  });

  it("tells Unix time in nanoseconds", () => {
    const differenceMs = Number(systemClock.unixNanos() / 1_000_000n) - Date.now();
    expect(Math.abs(differenceMs)).toBeLessThan(60_000);
  });
});

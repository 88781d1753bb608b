import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameThinner } from "./frame-thinner.js";

/** Which of the frames at these times are let through. */
function letThrough(rate: number, timesMs: readonly number[]): readonly number[] {
  const thinner = new FrameThinner(rate);
  return timesMs.filter((timeMs) => thinner.isDue(timeMs));
}

function everyMs(periodMs: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index * periodMs);
}

describe("FrameThinner", () => {
  it.each([
    [60, 30],
    [30, 25],
    [60, 24],
    [144, 60],
    [30, 0.5],
  ])("makes of %d frames a second %d", (source, rate) => {
    expect(letThrough(rate, everyMs(1000 / source, source * 10))).toHaveLength(rate * 10);
  });

  it("lets everything through without a limit", () => {
    expect(letThrough(Number.POSITIVE_INFINITY, everyMs(1, 100))).toHaveLength(100);
  });

  it("lets everything through that comes more slowly than the limit", () => {
    expect(letThrough(30, everyMs(100, 100))).toHaveLength(100);
  });

  it.each([15, 30, 60])("loses nothing of %d frames a second when they stand still now and then", (rate) => {
    // Every half second nothing comes for 200 ms, and then all of it.
    const timesMs = everyMs(1000 / rate, rate * 10).map((timeMs) =>
      timeMs % 500 > 300 ? Math.ceil(timeMs / 500) * 500 : timeMs,
    );
    expect(letThrough(rate, timesMs)).toHaveLength(rate * 10);
  });

  it("does not make up for a pause with a burst", () => {
    expect(letThrough(10, [0, 5_000, 5_010, 5_020, 5_100])).toEqual([0, 5_000, 5_100]);
  });

  it("takes jitter without losing its rhythm", () => {
    const timesMs = everyMs(1000 / 60, 600).map((timeMs, index) => timeMs + (index % 2 === 0 ? -3 : 3));

    const chosen = letThrough(10, timesMs);

    const gapsMs = chosen.slice(1).map((timeMs, index) => timeMs - (chosen[index] ?? 0));
    expect(chosen).toHaveLength(100);
    expect(Math.min(...gapsMs)).toBeGreaterThan(80);
    expect(Math.max(...gapsMs)).toBeLessThan(120);
  });

  it("never lets more through than the limit allows in the time that has passed", () => {
    const gaps = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 300 });
    fc.assert(
      fc.property(gaps, fc.double({ min: 0.1, max: 240, noNaN: true }), (gapsMs, rate) => {
        let timeMs = 0;
        const timesMs = gapsMs.map((gapMs) => (timeMs += gapMs));
        const chosen = letThrough(rate, timesMs);
        const spanMs = (chosen.at(-1) ?? 0) - (chosen[0] ?? 0);
        // One at the start, and the tolerance.
        expect(chosen.length).toBeLessThanOrEqual((spanMs * rate) / 1000 + 1 + 1 / 8 + 1e-6);
      }),
    );
  });
});

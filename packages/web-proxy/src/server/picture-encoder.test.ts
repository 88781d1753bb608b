import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fittingSize } from "./picture-encoder.js";

const side = fc.integer({ min: 1, max: 16_384 });

describe("fittingSize", () => {
  it.each([
    [{ width: 1280, height: 720 }, 640, { width: 640, height: 360 }],
    [{ width: 1280, height: 720 }, 0, { width: 1280, height: 720 }],
    [{ width: 1280, height: 720 }, 1280, { width: 1280, height: 720 }],
    [{ width: 1280, height: 720 }, 4000, { width: 1280, height: 720 }],
    [{ width: 1000, height: 333 }, 500, { width: 500, height: 167 }],
    [{ width: 16_384, height: 2 }, 100, { width: 100, height: 1 }],
    [{ width: 0, height: 0 }, 100, { width: 0, height: 0 }],
  ])("of %j with at most %d is %j", (size, maxWidth, expected) => {
    expect(fittingSize(size, maxWidth)).toEqual(expected);
  });

  it("never enlarges, never loses a side, and keeps the proportion to the pixel", () => {
    fc.assert(
      fc.property(side, side, side, (width, height, maxWidth) => {
        const fitting = fittingSize({ width, height }, maxWidth);
        expect(fitting.width).toBe(Math.min(width, maxWidth));
        expect(fitting.height).toBeGreaterThanOrEqual(1);
        expect(fitting.height).toBeLessThanOrEqual(height);
        const exact = (height * fitting.width) / width;
        expect(Math.abs(fitting.height - Math.max(1, exact))).toBeLessThanOrEqual(0.5);
      }),
    );
  });
});

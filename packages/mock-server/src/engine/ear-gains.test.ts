import { describe, expect, it } from "vitest";
import { earGains } from "./ear-gains.js";

const ahead = { x: 0, y: 0, z: 2 };

describe("earGains", () => {
  it.each([
    { position: ahead, yawDegrees: 0, left: Math.SQRT1_2, right: Math.SQRT1_2 },
    // Whoever turns right has on the left what was ahead.
    { position: ahead, yawDegrees: 90, left: 1, right: 0 },
    { position: ahead, yawDegrees: -90, left: 0, right: 1 },
    { position: ahead, yawDegrees: 180, left: Math.SQRT1_2, right: Math.SQRT1_2 },
    { position: { x: 2, y: 0, z: 0 }, yawDegrees: 0, left: 0, right: 1 },
    { position: { x: -2, y: 0, z: 0 }, yawDegrees: 0, left: 1, right: 0 },
    { position: { x: 0, y: 2, z: 0 }, yawDegrees: 30, left: Math.SQRT1_2, right: Math.SQRT1_2 },
  ])(
    "shares out a sound at $position for somebody with the yaw $yawDegrees",
    ({ position, yawDegrees, left, right }) => {
      const ears = { position: { x: 0, y: 0, z: 0 }, yawDegrees, pitchDegrees: 0 };
      const gains = earGains(position, 1, ears);
      // Two metres away: half as loud.
      expect(gains.left * 2).toBeCloseTo(left, 9);
      expect(gains.right * 2).toBeCloseTo(right, 9);
    },
  );

  it.each([
    [0, 0.5],
    [0.5, 0.5],
    [1, 0.5],
    [2, 0.25],
    [10, 0.05],
  ])("has at %d metres the loudness %d", (distance, loudness) => {
    const ears = { position: { x: 5, y: 1, z: -3 }, yawDegrees: 77, pitchDegrees: 0 };
    const { left, right } = earGains({ x: 5, y: 1, z: -3 + distance }, 0.5, ears);
    expect(Math.hypot(left, right)).toBeCloseTo(loudness, 9);
  });
});

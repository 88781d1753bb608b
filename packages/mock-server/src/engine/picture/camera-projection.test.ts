import { describe, expect, it } from "vitest";
import { createCamera, screenToRay, worldToScreen } from "./camera-projection.js";

const picture = { width: 640, height: 360 };
const eye = { x: 1, y: 1.6, z: -2 };

describe("camera projection", () => {
  it("puts what is straight ahead into the middle, for every heading", () => {
    const headings = [
      [0, { x: 1, y: 1.6, z: 3 }],
      [90, { x: 6, y: 1.6, z: -2 }],
      [180, { x: 1, y: 1.6, z: -7 }],
      [-90, { x: -4, y: 1.6, z: -2 }],
    ] as const;
    for (const [yawDegrees, point] of headings) {
      const seen = worldToScreen(createCamera({ position: eye, yawDegrees, pitchDegrees: 0 }, picture), point);
      expect(seen?.x).toBeCloseTo(320, 9);
      expect(seen?.y).toBeCloseTo(180, 9);
      expect(seen?.depth).toBeCloseTo(5, 9);
    }
  });

  it("has 60 degrees between the upper and the lower edge", () => {
    const camera = createCamera({ position: eye, yawDegrees: 0, pitchDegrees: 0 }, picture);
    const rise = Math.tan(Math.PI / 6);
    expect(worldToScreen(camera, { x: 1, y: 1.6 + rise, z: -1 })?.y).toBeCloseTo(0, 9);
    expect(worldToScreen(camera, { x: 1, y: 1.6 - rise, z: -1 })?.y).toBeCloseTo(360, 9);
  });

  it("shows what is above lower in the picture when the eye looks up", () => {
    const above = { x: 1, y: 3, z: 2 };
    const level = worldToScreen(createCamera({ position: eye, yawDegrees: 0, pitchDegrees: 0 }, picture), above);
    const raised = worldToScreen(createCamera({ position: eye, yawDegrees: 0, pitchDegrees: 15 }, picture), above);
    expect(raised?.y).toBeGreaterThan(level?.y ?? Infinity);
  });

  it("has no place for what is nearer than the near plane", () => {
    const camera = createCamera({ position: eye, yawDegrees: 0, pitchDegrees: 0 }, picture);
    expect(worldToScreen(camera, { x: 1, y: 1.6, z: -1.96 })).toBeUndefined();
    expect(worldToScreen(camera, { x: 1, y: 1.6, z: -3 })).toBeUndefined();
  });

  it("sends the ray of a point's place in the picture through that point", () => {
    const camera = createCamera({ position: eye, yawDegrees: 37, pitchDegrees: -21 }, picture);
    const point = { x: 3, y: 0.4, z: 1.5 };
    const seen = worldToScreen(camera, point);
    const { origin, direction } = screenToRay(camera, seen?.x ?? 0, seen?.y ?? 0);
    const length = Math.hypot(point.x - origin.x, point.y - origin.y, point.z - origin.z);
    expect(origin.x + direction.x * length).toBeCloseTo(point.x, 9);
    expect(origin.y + direction.y * length).toBeCloseTo(point.y, 9);
    expect(origin.z + direction.z * length).toBeCloseTo(point.z, 9);
  });
});

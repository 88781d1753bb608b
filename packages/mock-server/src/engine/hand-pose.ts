import { clamp } from "./numbers.js";
import type { Vector3, Viewpoint } from "./picture/scene.js";

/** A hand of the user. */
export type HandSide = "left" | "right";

/** How far from the eyes a hand is, in metres: to its side, down, and ahead of what it holds. */
const aside = 0.35;
const below = 0.3;
const ahead = 0.7;

/** How far apart things in one hand are, in metres. */
const spread = 0.25;

/**
 * Where a thing is that a hand holds, the `index`-th of it: before the eyes, on the side of the hand, and within the room.
 */
export function handPose(
  eyes: Viewpoint,
  side: HandSide,
  index: number,
  size: Vector3,
  room: { readonly width: number; readonly depth: number; readonly height: number },
): Vector3 {
  const yaw = (eyes.yawDegrees * Math.PI) / 180;
  const pitch = (eyes.pitchDegrees * Math.PI) / 180;
  const largest = Math.max(size.x, size.y, size.z);
  // A large thing is held farther away, as it would be all that can be seen.
  const forward = ahead + largest + index * spread;
  const right = (side === "left" ? -1 : 1) * (aside + largest / 4);
  const up = -below;
  const level = forward * Math.cos(pitch) - up * Math.sin(pitch);
  const x = eyes.position.x + level * Math.sin(yaw) + right * Math.cos(yaw);
  const y = eyes.position.y + forward * Math.sin(pitch) + up * Math.cos(pitch);
  const z = eyes.position.z + level * Math.cos(yaw) - right * Math.sin(yaw);
  return {
    x: inside(x, -room.width / 2, room.width / 2, size.x),
    y: inside(y, 0, room.height, size.y),
    z: inside(z, -room.depth / 2, room.depth / 2, size.z),
  };
}

function inside(middle: number, least: number, most: number, size: number): number {
  return clamp(middle, least + size / 2, Math.max(least + size / 2, most - size / 2));
}

import type { Vector3, Viewpoint } from "./picture/scene.js";

/** How loud each ear hears a sound, as factors on its samples. */
export interface EarGains {
  readonly left: number;
  readonly right: number;
}

/**
 * How loud a sound at `position` is to somebody at `ears`: from one metre on it fades with the distance, and it is shared out
 * by its direction so that its power stays the same. What is straight ahead, behind, above or within is as loud on both sides.
 */
export function earGains(position: Vector3, volume: number, ears: Viewpoint): EarGains {
  const [x, y, z] = [position.x - ears.position.x, position.y - ears.position.y, position.z - ears.position.z];
  const yaw = (ears.yawDegrees * Math.PI) / 180;
  const sideways = x * Math.cos(yaw) - z * Math.sin(yaw);
  const onFloor = Math.hypot(x, z);
  // From -1, all the way left, to 1.
  const side = onFloor === 0 ? 0 : sideways / onFloor;
  const angle = ((side + 1) * Math.PI) / 4;
  const loudness = volume / Math.max(1, Math.hypot(x, y, z));
  return { left: loudness * Math.cos(angle), right: loudness * Math.sin(angle) };
}

import type { Turn } from "./numbers.js";
import type { Vector3 } from "./scene.js";

/** Inner product. */
export function dot(a: Vector3, b: Vector3): number {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

/** Vector product by components, the same formula in left- and right-handed systems. */
export function cross(a: Vector3, b: Vector3): Vector3 {
  return { x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x };
}

/** `a` minus `b`. */
export function minus(a: Vector3, b: Vector3): Vector3 {
  return { x: a.x - b.x, y: a.y - b.y, z: a.z - b.z };
}

/** `vector` at length 1. */
export function unit(vector: Vector3): Vector3 {
  const length = Math.sqrt(dot(vector, vector));
  return { x: vector.x / length, y: vector.y / length, z: vector.z / length };
}

/** A direction in the room as seen by a thing that is turned by `yaw`. */
export function toLocal({ x, y, z }: Vector3, yaw: Turn): Vector3 {
  return { x: x * yaw.cos - z * yaw.sin, y, z: x * yaw.sin + z * yaw.cos };
}

/** A direction of a thing that is turned by `yaw` as seen in the room. Inverse of {@link toLocal}. */
export function toRoom({ x, y, z }: Vector3, yaw: Turn): Vector3 {
  return { x: x * yaw.cos + z * yaw.sin, y, z: z * yaw.cos - x * yaw.sin };
}

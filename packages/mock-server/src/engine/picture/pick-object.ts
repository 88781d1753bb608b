import { createCamera, NEAR_METRES, type PictureSize, type Ray, screenToRay } from "./camera-projection.js";
import { cleanScene } from "./clean-scene.js";
import { clamp, turn } from "./numbers.js";
import type { Scene, SceneObject, SceneRoom, Vector3 } from "./scene.js";
import { dot, minus, toLocal } from "./vector3.js";

/** What a ray met. */
export interface PickedObject<Thing extends SceneObject = SceneObject> {
  /** The object as it was passed in: the same reference. */
  readonly object: Thing;
  /** Metres from the eye to the object's surface, or to that of the larger object that it counts as. */
  readonly distance: number;
}

/**
 * The nearest object that the ray from the eye through the cursor meets, if a wall, the floor or the ceiling does not
 * stop it first. Sees with the same projection as `renderScene`: what is under the cursor is what is picked. People do
 * not stop the ray.
 *
 * `cursor` is in fractions of the picture, (0, 0) top left. Objects count as larger by `radiusMetres` (0 or more) on
 * every side. For an eye that is inside such a larger object the object itself counts; for one inside the object itself,
 * or with its nose on it, it is not there, as it is not in the picture.
 */
export function pickObject<Thing extends SceneObject>(
  scene: Scene<Thing>,
  picture: PictureSize,
  cursor: { readonly x: number; readonly y: number },
  radiusMetres: number,
): PickedObject<Thing> | undefined {
  const clean = cleanScene({ ...scene, cursor: { x: cursor.x, y: cursor.y, held: false } });
  const camera = createCamera(clean.viewpoint, picture);
  const at = clean.cursor ?? { x: 0, y: 0 };
  const ray = screenToRay(camera, at.x * picture.width, at.y * picture.height);
  const radius = clamp(radiusMetres, 0, 1e4);
  // The picture shows nothing before the near plane, which a ray to the picture's edge meets later than one to its middle.
  const near = NEAR_METRES / dot(ray.direction, camera.forward);
  let nearest: PickedObject<Thing> | undefined;
  let limit = distanceToWall(ray, clean.room);
  for (const [index, object] of clean.objects.entries()) {
    const distance = distanceTo(ray, object, radius, near);
    if (distance === undefined || distance > limit) continue;
    limit = distance;
    nearest = { object: scene.objects[index], distance };
  }
  return nearest;
}

/** Where the ray leaves the room; a wall is seen, and stops the ray, from its inner side only. */
function distanceToWall(ray: Ray, { width, depth, height }: SceneRoom): number {
  const middle = { x: 0, y: height / 2, z: 0 };
  const span = throughBox(minus(ray.origin, middle), ray.direction, { x: width / 2, y: height / 2, z: depth / 2 });
  return span && span.leave > 0 ? span.leave : Infinity;
}

function distanceTo(ray: Ray, object: SceneObject, radius: number, near: number): number | undefined {
  const yaw = turn(object.yawDegrees);
  const origin = toLocal(minus(ray.origin, object.position), yaw);
  const direction = toLocal(ray.direction, yaw);
  const through = { box: throughBox, ball: throughBall, pillar: throughPillar }[object.shape];
  for (const extra of [radius, 0]) {
    const half = { x: object.size.x / 2 + extra, y: object.size.y / 2 + extra, z: object.size.z / 2 + extra };
    const span = through(origin, direction, half);
    if (!span || span.leave <= near) return undefined;
    if (span.enter >= near) return span.enter;
  }
  return undefined;
}

/** Distances at which a ray enters and leaves a shape about (0, 0, 0); both may be behind its start. */
interface Span {
  readonly enter: number;
  readonly leave: number;
}

function throughBox(origin: Vector3, direction: Vector3, half: Vector3): Span | undefined {
  let enter = -Infinity;
  let leave = Infinity;
  for (const axis of ["x", "y", "z"] as const) {
    const slab = throughSlab(origin[axis], direction[axis], half[axis]);
    if (!slab) return undefined;
    enter = Math.max(enter, slab.enter);
    leave = Math.min(leave, slab.leave);
  }
  return enter <= leave ? { enter, leave } : undefined;
}

function throughSlab(origin: number, direction: number, half: number): Span | undefined {
  if (Math.abs(direction) < 1e-12) return Math.abs(origin) <= half ? { enter: -Infinity, leave: Infinity } : undefined;
  const one = (-half - origin) / direction;
  const other = (half - origin) / direction;
  return { enter: Math.min(one, other), leave: Math.max(one, other) };
}

function throughBall(origin: Vector3, direction: Vector3, half: Vector3): Span | undefined {
  return throughUnitBall(shrink(origin, half), shrink(direction, half));
}

function throughPillar(origin: Vector3, direction: Vector3, half: Vector3): Span | undefined {
  const slab = throughSlab(origin.y, direction.y, half.y);
  const round = throughUnitBall({ ...shrink(origin, half), y: 0 }, { ...shrink(direction, half), y: 0 });
  if (!slab || !round) return undefined;
  const enter = Math.max(slab.enter, round.enter);
  const leave = Math.min(slab.leave, round.leave);
  return enter <= leave ? { enter, leave } : undefined;
}

/** `vector` in the space where a shape with these half extents is a unit one. */
function shrink({ x, y, z }: Vector3, half: Vector3): Vector3 {
  return { x: x / Math.max(1e-4, half.x), y: y / Math.max(1e-4, half.y), z: z / Math.max(1e-4, half.z) };
}

function throughUnitBall(origin: Vector3, direction: Vector3): Span | undefined {
  const a = dot(direction, direction);
  const b = dot(direction, origin);
  const c = dot(origin, origin) - 1;
  if (a < 1e-24) return c <= 0 ? { enter: -Infinity, leave: Infinity } : undefined;
  const under = b * b - a * c;
  if (under < 0) return undefined;
  const root = Math.sqrt(under);
  return { enter: (-b - root) / a, leave: (-b + root) / a };
}

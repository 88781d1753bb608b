import type { Engine } from "./engine.js";
import { type PickedObject, pickObject } from "./picture/pick-object.js";
import type { SceneObject } from "./picture/scene.js";
import type { WorldObject, WorldState } from "./world-state.js";

/** How far around the cursor's ray a hand reaches when nothing else is said, in metres. */
export const defaultGrabRadius = 0.1;

/**
 * The thing that a hand takes when it grabs now: the nearest one that can be taken within `radiusMetres` of the ray from the
 * eyes through the cursor. What cannot be taken stops the ray; what is in a hand already is not there.
 */
export function objectAtCursor(engine: Engine, radiusMetres: number): WorldObject | undefined {
  const world = engine.worlds.focused;
  if (world === undefined) return undefined;
  const loose = world.objects.filter(({ slotId }) => !engine.grabber.isInHand(slotId));
  const taken = new Map<SceneObject, WorldObject>();
  for (const object of loose) if (object.grabbable) taken.set({ ...object, highlighted: false }, object);
  const fixed = loose.filter(({ grabbable }) => !grabbable).map((object) => ({ ...object, highlighted: false }));
  const picked = pick(engine, world, [...taken.keys()], radiusMetres);
  if (picked === undefined) return undefined;
  const obstacle = pick(engine, world, fixed, 0);
  return obstacle !== undefined && obstacle.distance < picked.distance ? undefined : taken.get(picked.object);
}

function pick(
  engine: Engine,
  { room }: WorldState,
  objects: readonly SceneObject[],
  radiusMetres: number,
): PickedObject | undefined {
  const { viewpoint } = engine.avatar;
  const scene = { title: "", room, viewpoint, objects, people: [], cursor: undefined };
  return pickObject(scene, engine.display, engine.cursor.position(), radiusMetres);
}

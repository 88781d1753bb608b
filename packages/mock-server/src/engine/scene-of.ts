import type { Engine } from "./engine.js";
import { defaultGrabRadius, objectAtCursor } from "./object-at-cursor.js";
import type { Scene } from "./picture/scene.js";
import { placePerson } from "./place-person.js";

/**
 * What the window shows: the inside of the focused world from the avatar's eyes, what a hand would grab now lit up, and the
 * cursor; or an empty room without a world. The same state always gives the same scene.
 */
export function sceneOf(engine: Engine): Scene {
  const world = engine.worlds.focused;
  if (world === undefined) return noWorld;
  const lit = objectAtCursor(engine, defaultGrabRadius);
  return {
    title: world.worldName,
    room: world.room,
    viewpoint: engine.avatar.viewpoint,
    // A hand moves what it holds, so held things are in their place here.
    objects: world.objects.map((object) => ({ ...object, highlighted: object === lit })),
    people: world.users
      .filter(({ isLocal, isPresent }) => !isLocal && isPresent)
      .map(({ userName }) => placePerson(userName, world.room)),
    cursor: { ...engine.cursor.position(), held: engine.cursor.isHeld },
  };
}

const noWorld: Scene = {
  title: "No world",
  room: { width: 6, depth: 6, height: 3, floor: [40, 42, 48], walls: [58, 60, 68] },
  viewpoint: { position: { x: 0, y: 1.6, z: -2 }, yawDegrees: 0, pitchDegrees: 0 },
  objects: [],
  people: [],
  cursor: undefined,
};

import type { Avatar } from "./avatar.js";
import { placePerson } from "./people.js";
import type { Scene } from "./picture/scene.js";
import type { World } from "./world.js";

/** What the window shows: the inside of the focused world from the avatar's eyes, or an empty room without a world. */
export function sceneOf(world: World | undefined, avatar: Avatar): Scene {
  if (world === undefined) return noWorld;
  const { room, objects } = world.place;
  return {
    title: world.name,
    room,
    viewpoint: avatar.viewpoint,
    objects: objects.map((object) => ({ ...object, highlighted: false })),
    people: world.people.filter(({ isLocal }) => !isLocal).map((person) => placePerson(person, room)),
    cursor: undefined,
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

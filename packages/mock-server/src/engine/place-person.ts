import type { Colour, ScenePerson, Vector3 } from "./picture/scene.js";
import { createRandom } from "./random.js";

const coats: readonly Colour[] = [
  [214, 96, 77],
  [90, 143, 214],
  [118, 179, 94],
  [201, 148, 199],
  [230, 180, 80],
  [96, 190, 190],
];

/** Where somebody else stands in a room, and how they look: always the same for the same name in the same room. */
export function placePerson(name: string, room: { readonly width: number; readonly depth: number }): ScenePerson {
  const random = createRandom(name);
  const position: Vector3 = { x: (random() - 0.5) * room.width * 0.7, y: 0, z: (random() - 0.1) * room.depth * 0.4 };
  const colour = coats[Math.floor(random() * coats.length)] ?? [200, 200, 200];
  return { name, position, yawDegrees: Math.round(random() * 360), colour };
}

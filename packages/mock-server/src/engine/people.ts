import type { Colour, ScenePerson, Vector3 } from "./picture/scene.js";
import { createRandom } from "./random.js";

/** Somebody in a world. */
export interface Person {
  readonly userId: string;
  readonly userName: string;
  readonly isLocal: boolean;
}

const coats: readonly Colour[] = [
  [214, 96, 77],
  [90, 143, 214],
  [118, 179, 94],
  [201, 148, 199],
  [230, 180, 80],
  [96, 190, 190],
];

/** Where somebody else stands, and how they look: always the same for the same name in the same room. */
export function placePerson(person: Person, room: { readonly width: number; readonly depth: number }): ScenePerson {
  const random = createRandom(person.userName);
  const position: Vector3 = { x: (random() - 0.5) * room.width * 0.7, y: 0, z: (random() - 0.1) * room.depth * 0.4 };
  const coat = coats[Math.floor(random() * coats.length)] ?? [200, 200, 200];
  return { name: person.userName, position, yawDegrees: Math.round(random() * 360), colour: coat };
}

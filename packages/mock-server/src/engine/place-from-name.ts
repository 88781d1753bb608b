import { type Place, place } from "../scenarios/parts/place.js";
import type { Colour } from "./picture/scene.js";
import { createRandom, type Random } from "./random.js";

const names = ["Lamp", "Crate", "Globe", "Column", "Statue", "Bench", "Drum", "Totem"];

/** Makes a place for a world that the scenario does not describe: always the same for the same name. */
export function placeFromName(name: string): Place {
  const random = createRandom(name);
  const width = 8 + Math.floor(random() * 7);
  const depth = 8 + Math.floor(random() * 7);
  const count = 3 + Math.floor(random() * 4);
  return place.parse({
    room: { width, depth, height: 3 + random() * 2, floor: colour(random, 90, 60), walls: colour(random, 140, 80) },
    objects: Array.from({ length: count }, (_, index) => {
      const shape = (["box", "ball", "pillar"] as const)[Math.floor(random() * 3)] ?? "box";
      const size = 0.5 + random() * 0.9;
      const height = shape === "pillar" ? size * 2.2 : size;
      return {
        name: names[(index + Math.floor(random() * 3)) % names.length] ?? "Thing",
        shape,
        position: {
          x: (random() - 0.5) * (width - 2),
          y: height / 2,
          z: random() * (depth / 2 - 1.5) + 0.5,
        },
        size: { x: size, y: height, z: size },
        yawDegrees: Math.round(random() * 90),
        colour: colour(random, 70, 180),
      };
    }),
  });
}

function colour(random: Random, least: number, range: number): Colour {
  const channel = (): number => Math.round(least + random() * range);
  return [channel(), channel(), channel()];
}

import { encode } from "fast-png";
import type { PlaceObject } from "../scenarios/parts/place.js";
import type { Scenario } from "../scenarios/scenario.js";
import { renderScene } from "./picture/render-scene.js";
import type { Scene } from "./picture/scene.js";
import { placeFromName } from "./place-from-name.js";

/** A downloaded thumbnail. */
export interface ThumbnailFile {
  readonly data: Uint8Array;
  readonly contentType: string;
}

const width = 256;
const height = 144;

/** Draws the inside of a world as a small PNG file. */
export function renderThumbnail(scenario: Scenario, worldName: string): ThumbnailFile {
  const place = scenario.places[worldName] ?? placeFromName(worldName);
  return toFile({
    title: worldName,
    room: place.room,
    viewpoint: { position: { x: 0, y: 1.6, z: 0.6 - place.room.depth / 2 }, yawDegrees: 0, pitchDegrees: -4 },
    objects: place.objects.map((object) => ({ ...object, highlighted: false })),
    people: [],
    cursor: undefined,
  });
}

/** Draws an object, alone in a plain room, as a small PNG file. */
export function renderObjectThumbnail({ shape, size, colour }: PlaceObject): ThumbnailFile {
  const largest = Math.max(size.x, size.y, size.z, 0.1);
  const side = Math.max(4, 6 * largest);
  return toFile({
    title: "",
    room: { width: side, depth: side, height: side, floor: [150, 150, 154], walls: [196, 196, 200] },
    viewpoint: {
      // Two extents away and half an extent above the middle, looking at it.
      position: { x: 0, y: size.y / 2 + largest / 2, z: -2 * largest },
      yawDegrees: 0,
      pitchDegrees: -(Math.atan2(0.5, 2) * 180) / Math.PI,
    },
    objects: [
      { name: "", shape, size, colour, position: { x: 0, y: size.y / 2, z: 0 }, yawDegrees: 30, highlighted: false },
    ],
    people: [],
    cursor: undefined,
  });
}

function toFile(scene: Scene): ThumbnailFile {
  const pixels = new Uint8Array(width * height * 4);
  renderScene(scene, { width, height, pixels });
  return { data: encode({ width, height, data: pixels, channels: 4 }), contentType: "image/png" };
}

import { encode } from "fast-png";
import type { Scenario } from "../scenarios/scenario.js";
import { renderScene } from "./picture/render-scene.js";
import { placeFromName } from "./place.js";

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
  const pixels = new Uint8Array(width * height * 4);
  renderScene(
    {
      title: worldName,
      room: place.room,
      viewpoint: { position: { x: 0, y: 1.6, z: 0.6 - place.room.depth / 2 }, yawDegrees: 0, pitchDegrees: -4 },
      objects: place.objects.map((object) => ({ ...object, highlighted: false })),
      people: [],
      cursor: undefined,
    },
    { width, height, pixels },
  );
  return { data: encode({ width, height, data: pixels, channels: 4 }), contentType: "image/png" };
}

import { GLYPH_HEIGHT, shorten, textColumns, textRuns } from "./bitmap-font.js";
import type { Camera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { fillSmoothPolygon } from "./fill-polygon.js";
import { packColour } from "./packed-colour.js";
import type { SceneRoom } from "./scene.js";

/** How far the letters stand before the wall, in metres. */
const RELIEF_METRES = 0.02;

const DARK_INK = packColour([34, 40, 66]);
const LIGHT_INK = packColour([224, 232, 246]);
const corners = new Float64Array(12);

/** Writes `title` on the north wall, as large as fits but letters at most 0.8 m tall. */
export function drawTitle(canvas: Canvas, camera: Camera, room: SceneRoom, title: string): void {
  const text = shorten(title, 60);
  if (text === "") return;
  const cell = Math.min(
    0.8 / GLYPH_HEIGHT,
    (room.width * 0.86) / textColumns(text),
    (room.height * 0.3) / GLYPH_HEIGHT,
  );
  const [red, green, blue] = room.walls;
  const ink = red + green + blue > 300 ? DARK_INK : LIGHT_INK;
  const left = (-textColumns(text) * cell) / 2;
  const top = room.height * 0.66 + (GLYPH_HEIGHT * cell) / 2;
  const z = room.depth / 2 - RELIEF_METRES;
  for (const { column, row, length } of textRuns(text)) {
    const west = left + column * cell;
    const east = west + length * cell;
    const high = top - row * cell;
    const low = high - cell;
    corners.set([west, high, z, east, high, z, east, low, z, west, low, z]);
    fillSmoothPolygon(canvas, camera, corners, 4, ink);
  }
}

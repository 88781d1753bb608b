import { GLYPH_HEIGHT, shorten, textColumns } from "./bitmap-font.js";
import { type Camera, NEAR_METRES, worldToScreen } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { drawPlate, drawText } from "./draw-text.js";
import { mixColours, packColour } from "./packed-colour.js";
import type { Colour, Vector3 } from "./scene.js";

/** A name that floats in the room and always faces the eye. */
export interface Label {
  readonly text: string;
  /** Middle of the label's lower edge, in metres. */
  readonly position: Vector3;
  /** How far the named thing reaches towards the eye, in metres: its own near side does not hide its label. */
  readonly reach: number;
  /** Colour of the line under the name. */
  readonly accent: Colour;
  readonly highlighted: boolean;
}

/** Size of a cell of the font, in metres. */
const CELL_METRES = 0.018;

const PLATE = packColour([18, 20, 28]);
const TEXT = packColour([250, 250, 246]);
const HIGHLIGHTED_TEXT = packColour([255, 236, 120]);

/** Draws labels, the farthest first: they are translucent, and where two overlap the nearer one must come last. */
export function drawLabels(canvas: Canvas, camera: Camera, labels: readonly Label[]): void {
  const placed = labels.flatMap((label) => {
    const point = label.text === "" ? undefined : worldToScreen(camera, label.position);
    return point ? [{ label, point }] : [];
  });
  placed.sort((a, b) => b.point.depth - a.point.depth);
  for (const { label, point } of placed) {
    const w = 1 / Math.max(NEAR_METRES, point.depth - label.reach);
    drawLabel(canvas, label, point.x, point.y, w, (camera.focal * CELL_METRES) / point.depth);
  }
}

function drawLabel(canvas: Canvas, label: Label, x: number, y: number, w: number, natural: number): void {
  // Names stay legible from afar, and do not fill the picture from close by.
  const scale = Math.min(Math.max(natural, Math.min(1, canvas.height / 500)), Math.max(1, canvas.height / 120));
  const text = shorten(label.text, 40);
  const width = (textColumns(text) + 6) * scale;
  const height = (GLYPH_HEIGHT + 5) * scale;
  const left = x - width / 2;
  const top = y - height;
  if (left > canvas.width || top > canvas.height || left + width < 0 || y < 0) return;
  drawPlate(canvas, { left, top, width, height }, 2.5 * scale, PLATE, 168, w);
  const line = { left: left + 3 * scale, top: y - 2.2 * scale, width: width - 6 * scale, height: scale };
  drawPlate(canvas, line, 0, packColour(mixColours(label.accent, [255, 255, 255], 0.25)), 256, w);
  const colour = label.highlighted ? HIGHLIGHTED_TEXT : TEXT;
  drawText(canvas, text, left + 3 * scale, top + 2 * scale, scale, colour, w);
}

import { GLYPH_HEIGHT, textColumns } from "./bitmap-font.js";
import type { Canvas } from "./canvas.js";
import { drawPlate, drawText } from "./draw-text.js";
import { packColour } from "./packed-colour.js";

const PLATE = packColour([12, 14, 20]);
const TEXT = packColour([240, 244, 250]);

/** Cells from one line to the next. */
const LINE_CELLS = GLYPH_HEIGHT + 3;

/** Writes `lines` on a dark translucent plate in the top left corner. What does not fit is cut off. */
export function drawOverlay(canvas: Canvas, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const scale = Math.max(1, Math.round(canvas.height / 360));
  const margin = 4 * scale;
  const padding = 5 * scale;
  const fitting = lines
    .slice(0, Math.ceil(canvas.height / (LINE_CELLS * scale)))
    .map((line) => line.slice(0, Math.ceil(canvas.width / scale)));
  const columns = fitting.reduce((most, line) => Math.max(most, textColumns(line)), 0);
  const width = columns * scale + 2 * padding;
  const height = (fitting.length * LINE_CELLS - 3) * scale + 2 * padding;
  drawPlate(canvas, { left: margin, top: margin, width, height }, 3 * scale, PLATE, 160, Infinity);
  const inset = margin + padding;
  fitting.forEach((line, index) => {
    drawText(canvas, line, inset, inset + index * LINE_CELLS * scale, scale, TEXT, Infinity);
  });
}

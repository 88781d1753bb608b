import type { Canvas } from "./canvas.js";
import { clamp } from "./numbers.js";
import { blend, packColour } from "./packed-colour.js";
import type { SceneCursor } from "./scene.js";

const LIGHT = packColour([255, 255, 255]);
const DARK = packColour([16, 18, 26]);
const HELD = packColour([255, 92, 70]);

/** Draws a crosshair whose middle is the cursor's point: an open ring, or a filled one while the cursor is held. */
export function drawCursor(canvas: Canvas, cursor: SceneCursor): void {
  const { width, height, colours } = canvas;
  const x = cursor.x * width;
  const y = cursor.y * height;
  const unit = Math.max(0.6, height / 720);
  const ring = 6 * unit;
  const reach = 14 * unit;
  const line = 0.9 * unit;
  const extent = reach + 2 * unit;
  const endRow = Math.min(height, Math.ceil(y + extent));
  const endColumn = Math.min(width, Math.ceil(x + extent));
  for (let row = Math.max(0, Math.floor(y - extent)); row < endRow; row++) {
    for (let column = Math.max(0, Math.floor(x - extent)); column < endColumn; column++) {
      const dx = Math.abs(column + 0.5 - x);
      const dy = Math.abs(row + 0.5 - y);
      const centre = Math.sqrt(dx * dx + dy * dy);
      // Distances in pixels from the ring's line and from the nearer arm of the cross, which begins outside the ring.
      const long = Math.max(dx, dy);
      const arm = Math.max(Math.min(dx, dy), long - reach, ring - long);
      const mark = Math.min(Math.abs(centre - ring), arm) - line;
      const index = row * width + column;
      let colour = colours[index];
      if (cursor.held) colour = blend(colour, HELD, inside(centre - ring));
      colour = blend(colour, DARK, inside(mark - unit));
      colours[index] = blend(colour, LIGHT, inside(mark));
    }
  }
}

/** Covered share, 0 to 256, of a pixel whose centre is `away` pixels outside an outline. */
function inside(away: number): number {
  return Math.round(clamp(0.5 - away, 0, 1) * 256);
}

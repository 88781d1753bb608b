import { GLYPH_HEIGHT, textColumns, textRuns } from "./bitmap-font.js";
import type { Canvas } from "./canvas.js";
import { blend } from "./packed-colour.js";

/** A rectangle in the picture, in pixels from its top left corner. */
export interface ScreenBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

let coverage = new Float32Array(0);

/**
 * Draws `text` in one packed colour with cells of `scale` pixels, its top left corner at (`left`, `top`).
 *
 * Only pixels that show nothing nearer than `w` (inverse depth in 1/m) are drawn on; `Infinity` draws on all.
 */
export function drawText(
  canvas: Canvas,
  text: string,
  left: number,
  top: number,
  scale: number,
  colour: number,
  w: number,
): void {
  const { width, height, colours, depths } = canvas;
  const firstColumn = Math.max(0, Math.floor(left));
  const endColumn = Math.min(width, Math.ceil(left + textColumns(text) * scale));
  const firstRow = Math.max(0, Math.floor(top));
  const endRow = Math.min(height, Math.ceil(top + GLYPH_HEIGHT * scale));
  const columns = endColumn - firstColumn;
  const rows = endRow - firstRow;
  if (!(columns > 0 && rows > 0)) return;

  // Cells may share a pixel: their areas are summed first and blended once, or seams would show.
  if (coverage.length < columns * rows) coverage = new Float32Array(columns * rows);
  coverage.fill(0, 0, columns * rows);
  for (const run of textRuns(text)) {
    const x0 = Math.max(0, left + run.column * scale - firstColumn);
    const x1 = Math.min(columns, left + (run.column + run.length) * scale - firstColumn);
    const y0 = Math.max(0, top + run.row * scale - firstRow);
    const y1 = Math.min(rows, top + (run.row + 1) * scale - firstRow);
    for (let y = Math.floor(y0); y < y1; y++) {
      const tall = Math.min(y1, y + 1) - Math.max(y0, y);
      for (let x = Math.floor(x0); x < x1; x++) {
        coverage[y * columns + x] += tall * (Math.min(x1, x + 1) - Math.max(x0, x));
      }
    }
  }
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const share = coverage[y * columns + x];
      const index = (firstRow + y) * width + firstColumn + x;
      if (share > 0 && w >= depths[index]) {
        colours[index] = blend(colours[index], colour, Math.min(256, (share * 256 + 0.5) | 0));
      }
    }
  }
}

/** Covers a rectangle with rounded corners by `share` (0 to 256) of one packed colour, under the rule of {@link drawText}. */
export function drawPlate(
  canvas: Canvas,
  box: ScreenBox,
  cornerRadius: number,
  colour: number,
  share: number,
  w: number,
): void {
  const { width, height, colours, depths } = canvas;
  const endColumn = Math.min(width, Math.ceil(box.left + box.width));
  const endRow = Math.min(height, Math.ceil(box.top + box.height));
  const radius = Math.min(cornerRadius, box.width / 2, box.height / 2);
  const middleX = box.left + box.width / 2;
  const middleY = box.top + box.height / 2;
  const innerX = box.width / 2 - radius;
  const innerY = box.height / 2 - radius;
  for (let row = Math.max(0, Math.floor(box.top)); row < endRow; row++) {
    const dy = Math.abs(row + 0.5 - middleY) - innerY;
    for (let column = Math.max(0, Math.floor(box.left)); column < endColumn; column++) {
      const index = row * width + column;
      if (w < depths[index]) continue;
      const dx = Math.abs(column + 0.5 - middleX) - innerX;
      // Distance of the pixel's centre from the outline, negative inside; half a pixel either way is the covered part.
      const away = dx > 0 && dy > 0 ? Math.sqrt(dx * dx + dy * dy) - radius : Math.max(dx, dy) - radius;
      const covered = away <= -0.5 ? 1 : away >= 0.5 ? 0 : 0.5 - away;
      if (covered > 0) colours[index] = blend(colours[index], colour, (covered * share + 0.5) | 0);
    }
  }
}

import type { Canvas } from "./canvas.js";
import { EDGE_STRIDE } from "./edge-list.js";
import { blend } from "./packed-colour.js";

/** An edge counts as hidden where the pixel shows something nearer than the edge by more than this factor. */
const HIDDEN = 1.02;

/**
 * Removes the stairs along the edges that were drawn.
 *
 * A pixel cut by an edge shows the side its centre is on; it gets the colour of the neighbour across the edge mixed in
 * by the area on the far side. That costs time per pixel of edge and not per pixel of picture, and it needs no order of
 * drawing because all colours are final by now.
 */
export function smoothEdges(canvas: Canvas): void {
  const { edges, width, height } = canvas;
  const { values, length } = edges;
  for (let at = 0; at < length; at += EDGE_STRIDE) {
    const x0 = values[at];
    const y0 = values[at + 1];
    const w0 = values[at + 2];
    const x1 = values[at + 3];
    const y1 = values[at + 4];
    const w1 = values[at + 5];
    if (Math.abs(x1 - x0) >= Math.abs(y1 - y0)) {
      if (x0 < x1) smooth(canvas, x0, y0, w0, x1, y1, w1, width, height, 1, width);
      else smooth(canvas, x1, y1, w1, x0, y0, w0, width, height, 1, width);
    } else if (y0 < y1) smooth(canvas, y0, x0, w0, y1, x1, w1, height, width, width, 1);
    else smooth(canvas, y1, x1, w1, y0, x0, w0, height, width, width, 1);
  }
}

/**
 * Smooths one edge in one pixel per step along its longer axis.
 *
 * `a` is the longer axis with `aLimit` pixels `aStep` apart in memory, `b` the other one; `a0` <= `a1`.
 */
function smooth(
  { colours, depths }: Canvas,
  a0: number,
  b0: number,
  w0: number,
  a1: number,
  b1: number,
  w1: number,
  aLimit: number,
  bLimit: number,
  aStep: number,
  bStep: number,
): void {
  const first = Math.max(0, Math.ceil(a0 - 0.5));
  const end = Math.min(aLimit, Math.ceil(a1 - 0.5));
  if (first >= end) return;
  const slope = (b1 - b0) / (a1 - a0);
  const fall = (w1 - w0) / (a1 - a0);
  for (let a = first; a < end; a++) {
    const along = a + 0.5 - a0;
    const b = b0 + along * slope;
    if (!(b >= 0 && b < bLimit)) continue;
    const pixel = Math.floor(b);
    const cut = b - pixel;
    if (cut < 0.5 ? pixel === 0 : pixel === bLimit - 1) continue;
    const index = a * aStep + pixel * bStep;
    const other = cut < 0.5 ? index - bStep : index + bStep;
    const limit = (w0 + along * fall) * HIDDEN;
    if (depths[index] > limit || depths[other] > limit) continue;
    if (colours[index] === colours[other]) continue;
    colours[index] = blend(colours[index], colours[other], Math.round((cut < 0.5 ? cut : 1 - cut) * 256));
  }
}

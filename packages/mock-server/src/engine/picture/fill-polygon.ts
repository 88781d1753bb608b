import { type Camera, NEAR_METRES } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import {
  createPolygon,
  keepEdges,
  type ProjectedPolygon,
  projectPolygon,
  type ScannedRows,
  scanPolygon,
} from "./projected-polygon.js";

const projected = createPolygon();
const rows: ScannedRows = { first: 0, end: 0 };

/**
 * Draws a convex polygon in one packed colour where it is nearer than what the canvas shows.
 *
 * `corners` holds `count` points (x, y, z each, in metres) clockwise as seen from the front; the back is not drawn.
 * Its edges are not smoothed: that is up to who knows which of them are visible as such.
 */
export function fillPolygon(
  canvas: Canvas,
  camera: Camera,
  corners: Float64Array,
  count: number,
  colour: number,
): void {
  if (!projectPolygon(camera, corners, count, NEAR_METRES, projected)) return;
  fillProjected(canvas, projected, colour);
}

/** Draws a polygon like {@link fillPolygon} and has all its edges smoothed. */
export function fillSmoothPolygon(
  canvas: Canvas,
  camera: Camera,
  corners: Float64Array,
  count: number,
  colour: number,
): void {
  if (!projectPolygon(camera, corners, count, NEAR_METRES, projected)) return;
  fillProjected(canvas, projected, colour);
  keepEdges(canvas, projected);
}

/** Draws a polygon that is projected already; its edges are not smoothed. */
export function fillProjected(canvas: Canvas, polygon: ProjectedPolygon, colour: number): void {
  const { width, colours, depths, rowStart, rowEnd } = canvas;
  const { w0, wx, wy, wLow, wHigh } = polygon;
  scanPolygon(canvas, polygon, rows);
  for (let row = rows.first; row < rows.end; row++) {
    const start = rowStart[row];
    const length = rowEnd[row] - start;
    if (length <= 0) continue;
    // Seen nearly edge-on, the plane is steep and would leave the range of the corners at pixel centres.
    const left = w0 + wy * (row + 0.5) + wx * (start + 0.5);
    const right = left + wx * length;
    let w = left < wLow ? wLow : left > wHigh ? wHigh : left;
    const last = right < wLow ? wLow : right > wHigh ? wHigh : right;
    const step = (last - w) / length;
    const base = row * width + start;
    for (let index = base; index < base + length; index++) {
      if (w > depths[index]) {
        depths[index] = w;
        colours[index] = colour;
      }
      w += step;
    }
  }
}

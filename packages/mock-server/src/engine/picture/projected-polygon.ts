import type { Camera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import type { Vector3 } from "./scene.js";

/** Most corners a polygon may have, before the near plane adds one. */
const MOST_CORNERS = 64;

/**
 * A convex polygon in the picture.
 *
 * `w` is the inverse depth 1/z: linear in the picture for points of a plane, unlike z itself, and 0 at infinity.
 */
export interface ProjectedPolygon {
  /** Number of corners. */
  count: number;
  /** Pixels from the left edge, per corner. */
  readonly x: Float64Array;
  /** Pixels from the top edge, per corner. */
  readonly y: Float64Array;
  /** Inverse depth in 1/m, per corner. */
  readonly w: Float64Array;
  /** Inverse depth at the top left corner of the picture. */
  w0: number;
  /** Change of the inverse depth per pixel to the right. */
  wx: number;
  /** Change of the inverse depth per pixel downwards. */
  wy: number;
  /** Least inverse depth of the corners. */
  wLow: number;
  /** Greatest inverse depth of the corners. */
  wHigh: number;
}

/** A polygon to project into; one per module that draws suffices because drawing is synchronous. */
export function createPolygon(): ProjectedPolygon {
  const room = MOST_CORNERS + 1;
  return {
    count: 0,
    x: new Float64Array(room),
    y: new Float64Array(room),
    w: new Float64Array(room),
    w0: 0,
    wx: 0,
    wy: 0,
    wLow: 0,
    wHigh: 0,
  };
}

/** Writes `points` one after the other as the corners that {@link projectPolygon} takes. */
export function writeCorners(corners: Float64Array, points: readonly Vector3[]): void {
  let at = 0;
  for (const { x, y, z } of points) {
    corners[at++] = x;
    corners[at++] = y;
    corners[at++] = z;
  }
}

const whole = new Float64Array(MOST_CORNERS * 3);
const clipped = new Float64Array((MOST_CORNERS + 1) * 3);

/**
 * Projects the polygon with `count` `corners` (x, y, z each, in metres) into `polygon`, without the part nearer than
 * `near` metres. Returns whether it is seen from its front: the side from which its corners run clockwise.
 *
 * Only the near plane needs clipping in space; the sides of the picture are cut by {@link scanPolygon}.
 */
export function projectPolygon(
  camera: Camera,
  corners: Float64Array,
  count: number,
  near: number,
  polygon: ProjectedPolygon,
): boolean {
  const { eye, right, up, forward, centreX, centreY, focal } = camera;
  for (let i = 0; i < count * 3; i += 3) {
    const x = corners[i] - eye.x;
    const y = corners[i + 1] - eye.y;
    const z = corners[i + 2] - eye.z;
    whole[i] = right.x * x + right.y * y + right.z * z;
    whole[i + 1] = up.x * x + up.y * y + up.z * z;
    whole[i + 2] = forward.x * x + forward.y * y + forward.z * z;
  }
  const kept = clipNear(count, near);
  if (kept < 3) return false;

  const { x: xs, y: ys, w: ws } = polygon;
  let wLow = Infinity;
  let wHigh = 0;
  for (let i = 0; i < kept; i++) {
    const w = 1 / clipped[i * 3 + 2];
    xs[i] = centreX + focal * clipped[i * 3] * w;
    ys[i] = centreY - focal * clipped[i * 3 + 1] * w;
    ws[i] = w;
    if (w < wLow) wLow = w;
    if (w > wHigh) wHigh = w;
  }
  let area = 0;
  for (let i = 0, j = kept - 1; i < kept; j = i++) area += xs[j] * ys[i] - xs[i] * ys[j];
  // Also refuses what is seen edge-on, where the plane below would be ill-conditioned.
  if (!(area > 1e-6)) return false;

  polygon.count = kept;
  polygon.wLow = wLow;
  polygon.wHigh = wHigh;
  fitPlane(kept, camera, polygon);
  return true;
}

/** Cuts `whole` at the near plane into `clipped`; returns the number of corners left. */
function clipNear(count: number, near: number): number {
  let kept = 0;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const zi = whole[i * 3 + 2];
    const zj = whole[j * 3 + 2];
    if (zi >= near !== zj >= near) {
      const share = (near - zj) / (zi - zj);
      clipped[kept * 3] = whole[j * 3] + (whole[i * 3] - whole[j * 3]) * share;
      clipped[kept * 3 + 1] = whole[j * 3 + 1] + (whole[i * 3 + 1] - whole[j * 3 + 1]) * share;
      clipped[kept * 3 + 2] = near;
      kept++;
    }
    if (zi >= near) {
      clipped[kept * 3] = whole[i * 3];
      clipped[kept * 3 + 1] = whole[i * 3 + 1];
      clipped[kept * 3 + 2] = zi;
      kept++;
    }
  }
  return kept;
}

/** Sets w0, wx and wy from the plane through `clipped`: with n.p = d for its points, 1/z is n.(p/z)/d. */
function fitPlane(count: number, { centreX, centreY, focal }: Camera, polygon: ProjectedPolygon): void {
  let nx = 0;
  let ny = 0;
  let nz = 0;
  let mx = 0;
  let my = 0;
  let mz = 0;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const xi = clipped[i * 3];
    const yi = clipped[i * 3 + 1];
    const zi = clipped[i * 3 + 2];
    const xj = clipped[j * 3];
    const yj = clipped[j * 3 + 1];
    const zj = clipped[j * 3 + 2];
    nx += (yj - yi) * (zj + zi);
    ny += (zj - zi) * (xj + xi);
    nz += (xj - xi) * (yj + yi);
    mx += xi;
    my += yi;
    mz += zi;
  }
  const d = (nx * mx + ny * my + nz * mz) / count;
  const usable = Math.abs(d) > 1e-300;
  polygon.wx = usable ? nx / (focal * d) : 0;
  polygon.wy = usable ? -ny / (focal * d) : 0;
  polygon.w0 = usable ? nz / d - polygon.wx * centreX - polygon.wy * centreY : polygon.wHigh;
}

/** Rows that {@link scanPolygon} found covered. */
export interface ScannedRows {
  /** First covered row. */
  first: number;
  /** Row behind the last covered one. */
  end: number;
}

/**
 * Finds the pixels whose centres are inside `polygon`: per row in the canvas's `rowStart` and `rowEnd`, within the
 * picture, possibly none in a row.
 *
 * The corners run clockwise in the picture, so an edge that goes down bounds the polygon on the right and one that goes
 * up on the left. Rows are half-open along every edge and an edge is always walked from its top: each row between top
 * and bottom gets exactly one start and one end (nothing of an earlier polygon survives), and two polygons that share an
 * edge leave no gap and no overlap.
 */
export function scanPolygon(canvas: Canvas, polygon: ProjectedPolygon, rows: ScannedRows): void {
  const { width, height, rowStart, rowEnd } = canvas;
  const { count, x: xs, y: ys } = polygon;
  let low = height;
  let high = 0;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const down = ys[i] > ys[j];
    const top = down ? j : i;
    const bottom = down ? i : j;
    const first = Math.max(0, Math.ceil(ys[top] - 0.5));
    const end = Math.min(height, Math.ceil(ys[bottom] - 0.5));
    if (first >= end) continue;
    if (first < low) low = first;
    if (end > high) high = end;
    const side = down ? rowEnd : rowStart;
    const slope = (xs[bottom] - xs[top]) / (ys[bottom] - ys[top]);
    const start = xs[top] - 0.5 + (0.5 - ys[top]) * slope;
    for (let row = first; row < end; row++) {
      const x = Math.ceil(start + row * slope);
      side[row] = x < 0 ? 0 : x > width ? width : x;
    }
  }
  rows.first = low;
  rows.end = high;
}

/** Hands the edges of `polygon` to the list of those to smooth. */
export function keepEdges(canvas: Canvas, polygon: ProjectedPolygon): void {
  const { count, x, y, w } = polygon;
  for (let i = 0, j = count - 1; i < count; j = i++) canvas.edges.add(x[j], y[j], w[j], x[i], y[i], w[i]);
}

import { type Camera, NEAR_METRES, worldToCamera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { fillProjected } from "./fill-polygon.js";
import { createPolygon, keepEdges } from "./projected-polygon.js";
import type { Vector3 } from "./scene.js";

const projected = createPolygon();

/**
 * Draws the line between two points, in metres, in one packed colour and with the same thickness in pixels at every
 * distance, where it is nearer than what the canvas shows. For that it counts as `nearer` times nearer than it is: with a
 * little more than 1 it shows on the surfaces it bounds.
 */
export function drawLine(
  canvas: Canvas,
  camera: Camera,
  from: Vector3,
  to: Vector3,
  thickness: number,
  colour: number,
  nearer: number,
): void {
  let a = worldToCamera(camera, from);
  let b = worldToCamera(camera, to);
  if (a.z < NEAR_METRES && b.z < NEAR_METRES) return;
  if (a.z < NEAR_METRES) a = atNear(a, b);
  if (b.z < NEAR_METRES) b = atNear(b, a);
  const { centreX, centreY, focal } = camera;
  const ax = centreX + (focal * a.x) / a.z;
  const ay = centreY - (focal * a.y) / a.z;
  const bx = centreX + (focal * b.x) / b.z;
  const by = centreY - (focal * b.y) / b.z;
  const length = Math.hypot(bx - ax, by - ay);
  if (!(length > 1e-3)) return;

  // Half the thickness along the line, so that the ends of joined lines overlap, and across it.
  const x = ((bx - ax) / length) * (thickness / 2);
  const y = ((by - ay) / length) * (thickness / 2);
  const aw = nearer / a.z;
  const bw = nearer / b.z;
  const corner = (index: number, cx: number, cy: number, w: number): void => {
    projected.x[index] = cx;
    projected.y[index] = cy;
    projected.w[index] = w;
  };
  corner(0, ax - x + y, ay - y - x, aw);
  corner(1, bx + x + y, by + y - x, bw);
  corner(2, bx + x - y, by + y + x, bw);
  corner(3, ax - x - y, ay - y + x, aw);
  projected.count = 4;
  const perPixel = (bw - aw) / length;
  projected.wx = (perPixel * (bx - ax)) / length;
  projected.wy = (perPixel * (by - ay)) / length;
  projected.w0 = aw - projected.wx * ax - projected.wy * ay;
  projected.wLow = Math.min(aw, bw);
  projected.wHigh = Math.max(aw, bw);
  fillProjected(canvas, projected, colour);
  keepEdges(canvas, projected);
}

/** Where the line from `behind` to `before` the near plane crosses it. */
function atNear(behind: Vector3, before: Vector3): Vector3 {
  const share = (NEAR_METRES - behind.z) / (before.z - behind.z);
  return {
    x: behind.x + (before.x - behind.x) * share,
    y: behind.y + (before.y - behind.y) * share,
    z: NEAR_METRES,
  };
}

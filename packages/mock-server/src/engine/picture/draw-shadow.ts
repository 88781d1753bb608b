import { type Camera, NEAR_METRES } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { clamp, turn } from "./numbers.js";
import { blend } from "./packed-colour.js";
import { createPolygon, projectPolygon, type ScannedRows, scanPolygon } from "./projected-polygon.js";
import type { SceneRoom, Vector3 } from "./scene.js";

/** The soft dark blob under a thing. */
export interface Shadow {
  /** Middle of the thing, in metres. */
  readonly centre: Vector3;
  /** Half extent of the thing along its own X axis, in metres. */
  readonly halfX: number;
  /** Half extent of the thing along its own Z axis, in metres. */
  readonly halfZ: number;
  readonly yawDegrees: number;
  /** Height of the thing's lower end above the floor, in metres; the shadow fades with it. */
  readonly clearance: number;
  /** Whether the outline is that of a rectangle and not that of an ellipse. */
  readonly square: boolean;
}

/** Metres of clearance at which a shadow has faded away. */
const FADE_METRES = 2.5;

const SHADOW_COLOUR = 0xff1c1410;

const projected = createPolygon();
const corners = new Float64Array(12);
const rows: ScannedRows = { first: 0, end: 0 };

/**
 * Darkens the floor under a thing.
 *
 * To be drawn right after the room: where the floor is seen at all nothing covers it yet, so no depth is compared.
 */
export function drawShadow(canvas: Canvas, camera: Camera, room: SceneRoom, shadow: Shadow): void {
  const strength = 0.62 * clamp(1 - Math.abs(shadow.clearance) / FADE_METRES, 0, 1);
  if (strength <= 0) return;
  const { x, z } = shadow.centre;
  const yaw = turn(shadow.yawDegrees);
  const halfX = shadow.halfX * 1.25 + 0.08;
  const halfZ = shadow.halfZ * 1.25 + 0.08;
  const reachX = Math.abs(halfX * yaw.cos) + Math.abs(halfZ * yaw.sin);
  const reachZ = Math.abs(halfX * yaw.sin) + Math.abs(halfZ * yaw.cos);
  const west = Math.max(x - reachX, -room.width / 2);
  const east = Math.min(x + reachX, room.width / 2);
  const south = Math.max(z - reachZ, -room.depth / 2);
  const north = Math.min(z + reachZ, room.depth / 2);
  if (west >= east || south >= north) return;
  corners.set([west, 0, north, east, 0, north, east, 0, south, west, 0, south]);
  if (!projectPolygon(camera, corners, 4, NEAR_METRES, projected)) return;
  scanPolygon(canvas, projected, rows);

  const { width, colours, rowStart, rowEnd } = canvas;
  const { eye, right, up, forward, centreX, centreY, focal } = camera;
  const { w0, wx, wy } = projected;
  // A pixel's ray meets the floor at eye + d/w; seen from the shadow's middle and in units of its half extents, both
  // coordinates are (linear in the picture)/w plus the eye's own position.
  const eyeU = ((eye.x - x) * yaw.cos - (eye.z - z) * yaw.sin) / halfX;
  const eyeV = ((eye.x - x) * yaw.sin + (eye.z - z) * yaw.cos) / halfZ;
  const perColumnU = (right.x * yaw.cos - right.z * yaw.sin) / (focal * halfX);
  const perColumnV = (right.x * yaw.sin + right.z * yaw.cos) / (focal * halfZ);
  for (let row = rows.first; row < rows.end; row++) {
    const above = (centreY - row - 0.5) / focal;
    const dx = forward.x + up.x * above;
    const dz = forward.z + up.z * above;
    const rowU = (dx * yaw.cos - dz * yaw.sin) / halfX - perColumnU * centreX;
    const rowV = (dx * yaw.sin + dz * yaw.cos) / halfZ - perColumnV * centreX;
    for (let column = rowStart[row]; column < rowEnd[row]; column++) {
      const px = column + 0.5;
      const depth = 1 / (w0 + wy * (row + 0.5) + wx * px);
      const u = eyeU + (rowU + perColumnU * px) * depth;
      const v = eyeV + (rowV + perColumnV * px) * depth;
      const uu = u * u;
      const vv = v * v;
      const away = shadow.square ? uu * uu + vv * vv : uu + vv;
      if (away >= 1) continue;
      const fade = 1 - away;
      const index = row * width + column;
      colours[index] = blend(colours[index], SHADOW_COLOUR, (strength * fade * fade * (3 - 2 * fade) * 256) | 0);
    }
  }
}

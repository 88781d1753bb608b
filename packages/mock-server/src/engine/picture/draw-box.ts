import type { Camera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { fillSmoothPolygon } from "./fill-polygon.js";
import { turn } from "./numbers.js";
import { packColour } from "./packed-colour.js";
import { writeCorners } from "./projected-polygon.js";
import type { Colour, Vector3 } from "./scene.js";
import { brightness, TO_LIGHT } from "./surface-light.js";
import { dot, toRoom } from "./vector3.js";

/** A cuboid, upright except for a turn about the vertical axis. */
export interface Box {
  readonly centre: Vector3;
  /** Half extents along its own axes, in metres. */
  readonly half: Vector3;
  readonly yawDegrees: number;
  readonly colour: Colour;
}

/** Signs of the eight corners; bit 0 of the index is X, bit 1 is Y, bit 2 is Z. */
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
  x: index & 1 ? 1 : -1,
  y: index & 2 ? 1 : -1,
  z: index & 4 ? 1 : -1,
}));

/** Normal and corners of the six faces, clockwise as seen from outside. */
const FACES: readonly { readonly normal: Vector3; readonly corners: readonly [number, number, number, number] }[] = [
  { normal: { x: 0, y: 0, z: -1 }, corners: [2, 3, 1, 0] },
  { normal: { x: 0, y: 0, z: 1 }, corners: [7, 6, 4, 5] },
  { normal: { x: 1, y: 0, z: 0 }, corners: [3, 7, 5, 1] },
  { normal: { x: -1, y: 0, z: 0 }, corners: [6, 2, 0, 4] },
  { normal: { x: 0, y: 1, z: 0 }, corners: [6, 7, 3, 2] },
  { normal: { x: 0, y: -1, z: 0 }, corners: [0, 1, 5, 4] },
];

const scratch = new Float64Array(12);

/** Draws a box, one tone per face. Calls `outline`, if given, with each edge of each face on the eye's side, in metres. */
export function drawBox(
  canvas: Canvas,
  camera: Camera,
  box: Box,
  outline?: (from: Vector3, to: Vector3) => void,
): void {
  const { centre, half, colour } = box;
  const yaw = turn(box.yawDegrees);
  const corners = CORNERS.map((sign) => {
    const offset = toRoom({ x: sign.x * half.x, y: sign.y * half.y, z: sign.z * half.z }, yaw);
    return { x: centre.x + offset.x, y: centre.y + offset.y, z: centre.z + offset.z };
  });
  for (const face of FACES) {
    const normal = toRoom(face.normal, yaw);
    const points = face.corners.map((index) => corners[index]);
    const { eye } = camera;
    const [first] = points;
    if (dot(normal, { x: eye.x - first.x, y: eye.y - first.y, z: eye.z - first.z }) <= 0) continue;
    writeCorners(scratch, points);
    fillSmoothPolygon(canvas, camera, scratch, 4, packColour(colour, brightness(dot(normal, TO_LIGHT))));
    for (let i = 0; outline && i < 4; i++) outline(points[i], points[(i + 1) % 4]);
  }
}

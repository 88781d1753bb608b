import { type Camera, NEAR_METRES, worldToCamera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { keepEdge } from "./keep-edge.js";
import { type Turn, turn } from "./numbers.js";
import { mixColours, packColour } from "./packed-colour.js";
import type { Colour, Vector3 } from "./scene.js";
import { brightness, TO_LIGHT } from "./surface-light.js";
import { cross, dot, minus, toLocal, toRoom, unit } from "./vector3.js";

/** An ellipsoid, upright except for a turn about the vertical axis. */
export interface Ellipsoid {
  readonly centre: Vector3;
  /** Half extents along its own axes, in metres. */
  readonly half: Vector3;
  readonly yawDegrees: number;
  readonly colour: Colour;
}

/** Steps between the brightest and the darkest colour. */
const RAMP_STEPS = 256;
const ramp = new Uint32Array(RAMP_STEPS);

/** Points of the outline. */
const OUTLINE_POINTS = 64;

/**
 * Draws an ellipsoid by intersecting it with the ray of each pixel, where it is nearer than what the canvas shows.
 *
 * In the space where the ellipsoid is the unit sphere the eye is o and the ray of a pixel d, linear in the picture.
 * |o + t*d| = 1 gives t, and as d has depth 1 in camera space, t is the depth. Seen from inside it is not drawn.
 *
 * Calls `outline`, if given, with each piece of the line along which the eye's rays touch it, in metres.
 */
export function drawEllipsoid(
  canvas: Canvas,
  camera: Camera,
  ellipsoid: Ellipsoid,
  outline?: (from: Vector3, to: Vector3) => void,
): void {
  const { centre, colour } = ellipsoid;
  const half = {
    x: Math.max(1e-4, ellipsoid.half.x),
    y: Math.max(1e-4, ellipsoid.half.y),
    z: Math.max(1e-4, ellipsoid.half.z),
  };
  const yaw = turn(ellipsoid.yawDegrees);
  const toUnit = (vector: Vector3): Vector3 => {
    const { x, y, z } = toLocal(vector, yaw);
    return { x: x / half.x, y: y / half.y, z: z / half.z };
  };
  const { eye, right, up, forward, centreX, centreY, focal } = camera;
  const radius = Math.max(half.x, half.y, half.z);
  const middle = worldToCamera(camera, centre);
  if (middle.z + radius < NEAR_METRES) return;
  const o = toUnit(minus(eye, centre));
  const c = dot(o, o) - 1;
  if (c <= 0) return;

  const { width, height, colours, depths } = canvas;
  const [lowSlope, highSlope] = slopes(middle.y, middle.z, radius);
  const firstRow = Math.max(0, Math.floor(centreY - highSlope * focal));
  const endRow = Math.min(height, Math.ceil(centreY - lowSlope * focal) + 1);
  if (firstRow >= endRow) return;

  fillRamp(colour);
  const light = toLocal(TO_LIGHT, yaw);
  const unitRight = toUnit(right);
  const unitUp = toUnit(up);
  const unitForward = toUnit(forward);
  const columnX = unitRight.x / focal;
  const columnY = unitRight.y / focal;
  const columnZ = unitRight.z / focal;
  // t = (-b - sqrt(b*b - a*c)) / a with a = d.d and b = d.o; what is below the root is quadratic along a row.
  const bColumn = columnX * o.x + columnY * o.y + columnZ * o.z;
  const square = bColumn * bColumn - c * (columnX * columnX + columnY * columnY + columnZ * columnZ);
  for (let row = firstRow; row < endRow; row++) {
    const above = (centreY - row - 0.5) / focal;
    const rowX = unitForward.x + unitUp.x * above - columnX * centreX;
    const rowY = unitForward.y + unitUp.y * above - columnY * centreX;
    const rowZ = unitForward.z + unitUp.z * above - columnZ * centreX;
    const bRow = rowX * o.x + rowY * o.y + rowZ * o.z;
    let first = 0;
    let end = width;
    if (square < 0) {
      const linear = bRow * bColumn - c * (columnX * rowX + columnY * rowY + columnZ * rowZ);
      const constant = bRow * bRow - c * (rowX * rowX + rowY * rowY + rowZ * rowZ);
      const under = linear * linear - square * constant;
      if (!(under > 0)) continue;
      const root = Math.sqrt(under);
      first = Math.max(0, Math.floor((-linear + root) / square));
      end = Math.min(width, Math.ceil((-linear - root) / square) + 1);
    }
    for (let column = first; column < end; column++) {
      const px = column + 0.5;
      const dx = rowX + columnX * px;
      const dy = rowY + columnY * px;
      const dz = rowZ + columnZ * px;
      const a = dx * dx + dy * dy + dz * dz;
      const b = dx * o.x + dy * o.y + dz * o.z;
      const under = b * b - a * c;
      if (!(under >= 0)) continue;
      // The same root written without the difference of two nearly equal numbers.
      const t = c / (Math.sqrt(under) - b);
      if (!(t >= NEAR_METRES)) continue;
      const index = row * width + column;
      if (1 / t <= depths[index]) continue;
      const nx = (o.x + dx * t) / half.x;
      const ny = (o.y + dy * t) / half.y;
      const nz = (o.z + dz * t) / half.z;
      const towards = (nx * light.x + ny * light.y + nz * light.z) / Math.sqrt(nx * nx + ny * ny + nz * nz);
      depths[index] = 1 / t;
      colours[index] = ramp[(Math.sqrt(0.5 - 0.4999 * towards) * RAMP_STEPS) | 0];
    }
  }
  traceOutline(canvas, camera, o, (p) => fromUnit(p, centre, half, yaw), outline);
}

/**
 * The ramp from a gloss on what faces the light to what faces away from it.
 *
 * Its steps are even in the sine of half the angle, so that they are fine enough for the gloss, where the cosine hardly
 * changes.
 */
function fillRamp(colour: Colour): void {
  for (let step = 0; step < RAMP_STEPS; step++) {
    const halfSine = (step + 0.5) / RAMP_STEPS;
    const towards = 1 - 2 * halfSine * halfSine;
    const gloss = 0.45 * Math.max(0, towards) ** 40;
    ramp[step] = packColour(mixColours(colour, [255, 255, 255], gloss), brightness(towards));
  }
}

/**
 * Hands on the outline, to be smoothed and to whom it may concern.
 *
 * The rays that touch the unit sphere from o do so on a circle about o/(o.o), of radius sqrt(1 - 1/(o.o)).
 */
function traceOutline(
  canvas: Canvas,
  camera: Camera,
  o: Vector3,
  toWorld: (onSphere: Vector3) => Vector3,
  outline: ((from: Vector3, to: Vector3) => void) | undefined,
): void {
  const distance = Math.sqrt(dot(o, o));
  const towards = { x: o.x / distance, y: o.y / distance, z: o.z / distance };
  const helper = Math.abs(towards.y) < 0.9 ? { x: 0, y: 1, z: 0 } : { x: 1, y: 0, z: 0 };
  const side = unit(cross(towards, helper));
  const other = cross(towards, side);
  const radius = Math.sqrt(Math.max(0, 1 - 1 / (distance * distance)));
  let before: Vector3 | undefined;
  for (let i = 0; i <= OUTLINE_POINTS; i++) {
    const angle = (i / OUTLINE_POINTS) * 2 * Math.PI;
    const s = Math.cos(angle) * radius;
    const r = Math.sin(angle) * radius;
    const point = toWorld({
      x: towards.x / distance + side.x * s + other.x * r,
      y: towards.y / distance + side.y * s + other.y * r,
      z: towards.z / distance + side.z * s + other.z * r,
    });
    if (before) {
      keepEdge(canvas, camera, before, point);
      outline?.(before, point);
    }
    before = point;
  }
}

/** Range of y/z over a disc about (`y`, `z`) as seen from the origin; unlimited when it reaches behind the eye. */
function slopes(y: number, z: number, radius: number): [low: number, high: number] {
  const span = z * z - radius * radius;
  if (z <= radius || span <= 0) return [-Infinity, Infinity];
  const root = radius * Math.sqrt(Math.max(0, y * y + span));
  return [(y * z - root) / span, (y * z + root) / span];
}

function fromUnit({ x, y, z }: Vector3, centre: Vector3, half: Vector3, yaw: Turn): Vector3 {
  const offset = toRoom({ x: x * half.x, y: y * half.y, z: z * half.z }, yaw);
  return { x: centre.x + offset.x, y: centre.y + offset.y, z: centre.z + offset.z };
}

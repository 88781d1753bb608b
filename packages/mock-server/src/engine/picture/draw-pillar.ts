import type { Camera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { fillPolygon } from "./fill-polygon.js";
import { keepEdge } from "./keep-edge.js";
import { type Turn, turn } from "./numbers.js";
import { packColour } from "./packed-colour.js";
import { writeCorners } from "./projected-polygon.js";
import type { Colour, Vector3 } from "./scene.js";
import { brightness, TO_LIGHT } from "./surface-light.js";
import { dot, minus, toRoom, unit } from "./vector3.js";

/** An upright elliptic cylinder, or a frustum of a cone. */
export interface Pillar {
  readonly centre: Vector3;
  /** Half extents along its own axes, in metres; those along X and Z are at its foot. */
  readonly half: Vector3;
  readonly yawDegrees: number;
  readonly colour: Colour;
  /** Width at the top as a factor of that at the foot. Default: 1. */
  readonly taper?: number;
}

const SIDES = 40;

/** A unit circle; clockwise as seen from above, first point last again. */
const CIRCLE = Array.from({ length: SIDES + 1 }, (_, index) => {
  const angle = ((index % SIDES) / SIDES) * 2 * Math.PI;
  return { x: Math.sin(angle), z: Math.cos(angle) };
});

const quad = new Float64Array(12);
const cap = new Float64Array(SIDES * 3);

/** Draws a pillar, one tone per side. Calls `outline`, if given, with each piece of its outline, in metres. */
export function drawPillar(
  canvas: Canvas,
  camera: Camera,
  pillar: Pillar,
  outline?: (from: Vector3, to: Vector3) => void,
): void {
  const { centre, half, colour, taper = 1 } = pillar;
  const { eye } = camera;
  const yaw = turn(pillar.yawDegrees);
  const ring = (height: number, factor: number): Vector3[] =>
    CIRCLE.map(({ x, z }) => {
      const offset = toRoom({ x: x * half.x * factor, y: height, z: z * half.z * factor }, yaw);
      return { x: centre.x + offset.x, y: centre.y + offset.y, z: centre.z + offset.z };
    });
  const top = ring(half.y, taper);
  const foot = ring(-half.y, 1);
  const topSeen = eye.y > centre.y + half.y;
  const footSeen = eye.y < centre.y - half.y;
  const sideSeen: boolean[] = [];
  for (let i = 0; i < SIDES; i++) {
    const normal = sideNormal(pillar, (i + 0.5) / SIDES, yaw);
    const seen = dot(normal, minus(eye, foot[i])) > 0;
    sideSeen.push(seen);
    if (!seen) continue;
    writeCorners(quad, [top[i], foot[i], foot[i + 1], top[i + 1]]);
    fillPolygon(canvas, camera, quad, 4, packColour(colour, brightness(dot(normal, TO_LIGHT))));
  }
  if (topSeen) fillCap(canvas, camera, top, packColour(colour, brightness(TO_LIGHT.y)));
  if (footSeen) fillCap(canvas, camera, foot.toReversed(), packColour(colour, brightness(-TO_LIGHT.y)));
  const trace = (from: Vector3, to: Vector3): void => {
    keepEdge(canvas, camera, from, to);
    outline?.(from, to);
  };
  for (let i = 0; i < SIDES; i++) {
    if (topSeen || sideSeen[i]) trace(top[i], top[i + 1]);
    if (footSeen || sideSeen[i]) trace(foot[i], foot[i + 1]);
    if (sideSeen[i] !== sideSeen[(i + SIDES - 1) % SIDES]) trace(foot[i], top[i]);
  }
}

function sideNormal({ half, taper = 1 }: Pillar, turns: number, yaw: Turn): Vector3 {
  const angle = turns * 2 * Math.PI;
  // A surface f = 0 has the normal grad f; widths of 0 are kept from making it infinite.
  const x = Math.sin(angle) / Math.max(1e-6, half.x);
  const z = Math.cos(angle) / Math.max(1e-6, half.z);
  return toRoom(unit({ x, y: (1 - taper) / Math.max(1e-6, 2 * half.y), z }), yaw);
}

function fillCap(canvas: Canvas, camera: Camera, points: readonly Vector3[], colour: number): void {
  writeCorners(cap, points.slice(0, SIDES));
  fillPolygon(canvas, camera, cap, SIDES, colour);
}

import { type Camera, worldToCamera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import {
  createPolygon,
  keepEdges,
  type ProjectedPolygon,
  projectPolygon,
  type ScannedRows,
  scanPolygon,
  writeCorners,
} from "./projected-polygon.js";
import { lookOf, type RoomLook, type SurfaceLook } from "./room-look.js";
import type { SceneRoom, Vector3 } from "./scene.js";
import { cross } from "./vector3.js";

/** Walls are cut closer to the eye than other things, so that an eye close to a wall does not see through it. */
const ROOM_NEAR_METRES = 0.001;

/**
 * The room counts as this much farther than it is, so that a thing lying in one of its planes, such as a flat rug, is seen
 * whole instead of as noise. A millimetre at ten metres.
 */
const FARTHER = 1.0001;

/** Pixels between exact perspective divisions; in between, positions on the surface are interpolated. */
const STRIDE = 16;

const projected = createPolygon();
const corners = new Float64Array(12);
const rows: ScannedRows = { first: 0, end: 0 };

/**
 * Draws floor, ceiling and walls, each only from its inner side.
 *
 * The inner sides of a convex room never cover each other, whether the eye is inside or outside, so no depth is compared.
 */
export function drawRoom(canvas: Canvas, camera: Camera, room: SceneRoom): void {
  const look = lookOf(room);
  for (const surface of surfacesOf(room, look)) drawSurface(canvas, camera, surface);
}

interface Surface {
  /** Four corners clockwise as seen from inside the room. */
  readonly corners: readonly Vector3[];
  /** The corner at the low end of both axes. */
  readonly origin: Vector3;
  /** Far end of the axis across, as seen from `origin`. */
  readonly across: Vector3;
  /** Far end of the axis along, as seen from `origin`. */
  readonly along: Vector3;
  readonly look: SurfaceLook;
}

function surfacesOf({ width, depth, height }: SceneRoom, look: RoomLook): Surface[] {
  const e = width / 2;
  const n = depth / 2;
  const at = (x: number, y: number, z: number): Vector3 => ({ x, y, z });
  const eastward = at(width, 0, 0);
  const northward = at(0, 0, depth);
  const upward = at(0, height, 0);
  const low = { nw: at(-e, 0, n), ne: at(e, 0, n), se: at(e, 0, -n), sw: at(-e, 0, -n) };
  const top = { nw: at(-e, height, n), ne: at(e, height, n), se: at(e, height, -n), sw: at(-e, height, -n) };
  return [
    {
      corners: [low.nw, low.ne, low.se, low.sw],
      origin: low.sw,
      across: eastward,
      along: northward,
      look: look.floor,
    },
    {
      corners: [top.sw, top.se, top.ne, top.nw],
      origin: top.sw,
      across: eastward,
      along: northward,
      look: look.ceiling,
    },
    { corners: [top.nw, top.ne, low.ne, low.nw], origin: low.nw, across: eastward, along: upward, look: look.north },
    { corners: [top.ne, top.se, low.se, low.ne], origin: low.se, across: northward, along: upward, look: look.east },
    { corners: [top.se, top.sw, low.sw, low.se], origin: low.sw, across: eastward, along: upward, look: look.south },
    { corners: [top.sw, top.nw, low.nw, low.sw], origin: low.sw, across: northward, along: upward, look: look.west },
  ];
}

function drawSurface(canvas: Canvas, camera: Camera, surface: Surface): void {
  writeCorners(corners, surface.corners);
  if (!projectPolygon(camera, corners, 4, ROOM_NEAR_METRES, projected)) return;
  scanPolygon(canvas, projected, rows);
  shadeRows(canvas, camera, surface, projected);
  keepEdges(canvas, projected);
}

/**
 * Colours the scanned rows.
 *
 * A pixel's ray d = (right, up, 1) meets the surface o + u*across + v*along where u = d.(along x o) / d.(across x along)
 * and v = d.(o x across) / d.(across x along): three functions linear in the picture and one division. The division is
 * done every STRIDE pixels. Between two exact positions on the surface, both inside the tables, truncated fixed-point
 * steps cannot leave the interval, so the inner loop needs no bounds check.
 */
function shadeRows(canvas: Canvas, camera: Camera, surface: Surface, polygon: ProjectedPolygon): void {
  const { width, colours, depths, rowStart, rowEnd } = canvas;
  const w0 = polygon.w0 / FARTHER;
  const wx = polygon.wx / FARTHER;
  const wy = polygon.wy / FARTHER;
  const { palette, across, along } = surface.look;
  const uValues = across.values;
  const vValues = along.values;
  const uSamples = across.samples;
  const vSamples = along.samples;
  const uTop = uSamples * 65536 - 1;
  const vTop = vSamples * 65536 - 1;

  const origin = worldToCamera(camera, surface.origin);
  const uAxis = rotate(camera, surface.across);
  const vAxis = rotate(camera, surface.along);
  const normal = cross(uAxis, vAxis);
  const [ux, uy, u0] = overPicture(camera, cross(vAxis, origin), uTop);
  const [vx, vy, v0] = overPicture(camera, cross(origin, uAxis), vTop);
  const [nx, ny, n0] = overPicture(camera, normal, 1);

  for (let row = rows.first; row < rows.end; row++) {
    const end = rowEnd[row];
    let x = rowStart[row];
    if (x >= end) continue;
    const y = row + 0.5;
    const uRow = u0 + uy * y;
    const vRow = v0 + vy * y;
    const nRow = n0 + ny * y;
    let w = w0 + wy * y + wx * (x + 0.5);
    let inverse = 1 / (nRow + nx * (x + 0.5));
    let uNow = (uRow + ux * (x + 0.5)) * inverse;
    let vNow = (vRow + vx * (x + 0.5)) * inverse;
    uNow = uNow > 0 ? (uNow < uTop ? uNow : uTop) : 0;
    vNow = vNow > 0 ? (vNow < vTop ? vNow : vTop) : 0;
    let index = row * width + x;
    while (x < end) {
      // The last position is taken at the last pixel, not behind it, where the surface may have ended.
      const run = end - x > STRIDE ? STRIDE : end - x;
      const ahead = run === STRIDE ? STRIDE : run - 1;
      const blurU = blurLevel((ux - uNow * nx) * inverse, (uy - uNow * ny) * inverse, across.levels);
      const blurV = blurLevel((vx - vNow * nx) * inverse, (vy - vNow * ny) * inverse, along.levels);
      const px = x + ahead + 0.5 < end ? x + ahead + 0.5 : end - 0.5;
      inverse = 1 / (nRow + nx * px);
      let uNext = (uRow + ux * px) * inverse;
      let vNext = (vRow + vx * px) * inverse;
      uNext = uNext > 0 ? (uNext < uTop ? uNext : uTop) : 0;
      vNext = vNext > 0 ? (vNext < vTop ? vNext : vTop) : 0;
      const steps = ahead > 0 ? ahead : 1;
      let u = uNow | 0;
      let v = vNow | 0;
      const du = ((uNext - u) / steps) | 0;
      const dv = ((vNext - v) / steps) | 0;
      const uBase = blurU * uSamples;
      const vBase = blurV * vSamples;
      for (const stop = index + run; index < stop; index++) {
        const a = uValues[uBase + (u >> 16)];
        const b = vValues[vBase + (v >> 16)];
        const shade = ((a & 255) * (b & 255)) >> 9;
        const pattern = ((a >> 8) * (b >> 8) + 16384) >> 10;
        colours[index] = palette[(shade << 5) | pattern];
        depths[index] = w;
        u += du;
        v += dv;
        w += wx;
      }
      uNow = uNext;
      vNow = vNext;
      x += run;
    }
  }
}

/** The level whose average spans a pixel, given how far (in 1/65536 samples) a surface moves per pixel on both axes. */
function blurLevel(perColumn: number, perRow: number, levels: number): number {
  const samples = (perColumn * perColumn + perRow * perRow) / (65536 * 65536);
  if (samples < 1) return 0;
  const level = samples < 1e9 ? 32 - Math.clz32(samples) : levels;
  return level < levels ? level : levels - 1;
}

function rotate({ right, up, forward }: Camera, { x, y, z }: Vector3): Vector3 {
  return {
    x: right.x * x + right.y * y + right.z * z,
    y: up.x * x + up.y * y + up.z * z,
    z: forward.x * x + forward.y * y + forward.z * z,
  };
}

/** `scale` * d.`vector` for the ray d of a pixel, as change per column, change per row, and value at the top left. */
function overPicture({ centreX, centreY, focal }: Camera, vector: Vector3, scale: number): [number, number, number] {
  const perColumn = (scale * vector.x) / focal;
  const perRow = (-scale * vector.y) / focal;
  return [perColumn, perRow, scale * vector.z - perColumn * centreX - perRow * centreY];
}

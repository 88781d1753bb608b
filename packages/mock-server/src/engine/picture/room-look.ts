import { mixColours, packColour } from "./packed-colour.js";
import type { Colour, SceneRoom } from "./scene.js";
import { type AxisLook, type AxisTable, sampleAxis } from "./surface-pattern.js";

type SurfaceName = "floor" | "ceiling" | "north" | "east" | "south" | "west";

/** How a surface is coloured. */
export interface SurfaceLook {
  /** Along X, or along Z on the east and west walls. */
  readonly across: AxisTable;
  /** Along Y, or along Z on floor and ceiling. */
  readonly along: AxisTable;
  /** Packed colours: 128 steps of shade, dark to bright, times 32 steps of pattern, -1 to 1. */
  readonly palette: Uint32Array;
}

/** How all surfaces of a room are coloured. */
export type RoomLook = Readonly<Record<SurfaceName, SurfaceLook>>;

/** Hues that tell the walls apart, and with them the directions. */
const WALL_TINTS = {
  north: [86, 138, 214],
  east: [236, 168, 84],
  south: [104, 176, 112],
  west: [214, 112, 142],
} as const satisfies Record<string, Colour>;

/** Looks are kept because building one costs some frames' time; few rooms are in view at once. */
const KEPT_LOOKS = 8;
const looks = new Map<string, RoomLook>();

/** The look of `room`. It depends on size and colours only, so an earlier one for the same key is as good as new. */
export function lookOf(room: SceneRoom): RoomLook {
  const key = JSON.stringify([room.width, room.depth, room.height, room.floor, room.walls]);
  const known = looks.get(key);
  if (known) return known;
  const look = buildLook(room);
  for (const oldest of looks.keys()) {
    if (looks.size < KEPT_LOOKS) break;
    looks.delete(oldest);
  }
  looks.set(key, look);
  return look;
}

function buildLook({ width, depth, height, floor, walls }: SceneRoom): RoomLook {
  const panelsX = sampleAxis(PANELS, width);
  const panelsZ = sampleAxis(PANELS, depth);
  const rails = sampleAxis(RAILS, height);
  const wall = (tint: Colour, across: AxisTable, light: number): SurfaceLook => {
    const colour = mixColours(walls, tint, 0.5);
    const bright = mixColours(colour, [255, 255, 255], 0.14);
    return { across, along: rails, palette: buildPalette(colour, colour, bright, light) };
  };
  const ceiling = mixColours(walls, [255, 255, 255], 0.72);
  return {
    floor: {
      across: sampleAxis(CHECKS, width),
      along: sampleAxis(CHECKS, depth),
      palette: buildPalette(scale(floor, 0.78), scale(floor, 0.89), floor, 1),
    },
    ceiling: {
      across: sampleAxis(GRID, width),
      along: sampleAxis(GRID, depth),
      palette: buildPalette(ceiling, scale(ceiling, 0.82), ceiling, 1),
    },
    north: wall(WALL_TINTS.north, panelsX, 1),
    east: wall(WALL_TINTS.east, panelsZ, 0.94),
    south: wall(WALL_TINTS.south, panelsX, 0.97),
    west: wall(WALL_TINTS.west, panelsZ, 0.91),
  };
}

/** Two tones of tiles, 1 m apart and aligned with whole metres of the room's coordinates. */
const CHECKS: AxisLook = {
  pattern: (metres, length) => ((Math.floor(metres - length / 2) & 1) === 0 ? 1 : -1),
  shade: (metres, length) => 1 - 0.34 * nearEnds(metres, length, 0.45),
};

/** Lines, 5 cm wide and 1 m apart. */
const GRID: AxisLook = {
  pattern: (metres, length) => (distanceToWhole(metres - length / 2) > 0.025 ? 1 : 0),
  shade: (metres, length) => 1 - 0.16 * nearEnds(metres, length, 0.6),
};

/** Panels, 84 cm wide and 1 m apart. */
const PANELS: AxisLook = {
  pattern: (metres, length) => (distanceToWhole(metres - length / 2) > 0.08 ? 1 : 0),
  shade: (metres, length) => 1 - 0.22 * nearEnds(metres, length, 0.4),
};

/** From the floor up: a dark skirting board, a low panel, a rail, a panel up to the ceiling's frame. */
const RAILS: AxisLook = {
  pattern: (metres, length) => ((metres > 0.26 && metres < 0.92) || (metres > 1.08 && metres < length - 0.2) ? 1 : 0),
  shade: (metres, length) => {
    if (metres < 0.13) return metres > 0.11 ? 0.66 : 0.46;
    if (metres < 0.15) return 0.7;
    const lowShadow = 0.2 * Math.exp(-metres / 0.5);
    return 1 - lowShadow - 0.16 * Math.exp(-(length - metres) / 0.3);
  },
};

/** 1 at either end of the axis, falling off within `reach` metres. */
function nearEnds(metres: number, length: number, reach: number): number {
  return Math.exp(-metres / reach) + Math.exp(-(length - metres) / reach);
}

function distanceToWhole(value: number): number {
  return Math.abs(value - Math.round(value));
}

function scale([red, green, blue]: Colour, factor: number): Colour {
  return [red * factor, green * factor, blue * factor];
}

/** The palette whose pattern runs from `low` (-1) over `middle` (0) to `high` (1). */
function buildPalette(low: Colour, middle: Colour, high: Colour, light: number): Uint32Array {
  const palette = new Uint32Array(128 * 32);
  for (let shade = 0; shade < 128; shade++) {
    for (let step = 0; step < 32; step++) {
      const pattern = Math.max(-1, (step - 16) / 15);
      const colour = pattern < 0 ? mixColours(middle, low, -pattern) : mixColours(middle, high, pattern);
      palette[shade * 32 + step] = packColour(colour, (light * shade) / 127);
    }
  }
  return palette;
}

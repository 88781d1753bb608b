import type { Colour } from "./scene.js";

/**
 * `colour` times `brightness` (0 or more) as one number with full alpha; channels saturate.
 *
 * Stored in a `Uint32Array` it is the bytes red, green, blue, alpha on a little-endian machine, which every platform is
 * that this package supports.
 */
export function packColour(colour: Colour, brightness = 1): number {
  const red = Math.min(255, Math.round(colour[0] * brightness));
  const green = Math.min(255, Math.round(colour[1] * brightness));
  const blue = Math.min(255, Math.round(colour[2] * brightness));
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Way from `from` to `to`; `share` 0 is `from`, 1 is `to`. */
export function mixColours(from: Colour, to: Colour, share: number): Colour {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
}

/**
 * Packed `under` covered by packed `over` with `share` 0 to 256.
 *
 * Red and blue go through one multiplication: 0xff00ff * 256 still fits 32 bits, and the eight empty bits between
 * the two keep them apart.
 */
export function blend(under: number, over: number, share: number): number {
  const keep = 256 - share;
  const redBlue = (((under & 0xff00ff) * keep + (over & 0xff00ff) * share) >>> 8) & 0xff00ff;
  const green = ((((under >>> 8) & 0xff) * keep + ((over >>> 8) & 0xff) * share) >>> 8) & 0xff;
  return (0xff000000 | (green << 8) | redBlue) >>> 0;
}

/**
 * What a large surface looks like along one of its two axes, as a function of the distance from the low end in metres.
 *
 * The two axes are multiplied: a checkerboard is (+1, -1, ...) times (+1, -1, ...), a grid is 0 on the lines of either
 * axis and 1 elsewhere. A product of averages is the average of the product, so each axis can be blurred on its own.
 */
export interface AxisLook {
  /** Share of the surface's pattern, -1 to 1. */
  readonly pattern: (metres: number, length: number) => number;
  /** Brightness, 0 to 1. */
  readonly shade: (metres: number, length: number) => number;
}

/** An {@link AxisLook} sampled along an axis at all strengths of blur. */
export interface AxisTable {
  /** Samples per level. At most 8192 so that a position fits a 16.16 fixed-point number with room to spare. */
  readonly samples: number;
  /** Number of levels; level k averages over 2^(k/2) samples. */
  readonly levels: number;
  /** `levels` times `samples` values: pattern -127 to 127 in the high byte, shade 0 to 255 in the low byte. */
  readonly values: Int16Array;
}

/** Samples per metre where the limit of samples allows: about a pixel at one metre's distance. */
const SAMPLES_PER_METRE = 512;

/** Samples `look` along an axis of `length` metres. */
export function sampleAxis(look: AxisLook, length: number): AxisTable {
  const samples = Math.min(8192, Math.max(16, Math.ceil(length * SAMPLES_PER_METRE)));
  const levels = 2 * Math.ceil(Math.log2(samples)) + 1;
  const pattern = new Float64Array(samples + 1);
  const shade = new Float64Array(samples + 1);
  for (let i = 0; i < samples; i++) {
    const metres = ((i + 0.5) / samples) * length;
    pattern[i + 1] = pattern[i] + look.pattern(metres, length);
    shade[i + 1] = shade[i] + look.shade(metres, length);
  }
  const values = new Int16Array(levels * samples);
  for (let level = 0; level < levels; level++) {
    const half = 2 ** (level / 2) / 2;
    for (let i = 0; i < samples; i++) {
      const from = Math.max(0, i + 0.5 - half);
      const to = Math.min(samples, i + 0.5 + half);
      const meanPattern = (sumTo(pattern, to) - sumTo(pattern, from)) / (to - from);
      const meanShade = (sumTo(shade, to) - sumTo(shade, from)) / (to - from);
      values[level * samples + i] = (Math.round(meanPattern * 127) << 8) | Math.round(meanShade * 255);
    }
  }
  return { samples, levels, values };
}

/** Running sum at a fractional position. */
function sumTo(sums: Float64Array, position: number): number {
  const below = Math.min(sums.length - 2, Math.floor(position));
  return sums[below] + (sums[below + 1] - sums[below]) * (position - below);
}

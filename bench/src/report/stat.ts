/** One figure over all rounds. */
export interface Stat {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle and the spread of some numbers. */
export function statOf(values: readonly number[]): Stat {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
}

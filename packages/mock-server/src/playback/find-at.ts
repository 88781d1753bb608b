/** Times in milliseconds that are the same to the nanosecond are the same. */
const toleranceMs = 5e-7;

/**
 * Which of `entries`, in the order of their times, counts at `atMs`: the last one that is not later, or else the first. `undefined`
 * when there is none.
 */
export function findAt<T>(entries: readonly T[], atMs: number, timeOf: (entry: T) => number): T | undefined {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && timeOf(entry) <= atMs + toleranceMs) low = middle + 1;
    else high = middle;
  }
  return entries[Math.max(0, low - 1)];
}

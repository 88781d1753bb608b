/**
 * Makes an attempt that has to reach the mod before its time is over, with twice as much time after each that did not: on a machine
 * that is busy nobody knows how long that takes. `attempt` says whether it has come so far.
 */
export async function withGrowingTime(timeMs: number, attempt: (timeMs: number) => Promise<boolean>): Promise<void> {
  if (!(await attempt(timeMs))) await withGrowingTime(timeMs * 2, attempt);
}

/** What is measured of a client in one round. */
export interface Figures {
  readonly framesPerSecond: number;
  /** Time of the processor that a frame takes in the client, in milliseconds. */
  readonly cpuMsPerFrame: number;
  /** One after the other. */
  readonly pingsPerSecond: number;
  /** 64 at a time. */
  readonly pings64PerSecond: number;
  /** The most memory that the client's process had, in MiB. */
  readonly peakMemoryMiB: number;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

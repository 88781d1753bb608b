import { backgroundClock, type Clock } from "@resoio/core/internal";

/** One reading of a clock, so that many recordings that are told of the same thing agree on when it was. */
export interface Moment {
  readonly clock: Clock;
  /** Nanoseconds since some moment of the clock. */
  readonly nanos: bigint;
  /** Wall-clock time: Unix time in nanoseconds (UTC). */
  readonly unixNanos: bigint;
}

/** Reads `clock`; this machine's, which recordings live in, when it is left out. */
export function readMoment(clock: Clock = backgroundClock): Moment {
  return { clock, nanos: msToNanos(clock.nowMs()), unixNanos: clock.unixNanos() };
}

/** Milliseconds as whole nanoseconds. */
export function msToNanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

/** Nanoseconds as milliseconds. Exact for 100 days, to the nanosecond. */
export function nanosToMs(nanos: bigint): number {
  return Number(nanos) / 1e6;
}

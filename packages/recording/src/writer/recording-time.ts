import type { Clock } from "../clock.js";

/** The time that messages are recorded with: what has passed on a clock, if that counts, and the sleeps. */
export class RecordingTime {
  readonly startUnixNanos: bigint;
  readonly #clock: Clock;
  readonly #isWall: boolean;
  readonly #startMs: number;
  #sleptNanos = 0n;

  constructor(clock: Clock, times: "wall" | "logical") {
    this.#clock = clock;
    this.#isWall = times === "wall";
    this.#startMs = clock.nowMs();
    this.startUnixNanos = clock.unixNanos();
  }

  /** Nanoseconds since the start. */
  get elapsedNanos(): bigint {
    return (this.#isWall ? msToNanos(this.#clock.nowMs() - this.#startMs) : 0n) + this.#sleptNanos;
  }

  /** What a message gets that comes now: Unix time in nanoseconds. */
  get now(): bigint {
    return this.startUnixNanos + this.elapsedNanos;
  }

  sleep(nanos: bigint): void {
    this.#sleptNanos += nanos;
  }
}

/** Milliseconds as whole nanoseconds. */
export function msToNanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

/** Nanoseconds as milliseconds. Exact for 100 days, to the nanosecond. */
export function nanosToMs(nanos: bigint): number {
  return Number(nanos) / 1e6;
}

import type { Clock } from "@resoio/core/internal";
import { type Moment, readMoment } from "../moment.js";

/** The time of a recording: the wall clock's, or one that only passes when it is told to. */
export class RecordingTime {
  /** When the recording began: Unix time in nanoseconds. */
  readonly startUnixNanos: bigint;
  readonly #clock: Clock;
  readonly #isWall: boolean;
  /** What is to be added to a moment's nanoseconds to have the recorded time; the recorded time itself where no clock counts. */
  #offsetNanos: bigint;

  constructor(clock: Clock, times: "wall" | "logical") {
    this.#clock = clock;
    this.#isWall = times === "wall";
    const { nanos, unixNanos } = readMoment(clock);
    this.startUnixNanos = unixNanos;
    this.#offsetNanos = this.#isWall ? unixNanos - nanos : unixNanos;
  }

  /** Nanoseconds since the start. */
  get elapsedNanos(): bigint {
    return this.at(this.read()) - this.startUnixNanos;
  }

  /** This moment: `known`, where it is one of the same clock. */
  read(known?: Moment): Moment {
    return known?.clock === this.#clock ? known : readMoment(this.#clock);
  }

  /** What a message gets that came at that moment: Unix time in nanoseconds. */
  at({ nanos }: Moment): bigint {
    if (!this.#isWall) return this.#offsetNanos;
    return nanos + this.#offsetNanos;
  }

  sleep(nanos: bigint): void {
    this.#offsetNanos += nanos;
  }
}

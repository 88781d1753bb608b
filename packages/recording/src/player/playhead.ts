import type { Clock } from "@resoio/core/internal";

/** Where a player is: it moves with the clock while it runs. */
export class Playhead {
  readonly #clock: Clock;
  readonly #endMs: number;
  #speed: number;
  #isRunning = false;
  #atMs = 0;
  #sinceMs: number;

  constructor(clock: Clock, endMs: number, speed: number) {
    this.#clock = clock;
    this.#endMs = endMs;
    this.#speed = speed;
    this.#sinceMs = clock.nowMs();
  }

  get speed(): number {
    return this.#speed;
  }

  set speed(speed: number) {
    this.#settle();
    this.#speed = speed;
  }

  /** How far it would be if there were no end. */
  get unboundedMs(): number {
    return this.#isRunning ? this.#atMs + (this.#clock.nowMs() - this.#sinceMs) * this.#speed : this.#atMs;
  }

  get positionMs(): number {
    return Math.min(this.unboundedMs, this.#endMs);
  }

  /** In how many milliseconds of the clock it will be at `atMs`, at this speed. */
  msUntil(atMs: number): number {
    return (atMs - this.unboundedMs) / this.#speed;
  }

  run(isRunning: boolean): void {
    this.#settle();
    this.#isRunning = isRunning;
  }

  moveTo(atMs: number): void {
    this.#atMs = atMs;
    this.#sinceMs = this.#clock.nowMs();
  }

  #settle(): void {
    this.moveTo(this.positionMs);
  }
}

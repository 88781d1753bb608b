import type { Clock } from "@resoio/core/internal";

/** Lets so many through per second in the long run, and twice as many at once. What is too much is let through, and waited for. */
export class Throttle {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  /** How many may come at once. Below 0: that is owed. */
  #free: number;
  #atMs: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perMs = perSecond / 1_000;
    this.#burst = 2 * perSecond;
    this.#free = this.#burst;
    this.#clock = clock;
    this.#atMs = clock.nowMs();
  }

  /** `count` have come. */
  take(count: number): void {
    this.#update();
    this.#free -= count;
  }

  /** How long to wait before the next may come, in milliseconds. */
  get waitMs(): number {
    this.#update();
    return this.#free >= 0 ? 0 : -this.#free / this.#perMs;
  }

  #update(): void {
    const nowMs = this.#clock.nowMs();
    this.#free = Math.min(this.#burst, this.#free + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }
}

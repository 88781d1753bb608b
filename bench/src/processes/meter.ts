import { ownCosts } from "./costs.ts";

/** What a client tells of its work. */
export interface MeterReading {
  /** How often the work was done. */
  readonly count: number;
  readonly elapsedMs: number;
  /** Time of the processor that the client took, in milliseconds. */
  readonly cpuMs: number;
}

/** Counts work, from the end of a warm-up until a time is over. */
export class Meter {
  /** What was measured, once it was. */
  reading: MeterReading | undefined;
  readonly #durationMs: number;
  readonly #onBegin: () => void;
  readonly #warmUntilMs: number;
  #count = 0;
  #begun: { readonly atMs: number; readonly cpuMs: number; readonly count: number } | undefined;

  /** `onBegin` is told when the warm-up, a quarter of the time, is over. */
  constructor(durationMs: number, onBegin: () => void) {
    this.#durationMs = durationMs;
    this.#onBegin = onBegin;
    this.#warmUntilMs = performance.now() + durationMs / 4;
  }

  /** Counts what was done. Returns whether to do more. */
  add(count = 1): boolean {
    if (this.reading !== undefined) return false;
    this.#count += count;
    const nowMs = performance.now();
    const begun = this.#begun;
    if (begun === undefined) {
      if (nowMs < this.#warmUntilMs) return true;
      this.#begun = { atMs: nowMs, cpuMs: ownCosts().cpuMs, count: this.#count };
      this.#onBegin();
      return true;
    }
    const elapsedMs = nowMs - begun.atMs;
    if (elapsedMs < this.#durationMs) return true;
    this.reading = { count: this.#count - begun.count, elapsedMs, cpuMs: ownCosts().cpuMs - begun.cpuMs };
    return false;
  }
}

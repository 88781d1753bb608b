/** How much too early a frame may come, in milliseconds: otherwise jitter would make the rhythm uneven. */
const toleranceMs = 5;

/**
 * How late a frame may come, in milliseconds, and those behind it make up for it. A process that stands still for a moment gets the frames of
 * that time at once: without this, who asks for 15 of 15 frames a second would lose some whenever somebody else asks for all.
 */
const catchUpMs = 250;

/** Lets so many frames through that they are not more per second than a limit, on average and evenly. */
export class FrameThinner {
  readonly #periodMs: number;
  readonly #toleranceMs: number;
  #dueMs = Number.NEGATIVE_INFINITY;

  /** `rate` is the most frames per second; `Infinity` for all. */
  constructor(rate: number) {
    this.#periodMs = 1000 / rate;
    this.#toleranceMs = Math.min(toleranceMs, this.#periodMs / 8);
  }

  /** Whether a frame that comes at `nowMs` is let through. */
  isDue(nowMs: number): boolean {
    if (nowMs < this.#dueMs - this.#toleranceMs) return false;
    // A frame that is somewhat late keeps the beat: otherwise 25 of 30 frames a second would become 15.
    const isOnBeat = nowMs - this.#dueMs < Math.max(this.#periodMs, catchUpMs);
    this.#dueMs = (isOnBeat ? this.#dueMs : nowMs) + this.#periodMs;
    return true;
  }
}

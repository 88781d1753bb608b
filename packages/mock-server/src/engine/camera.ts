import type { Clock } from "./clock.js";
import type { Picture } from "./picture/render-scene.js";

/** A picture with the time at which it was taken. */
export interface CapturedFrame extends Picture {
  readonly unixNanos: bigint;
}

/**
 * The one camera of the engine: a slot for the newest picture. Whoever takes from it empties it, so several readers share
 * the pictures.
 *
 * A picture is drawn when somebody takes it, not when it falls due: a slot that nobody reads costs nothing.
 */
export class Camera {
  readonly #clock: Clock;
  readonly #draw: () => Picture;
  readonly #periodMs: number;
  readonly #waiting: ((frame: CapturedFrame) => void)[] = [];
  #nextDueMs = 0;
  #isTimerSet = false;

  constructor(clock: Clock, fps: number, draw: () => Picture) {
    this.#clock = clock;
    this.#periodMs = 1000 / fps;
    this.#draw = draw;
  }

  /** Takes the newest picture, or waits for the next one. Those who wait are served one picture each, in turn. */
  async capture(signal: AbortSignal): Promise<CapturedFrame> {
    signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#clock.nowMs() >= this.#nextDueMs) return this.#take();
    const { promise, resolve, reject } = Promise.withResolvers<CapturedFrame>();
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(resolve);
      if (index >= 0) this.#waiting.splice(index, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(resolve);
    this.#setTimer();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #setTimer(): void {
    if (this.#isTimerSet || this.#waiting.length === 0) return;
    this.#isTimerSet = true;
    this.#clock.schedule(Math.max(0, this.#nextDueMs - this.#clock.nowMs()), () => {
      this.#isTimerSet = false;
      const resolve = this.#waiting.shift();
      resolve?.(this.#take());
      this.#setTimer();
    });
  }

  #take(): CapturedFrame {
    const nowMs = this.#clock.nowMs();
    // Keeps the beat as long as the reader keeps up, and starts a new one after a pause.
    const onBeatMs = this.#nextDueMs + this.#periodMs;
    this.#nextDueMs = onBeatMs > nowMs ? onBeatMs : nowMs + this.#periodMs;
    return { ...this.#draw(), unixNanos: this.#clock.unixNanos() };
  }
}

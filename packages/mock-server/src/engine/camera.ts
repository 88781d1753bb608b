import { maxTimerMs } from "@resoio/core/internal";
import type { CancelTask, Clock } from "./clock.js";
import { EngineError } from "./engine-error.js";
import type { Picture } from "./picture/render-scene.js";

/** A picture with the time at which it was taken. */
export interface CapturedFrame extends Picture {
  readonly unixNanos: bigint;
}

interface Waiter {
  readonly resolve: (frame: CapturedFrame) => void;
  readonly reject: (reason: unknown) => void;
}

/** Timers may come too early by less than that. */
const toleranceMs = 1;

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
  readonly #waiting: Waiter[] = [];
  #nextDueMs: number;
  #cancelTimer: CancelTask | undefined;
  #isDisposed = false;
  /** What was in the slot when the camera was disposed. */
  #unread: CapturedFrame | undefined;

  /** `fps` is how many pictures fall due in a second; with 0 none ever does. */
  constructor(clock: Clock, fps: number, draw: () => Picture) {
    this.#clock = clock;
    this.#periodMs = 1000 / fps;
    this.#nextDueMs = fps > 0 ? clock.nowMs() : Number.POSITIVE_INFINITY;
    this.#draw = draw;
  }

  /** How many callers wait for a picture. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Takes the newest picture, or waits for the next one. Those who wait are served one picture each, in turn. Throws
   * `notReady` once the camera is disposed and its last picture taken, and the signal's reason when that is aborted.
   */
  async capture(signal: AbortSignal): Promise<CapturedFrame> {
    signal.throwIfAborted();
    if (this.#isDisposed) return this.#takeUnread();
    if (this.#waiting.length === 0 && this.#isDue(0)) return this.#take();
    const { promise, resolve, reject } = Promise.withResolvers<CapturedFrame>();
    const waiter: Waiter = { resolve, reject };
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(waiter);
      if (index >= 0) this.#waiting.splice(index, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(waiter);
    this.#setTimer();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Ends the camera for good, as the mod does when the game shuts down: whoever waits for a picture is refused with
   * `notReady`, and so is every later caller, except one who gets the picture that nobody had taken. May be called again.
   */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#cancelTimer?.();
    if (this.#waiting.length === 0 && this.#isDue(0)) this.#unread = this.#take();
    for (const { reject } of this.#waiting.splice(0)) reject(disposedError());
  }

  #isDue(earlyMs: number): boolean {
    return this.#clock.nowMs() + earlyMs >= this.#nextDueMs;
  }

  #setTimer(): void {
    if (this.#cancelTimer !== undefined || this.#waiting.length === 0) return;
    if (this.#nextDueMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(maxTimerMs, Math.max(0, this.#nextDueMs - this.#clock.nowMs()));
    this.#cancelTimer = this.#clock.schedule(delayMs, () => {
      this.#cancelTimer = undefined;
      if (this.#isDue(toleranceMs)) this.#serve(this.#waiting.shift());
      this.#setTimer();
    });
  }

  #serve(waiter: Waiter | undefined): void {
    if (waiter === undefined) return;
    try {
      waiter.resolve(this.#take());
    } catch (error) {
      waiter.reject(error);
    }
  }

  #take(): CapturedFrame {
    const nowMs = this.#clock.nowMs();
    // Keeps the beat as long as the reader keeps up, and starts a new one after a pause.
    const onBeatMs = this.#nextDueMs + this.#periodMs;
    this.#nextDueMs = onBeatMs > nowMs ? onBeatMs : nowMs + this.#periodMs;
    return { ...this.#draw(), unixNanos: this.#clock.unixNanos() };
  }

  #takeUnread(): CapturedFrame {
    const frame = this.#unread;
    this.#unread = undefined;
    if (frame === undefined) throw disposedError();
    return frame;
  }
}

function disposedError(): EngineError {
  return new EngineError("notReady", "The camera is gone: the game is shutting down.");
}

import { maxTimerMs } from "@resoio/core/internal";
import type { CancelTask, Clock } from "./clock.js";
import { EngineError } from "./engine-error.js";
import type { Picture } from "./picture/render-scene.js";
import { WaitingLine } from "./waiting-line.js";

/** A picture with the time at which it was taken. */
export interface CapturedFrame extends Picture {
  readonly unixNanos: bigint;
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
  readonly #waiting = new WaitingLine<CapturedFrame>();
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
    const turn = this.#waiting.wait(signal);
    this.#setTimer();
    return await turn;
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
    this.#waiting.refuse(cameraGoneError());
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
      if (this.#isDue(toleranceMs)) this.#waiting.serve(() => this.#take());
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

  #takeUnread(): CapturedFrame {
    const frame = this.#unread;
    this.#unread = undefined;
    if (frame === undefined) throw cameraGoneError();
    return frame;
  }
}

/** What a caller hears who wants pictures of a game that shuts down. */
export function cameraGoneError(): EngineError {
  return new EngineError("notReady", "The camera is gone: the game is shutting down.");
}

import { type Clock, maxTimerMs } from "@resoio/core/internal";

/** Has something to send every now and then. */
export interface Windowed {
  /** It must not be sent to before this time of the clock. */
  readonly earliestMs: number;
  /** What it gets now is to be sent at this time of the clock, or before. */
  latestMs(nowMs: number): number;
  /** Sends what waits. */
  send(): void;
}

/** Times at which windows end. */
export interface WindowGrid {
  /** From one to the next. */
  readonly periodMs: number;
  /** From time 0 to the first. */
  readonly phaseMs: number;
}

/** By so much a timer may be early: clocks and timers do not count the same. */
const toleranceMs = 1;

/**
 * Decides when those who have something to send do so: one timer for all of them, however many there are. Who has something joins
 * the tick that is planned already when that is not later than his own window would end. With a grid, windows end early so that they end
 * on it.
 */
export class WindowScheduler {
  readonly #clock: Clock;
  readonly #grid: WindowGrid | undefined;
  /** With the time at which it is their turn. */
  readonly #waiting = new Map<Windowed, number>();
  /** Whose turn is as soon as the running code is through. */
  #urgent = new Set<Windowed>();
  #tick: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, grid?: WindowGrid) {
    this.#clock = clock;
    this.#grid = grid;
  }

  /** `sender` has something to send, within its window. */
  request(sender: Windowed): void {
    if (this.#waiting.has(sender) || this.#urgent.has(sender)) return;
    const nowMs = this.#clock.nowMs();
    const { earliestMs } = sender;
    const latestMs = Math.max(this.#align(sender.latestMs(nowMs), nowMs), earliestMs);
    if (latestMs <= nowMs) {
      this.hurry(sender);
      return;
    }
    const tickMs = this.#tick?.atMs ?? Number.POSITIVE_INFINITY;
    const joins = tickMs <= latestMs && tickMs >= earliestMs;
    this.#waiting.set(sender, joins ? tickMs : latestMs);
    if (!joins) this.#plan(latestMs);
  }

  /** `sender` has something to send that does not wait for its window, but until the running code is through. */
  hurry(sender: Windowed): void {
    if (this.#urgent.has(sender)) return;
    this.#waiting.delete(sender);
    this.#urgent.add(sender);
    if (this.#urgent.size === 1) queueMicrotask(() => this.#sendUrgent());
  }

  /** `sender` has nothing to send any more. */
  forget(sender: Windowed): void {
    this.#waiting.delete(sender);
    this.#urgent.delete(sender);
    if (this.#waiting.size > 0) return;
    this.#tick?.cancel();
    this.#tick = undefined;
  }

  /** The last time of the grid that is not behind `latestMs`, if there is one behind `nowMs`. */
  #align(latestMs: number, nowMs: number): number {
    if (this.#grid === undefined) return latestMs;
    const { periodMs, phaseMs } = this.#grid;
    // A tick that came a little early must not make the next window a short one.
    const periods = Math.floor((latestMs + toleranceMs - phaseMs) / periodMs);
    const alignedMs = phaseMs + periods * periodMs;
    return alignedMs > nowMs ? alignedMs : latestMs;
  }

  #plan(atMs: number): void {
    if (this.#tick !== undefined && this.#tick.atMs <= atMs) return;
    this.#tick?.cancel();
    // What no timer can wait for is asked about again when the longest is over.
    const delayMs = Math.min(Math.max(0, atMs - this.#clock.nowMs()), maxTimerMs);
    this.#tick = { atMs, cancel: this.#clock.schedule(delayMs, () => this.#onTick()) };
  }

  #onTick(): void {
    this.#tick = undefined;
    const nowMs = this.#clock.nowMs() + toleranceMs;
    let nextMs = Number.POSITIVE_INFINITY;
    const due: Windowed[] = [];
    for (const [sender, atMs] of this.#waiting) {
      if (atMs <= nowMs) due.push(sender);
      else nextMs = Math.min(nextMs, atMs);
    }
    for (const sender of due) this.#waiting.delete(sender);
    if (nextMs < Number.POSITIVE_INFINITY) this.#plan(nextMs);
    for (const sender of due) sender.send();
  }

  #sendUrgent(): void {
    const urgent = this.#urgent;
    this.#urgent = new Set();
    for (const sender of urgent) sender.send();
  }
}

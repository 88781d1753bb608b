import type { Clock } from "@resoio/core/internal";

/** Options of {@link StallWatch}. */
export interface StallWatchOptions {
  readonly clock: Clock;
  /** How long nothing may be taken, in milliseconds. */
  readonly timeoutMs: number;
  readonly onStall: () => void;
}

/** Notices that nothing of what was sent has been taken for a while. */
export class StallWatch {
  readonly #options: StallWatchOptions;
  #waiting = 0;
  #progressMs = 0;
  #cancelCheck: (() => void) | undefined;
  #recheck: NodeJS.Immediate | undefined;
  #isStopped = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** Something was sent. */
  sent(): void {
    if (this.#waiting++ > 0 || this.#isStopped) return;
    this.#progressMs = this.#options.clock.nowMs();
    // One check at a time, however much is sent: it looks for itself how long ago the last progress was.
    if (this.#cancelCheck === undefined) this.#checkIn(this.#options.timeoutMs);
  }

  /** The oldest of what was sent has been taken. */
  taken(): void {
    this.#waiting--;
    this.#progressMs = this.#options.clock.nowMs();
  }

  /** Notices nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelCheck?.();
    clearImmediate(this.#recheck);
  }

  get #stalledMs(): number {
    return this.#waiting === 0 ? 0 : this.#options.clock.nowMs() - this.#progressMs;
  }

  #checkIn(delayMs: number): void {
    this.#cancelCheck = this.#options.clock.schedule(delayMs, () => this.#check());
  }

  #check(): void {
    this.#cancelCheck = undefined;
    const { timeoutMs, onStall } = this.#options;
    if (this.#waiting === 0) return;
    if (this.#stalledMs < timeoutMs) {
      this.#checkIn(timeoutMs - this.#stalledMs);
      return;
    }
    // When this process itself stood still, its timers run before it hears from the network.
    this.#recheck = setImmediate(() => {
      if (this.#stalledMs >= timeoutMs) onStall();
      else if (this.#waiting > 0) this.#checkIn(timeoutMs - this.#stalledMs);
    });
  }
}

import type { Clock } from "@resoio/core/internal";
import { WindowScheduler } from "./window-scheduler.js";

/** How many senders have one scheduler before the next one begins. */
const sendersTogether = 8;
const schedulerCount = 8;

/**
 * Schedulers whose windows end one after the other. Were hundreds of receivers written to in one tick, what is for the last of them would
 * wait for all the others, and they would all have to be read at once; `npm run bench:channels -w @resoio/bench -- "64 clients"` shows
 * what that is worth. Few senders have one tick.
 */
export class WindowSchedulers {
  readonly #schedulers: readonly WindowScheduler[];
  readonly #senderCounts = new Map<WindowScheduler, number>();

  /** `windowMs` is how long a window usually is. */
  constructor(clock: Clock, windowMs: number) {
    this.#schedulers = Array.from({ length: schedulerCount }, (_, index) => {
      // The first goes by its senders alone.
      const grid =
        index === 0 || windowMs === 0
          ? undefined
          : { periodMs: windowMs, phaseMs: (index * windowMs) / schedulerCount };
      return new WindowScheduler(clock, grid);
    });
  }

  /** The scheduler for one more sender. */
  take(): WindowScheduler {
    // The first that has room, or else one that has the fewest.
    const taken = this.#schedulers.reduce((best, one) =>
      this.#count(best) < Math.max(sendersTogether, this.#count(one) + 1) ? best : one,
    );
    this.#senderCounts.set(taken, this.#count(taken) + 1);
    return taken;
  }

  /** A sender that had the scheduler is gone. */
  giveBack(scheduler: WindowScheduler): void {
    this.#senderCounts.set(scheduler, this.#count(scheduler) - 1);
  }

  #count(scheduler: WindowScheduler): number {
    return this.#senderCounts.get(scheduler) ?? 0;
  }
}

import type { ConnectError } from "@connectrpc/connect";
import type { SharedHold } from "@resoio/core/internal";
import { FrameThinner } from "./frame-thinner.js";

/** Told what a {@link SharedSource} sends. Nothing follows `onEnd`, which comes at most once. */
export interface Subscriber {
  /** The response headers of the upstream call. At most once, also when the call is made anew. */
  onHeader(header: Headers): void;
  /** The bytes are shared with other subscribers and must not be written to. `release` says that this one is done with them. */
  onMessage(message: Uint8Array, release: () => void): void;
  /** A message was dropped because the subscriber is too slow. */
  onDrop(): void;
  /** Not called for who has left. */
  onEnd(error: ConnectError | undefined): void;
}

/** What a {@link Subscription} does to its source. */
export interface SubscriptionSource {
  /** How many messages wait for a subscriber that has paused. */
  readonly capacity: number;
  onDemandChange(): void;
  onResume(): void;
  onLeave(subscription: Subscription): void;
}

/**
 * The mailbox between a source and one subscriber. While the subscriber is paused it keeps the newest messages, as many as the
 * source's capacity says. With a capacity of 1 only the newest counts: it is not worth waiting for at the end.
 */
export class Subscription {
  readonly #source: SubscriptionSource;
  readonly #subscriber: Subscriber;
  readonly #waiting: Waiting[] = [];
  #demand: number;
  #thinner: FrameThinner;
  #isPaused = false;
  #isHanding = false;
  #hasHeader = false;
  #isOver = false;
  /** The end in good order, which comes behind what waits. */
  #isEnding = false;

  constructor(source: SubscriptionSource, subscriber: Subscriber, demand: number) {
    this.#source = source;
    this.#subscriber = subscriber;
    this.#demand = demand;
    this.#thinner = new FrameThinner(demand);
  }

  /** The most messages per second that are asked for. `Infinity`: all. */
  get demand(): number {
    return this.#demand;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether a message waits. */
  get isHolding(): boolean {
    return this.#waiting.length > 0;
  }

  /** Asks for more, or fewer, messages per second. */
  setDemand(demand: number): void {
    if (demand === this.#demand || this.#isOver) return;
    this.#demand = demand;
    this.#thinner = new FrameThinner(demand);
    this.#source.onDemandChange();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#handOver();
    if (!this.#isPaused && !this.#isOver) this.#source.onResume();
  }

  /** Ends the subscription. Nothing is called any more. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#drop();
    this.#source.onLeave(this);
  }

  /** For the source: the headers of its call. */
  announce(header: Headers): void {
    if (this.#isOver || this.#hasHeader) return;
    this.#hasHeader = true;
    this.#subscriber.onHeader(header);
  }

  /** For the source: a message, which comes at `nowMs` from a call with at most `rate` messages per second. */
  offer(message: Uint8Array, hold: SharedHold, rate: number, nowMs: number): void {
    if (this.#isOver || this.#isEnding) return;
    const { capacity } = this.#source;
    // Who asks for as much as there is gets all of it: thinning by arrival would take jitter for haste.
    if (this.#demand < rate && !this.#thinner.isDue(nowMs)) {
      // What waits becomes as new as can be. So all who wait hold the same frame, which bounds the memory.
      if (capacity !== 1 || this.#waiting.length !== 1) return;
      this.#drop();
      this.#keep({ message, hold });
      return;
    }
    this.#keep({ message, hold });
    this.#handOver();
    if (this.#waiting.length <= capacity) return;
    this.#waiting.shift()?.hold.release();
    this.#subscriber.onDrop();
  }

  /** For the source: no message follows. With an error, what waits is dropped. */
  end(error: ConnectError | undefined): void {
    if (this.#isOver) return;
    if (error === undefined && this.#waiting.length > 0 && this.#source.capacity > 1) {
      this.#isEnding = true;
      return;
    }
    this.#isOver = true;
    this.#drop();
    this.#subscriber.onEnd(error);
  }

  #keep(waiting: Waiting): void {
    waiting.hold.add();
    this.#waiting.push(waiting);
  }

  #drop(): void {
    for (const { hold } of this.#waiting.splice(0)) hold.release();
  }

  #handOver(): void {
    // The subscriber may pause, resume or leave while it takes a message.
    if (this.#isHanding) return;
    this.#isHanding = true;
    while (!this.#isPaused && !this.#isOver) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#subscriber.onMessage(next.message, () => next.hold.release());
    }
    this.#isHanding = false;
    if (this.#isEnding) this.end(undefined);
  }
}

/** A message that was not handed over yet. */
interface Waiting {
  readonly message: Uint8Array;
  readonly hold: SharedHold;
}

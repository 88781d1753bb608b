import { watchCancellation } from "../wire/watch-cancellation.js";
import type { SharedHold } from "./shared-hold.js";

/** What one reader of a `SharedStream` wants. */
export interface ReadOptions {
  /** How many messages may wait for the reader. */
  readonly capacity: number;
  /**
   * What happens when that many wait. `replace`: the oldest makes room for the next and is counted. `hold`: nothing more is taken
   * from the call until the reader has room, so the peer and all readers wait.
   */
  readonly whenFull: "replace" | "hold";
  /** At most this many messages per second; 0 for as many as there are. Default: whatever the other readers ask for. */
  readonly demand?: number;
  /** Leaves the stream. The read that waits, or the next, fails with `Canceled`, or with the signal's own `ConnectError`. */
  readonly signal: AbortSignal;
}

/** A message, and how many were dropped for this reader since the one before. */
export interface SharedMessage<T> {
  readonly message: T;
  readonly skipped: number;
  /** To be let go of when the message is of no use any more. Optional: who never does keeps the message to himself. */
  readonly hold: SharedHold;
}

/** What a {@link StreamReader} tells and asks the stream that it belongs to. */
export interface StreamReaderHost<T> {
  /** When a message was made: Unix time in nanoseconds. */
  nanosOf(message: T): bigint;
  /** A message was taken. */
  onRoom(): void;
  /** The reader's signal was aborted; perhaps before the constructor returned. */
  onLeave(reader: StreamReader<T>): void;
}

/**
 * What waits for one reader of a `SharedStream`. It is left by its signal only, and takes one `next()` at a time, as a loop in a
 * generator makes them.
 */
export class StreamReader<T> implements AsyncIterableIterator<SharedMessage<T>> {
  readonly demand: number | undefined;
  readonly #options: ReadOptions;
  readonly #host: StreamReaderHost<T>;
  readonly #waiting: Waiting<T>[] = [];
  #skipped = 0;
  /** When the next message is due, if the reader has a limit. */
  #dueNanos: number | undefined;
  #next: PromiseWithResolvers<IteratorResult<SharedMessage<T>>> | undefined;
  #over: { readonly failure: { readonly error: unknown } | undefined } | undefined;
  #stopWatching = (): void => {};

  constructor(options: ReadOptions, host: StreamReaderHost<T>) {
    this.demand = options.demand;
    this.#options = options;
    this.#host = host;
    this.#stopWatching = watchCancellation(options.signal, undefined, (error) => {
      // What waits is not delivered any more, as with any call that is cancelled.
      for (const { hold } of this.#waiting.splice(0)) hold.release();
      this.end({ error });
      host.onLeave(this);
    });
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** Whether the others have to wait for this reader. */
  get isHolding(): boolean {
    return this.#options.whenFull === "hold" && this.#waiting.length >= this.#options.capacity;
  }

  /** Hands over a message of a call that gives `rate` messages per second, 0 for as many as there are. */
  offer(message: T, rate: number, hold: SharedHold): void {
    if (this.#isTooEarly(message, rate)) return;
    hold.add();
    if (this.#next !== undefined) {
      const next = this.#next;
      this.#next = undefined;
      next.resolve({ done: false, value: this.#handOver({ message, hold }) });
      return;
    }
    this.#waiting.push({ message, hold });
    if (this.#waiting.length > this.#options.capacity) {
      this.#waiting.shift()?.hold.release();
      this.#skipped++;
    }
  }

  /** No message follows those that wait. */
  end(failure: { readonly error: unknown } | undefined): void {
    this.#over = { failure };
    this.#stopWatching();
    const next = this.#next;
    this.#next = undefined;
    if (failure === undefined) next?.resolve({ done: true, value: undefined });
    else next?.reject(failure.error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<SharedMessage<T>>> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      this.#host.onRoom();
      return { done: false, value: this.#handOver(waiting) };
    }
    if (this.#over === undefined) {
      this.#next = Promise.withResolvers();
      return await this.#next.promise;
    }
    if (this.#over.failure !== undefined) throw this.#over.failure.error;
    return { done: true, value: undefined };
  }

  #handOver({ message, hold }: Waiting<T>): SharedMessage<T> {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return { message, skipped, hold };
  }

  /** Whether the reader asked for fewer messages than come, and it is not time for one yet. */
  #isTooEarly(message: T, rate: number): boolean {
    const { demand } = this;
    if (demand === undefined || demand === 0) return false;
    // To the nearest quarter of a microsecond, which is precise enough for a rate.
    const nanos = Number(this.#host.nanosOf(message));
    const periodNanos = 1e9 / demand;
    const dueNanos = this.#dueNanos ?? nanos;
    // More than a period ahead means that the clock was set back.
    if (demand !== rate && nanos < dueNanos && dueNanos <= nanos + periodNanos) return true;
    // Messages hardly ever come exactly when they are due. Counted from when they came, each delay would lower the rate.
    const onBeatNanos = dueNanos + periodNanos;
    const isOnBeat = nanos < onBeatNanos && dueNanos <= nanos;
    this.#dueNanos = isOnBeat ? onBeatNanos : nanos + periodNanos;
    return false;
  }
}

/** A message that nobody has asked for yet. */
interface Waiting<T> {
  readonly message: T;
  readonly hold: SharedHold;
}

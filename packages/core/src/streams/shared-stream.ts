import { Code, ConnectError } from "@connectrpc/connect";
import { SharedHold } from "./shared-hold.js";
import { type ReadOptions, type SharedMessage, StreamReader, type StreamReaderHost } from "./stream-reader.js";

/** Options of {@link SharedStream}. */
export interface SharedStreamOptions<T> {
  /**
   * Starts the one call. `demand` is the highest that any reader asks for: the number of messages per second, 0 for as many as
   * there are.
   */
  readonly open: (signal: AbortSignal, demand: number) => AsyncIterable<T>;
  /** When a message was made: Unix time in nanoseconds. Thins messages out for readers that want fewer than others. */
  readonly nanosOf: (message: T) => bigint;
  /** Told of a message that no reader has any use for any more: it was skipped, or let go of, by all. Default: nothing. */
  readonly onFree?: (message: T) => void;
}

/**
 * One call for any number of readers, each of which sees every message. The call starts with the first reader and is cancelled
 * when the last one leaves. When readers come and go that want more, or fewer, messages per second than the call gives, it is
 * made anew; what was on its way then is lost.
 *
 * Bounded: it holds what the readers' capacities allow and one message more.
 */
export class SharedStream<T> {
  readonly #open: SharedStreamOptions<T>["open"];
  readonly #onFree: (message: T) => void;
  readonly #host: StreamReaderHost<T>;
  readonly #readers = new Set<StreamReader<T>>();
  #run: Run | undefined;

  constructor({ open, nanosOf, onFree = () => {} }: SharedStreamOptions<T>) {
    this.#open = open;
    this.#onFree = onFree;
    this.#host = {
      nanosOf,
      onRoom: () => this.#run?.wake(),
      onLeave: (reader) => {
        if (this.#readers.delete(reader)) this.#adjust();
      },
    };
  }

  /** Joins, and starts the call if nobody else has. */
  read(options: ReadOptions): AsyncIterable<SharedMessage<T>> {
    const reader = new StreamReader(options, this.#host);
    if (reader.isOver) return reader;
    this.#readers.add(reader);
    this.#adjust();
    return reader;
  }

  /** Makes the call fit what the readers ask for. */
  #adjust(): void {
    const demand = this.#readers.size === 0 ? undefined : highest([...this.#readers].map((reader) => reader.demand));
    if (demand === this.#run?.demand) {
      // A reader that held the others up may be the one that has left.
      this.#run?.wake();
      return;
    }
    this.#run?.controller.abort(new ConnectError("the stream was left", Code.Canceled));
    // So that it ends, if it waits for room.
    this.#run?.wake();
    this.#run = undefined;
    if (demand === undefined) return;
    const run: Run = { demand, controller: new AbortController(), wake() {} };
    this.#run = run;
    void this.#pump(run);
  }

  async #pump(run: Run): Promise<void> {
    const { signal } = run.controller;
    try {
      // A reader may hold the others up since the call before.
      if (this.#isHeld) await this.#room(run);
      if (signal.aborted) return;
      for await (const message of this.#open(signal, run.demand)) {
        // Another call may have taken over while this message was on its way.
        if (signal.aborted) return;
        const hold = new SharedHold(() => this.#onFree(message));
        for (const reader of this.#readers) reader.offer(message, run.demand, hold);
        hold.release();
        if (this.#isHeld) await this.#room(run);
      }
      this.#end(run, undefined);
    } catch (error) {
      this.#end(run, { error });
    }
  }

  get #isHeld(): boolean {
    for (const reader of this.#readers) if (reader.isHolding) return true;
    return false;
  }

  /** Waits until no reader holds the others up, or the call is given up. */
  async #room(run: Run): Promise<void> {
    while (this.#isHeld && !run.controller.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      run.wake = resolve;
      await promise;
    }
  }

  /** The messages have ended by themselves. A call that was given up concerns nobody. */
  #end(run: Run, failure: { readonly error: unknown } | undefined): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    // What failed may be what the messages are checked by: then the call itself still goes on.
    run.controller.abort(new ConnectError("the stream was left", Code.Canceled));
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const reader of readers) reader.end(failure);
  }
}

interface Run {
  readonly demand: number;
  readonly controller: AbortController;
  /** Looks again whether the readers have room. */
  wake: () => void;
}

/** The call's rate: without a limit as soon as one reader wants none, or none of them cares. */
function highest(demands: readonly (number | undefined)[]): number {
  const named = demands.filter((demand) => demand !== undefined);
  return named.length === 0 || named.includes(0) ? 0 : Math.max(...named);
}

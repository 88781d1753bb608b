import { Code, ConnectError } from "@connectrpc/connect";
import { type LinkedAbort, linkAbort } from "./linked-abort.js";

/**
 * The messages of one server-streaming call.
 *
 * The call starts with the first `next()` and is cancelled as soon as the loop is left: by `break`, `return`, an exception
 * in the loop, the end of an `await using` block, or the caller's `AbortSignal`. It can be iterated once.
 */
export interface ServerStream<T> extends AsyncIterableIterator<T>, AsyncDisposable {}

/**
 * Makes a {@link ServerStream} of a call. `open` receives the signal that cancels the call and returns its messages.
 *
 * Connect's own iterators have no `return()`, so leaving a loop over them leaves the call running; this one owns the
 * signal and aborts it.
 */
export function createServerStream<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal | undefined,
): ServerStream<T> {
  return new ServerStreamImpl(open, signal);
}

class ServerStreamImpl<T> implements ServerStream<T> {
  readonly #open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly #callerSignal: AbortSignal | undefined;
  #call: LinkedAbort | undefined;
  #messages: AsyncIterator<T> | undefined;
  #isLeft = false;

  constructor(open: (signal: AbortSignal) => AsyncIterable<T>, signal: AbortSignal | undefined) {
    this.#open = open;
    this.#callerSignal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#isLeft) return { done: true, value: undefined };
    try {
      this.#messages ??= this.#start();
      const result = await this.#messages.next();
      // A message that was already on its way when the loop was left is not delivered any more.
      if (this.#isLeft) return { done: true, value: undefined };
      if (result.done === true) this.#leave();
      return result;
    } catch (error) {
      if (this.#isLeft) return { done: true, value: undefined };
      this.#leave();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<T>> {
    this.#leave();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<T>> {
    this.#leave();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
  }

  #start(): AsyncIterator<T> {
    this.#call = linkAbort(this.#callerSignal);
    return this.#open(this.#call.controller.signal)[Symbol.asyncIterator]();
  }

  #leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#call?.unlink();
    this.#call?.controller.abort(new ConnectError("the stream was left", Code.Canceled));
  }
}

import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerStream } from "@resoio/core";

/** Options of {@link createNewestStream}. */
export interface NewestStreamOptions<M, T> {
  /** Starts the call. The signal cancels it. */
  readonly open: (signal: AbortSignal) => AsyncIterable<M>;
  /** Makes what the loop gets. `skipped` is how many messages were dropped since the one before. */
  readonly convert: (message: M, skipped: number) => T;
  /** The caller's: cancels the call when it is aborted. */
  readonly signal: AbortSignal | undefined;
}

/** Makes a stream of which a slow loop always gets the newest message: it reads ahead and holds one. */
export function createNewestStream<M, T>(options: NewestStreamOptions<M, T>): ServerStream<T> {
  return new NewestStream(options);
}

class NewestStream<M, T> implements ServerStream<T> {
  readonly #options: NewestStreamOptions<M, T>;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => {
    // What waits is not delivered any more, as with any call that is cancelled.
    this.#waiting = undefined;
    this.#controller.abort(this.#options.signal?.reason);
  };
  #isStarted = false;
  #waiting: { readonly message: M } | undefined;
  #skipped = 0;
  #reader: PromiseWithResolvers<IteratorResult<T>> | undefined;
  /** The call has ended. Its failure is told once. */
  #end: { failure: { readonly error: unknown } | undefined } | undefined;

  constructor(options: NewestStreamOptions<M, T>) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#reader !== undefined) {
      throw new ConnectError("a stream can have one reader at a time", Code.FailedPrecondition);
    }
    this.#start();
    if (this.#waiting !== undefined) {
      const { message } = this.#waiting;
      this.#waiting = undefined;
      try {
        return this.#result(message);
      } catch (error) {
        this.#leave();
        throw error;
      }
    }
    if (this.#end === undefined) {
      this.#reader = Promise.withResolvers();
      return await this.#reader.promise;
    }
    const { failure } = this.#end;
    this.#end.failure = undefined;
    if (failure !== undefined) throw failure.error;
    return { done: true, value: undefined };
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

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { signal } = this.#options;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const { signal } = this.#controller;
      for await (const message of this.#options.open(signal)) {
        if (!signal.aborted) this.#put(message);
      }
      this.#finish(undefined);
    } catch (error) {
      this.#finish({ error });
      // What failed may be the conversion: then the call itself still goes on.
      this.#controller.abort(new ConnectError("the stream was left", Code.Canceled));
    }
  }

  #put(message: M): void {
    const reader = this.#reader;
    if (reader !== undefined) {
      const result = this.#result(message);
      this.#reader = undefined;
      reader.resolve(result);
      return;
    }
    if (this.#waiting !== undefined) this.#skipped++;
    this.#waiting = { message };
  }

  #result(message: M): IteratorResult<T> {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return { done: false, value: this.#options.convert(message, skipped) };
  }

  #finish(failure: { readonly error: unknown } | undefined): void {
    if (this.#end !== undefined) return;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const reader = this.#reader;
    this.#reader = undefined;
    this.#end = { failure: reader === undefined ? failure : undefined };
    if (reader === undefined) return;
    if (failure === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(failure.error);
  }

  /** The loop was left. */
  #leave(): void {
    this.#isStarted = true;
    this.#waiting = undefined;
    this.#finish(undefined);
    this.#controller.abort(new ConnectError("the stream was left", Code.Canceled));
  }
}

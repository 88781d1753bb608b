/**
 * The requests of a client stream, from a program that must not wait to a transport that takes them when it can. It holds
 * at most one message: one that comes while another is not taken yet is merged into that.
 *
 * For one reader, which asks for one message at a time, as transports do.
 */
export class LatestMessage<T> implements AsyncIterableIterator<T> {
  readonly #merge: (earlier: T, later: T) => T;
  #message: { readonly value: T } | undefined;
  #reader: PromiseWithResolvers<IteratorResult<T>> | undefined;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(merge: (earlier: T, later: T) => T) {
    this.#merge = merge;
  }

  /** Hands `message` over, or merges it into what is still waiting. One that comes after the end is dropped. */
  put(message: T): void {
    if (this.#isEnded) return;
    if (this.#reader !== undefined) {
      this.#reader.resolve({ done: false, value: message });
      this.#reader = undefined;
    } else {
      this.#message = { value: this.#message === undefined ? message : this.#merge(this.#message.value, message) };
    }
  }

  /** Ends the messages in good order, after the one that is still waiting. */
  end(): void {
    this.#isEnded = true;
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#message !== undefined) {
      const { value } = this.#message;
      this.#message = undefined;
      return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The transport wants no more. */
  return(): Promise<IteratorResult<T>> {
    this.#message = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The call has failed. A read that waits fails too, so that no transport takes this for an end in good order. */
  throw(error: unknown): Promise<IteratorResult<T>> {
    this.#isEnded = true;
    this.#message = undefined;
    this.#failure ??= { error };
    this.#reader?.reject(error);
    this.#reader = undefined;
    return Promise.reject(error);
  }
}

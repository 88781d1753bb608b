/** The requests of a stream, one at a time, from a test that is told when each was taken. */
export class Requests<T> implements AsyncIterableIterator<T> {
  readonly #decode: (bytes: Uint8Array) => T;
  #offered: { readonly value: T; readonly taken: (isWanted: boolean) => void } | undefined;
  #reader: PromiseWithResolvers<IteratorResult<T>> | undefined;
  #end: { readonly error: unknown } | "good" | undefined;

  constructor(decode: (bytes: Uint8Array) => T) {
    this.#decode = decode;
  }

  /** Resolves with true when the request has been taken, with false when nobody wants it any more. `undefined` is the end. */
  async put(bytes: Uint8Array | undefined): Promise<boolean> {
    if (this.#end !== undefined) return false;
    if (bytes === undefined) {
      this.#finish("good");
      return true;
    }
    const value = this.#decode(bytes);
    if (this.#reader !== undefined) {
      this.#reader.resolve({ done: false, value });
      this.#reader = undefined;
      return true;
    }
    return await new Promise<boolean>((taken) => {
      this.#offered = { value, taken };
    });
  }

  /** Fails the stream of requests. */
  fail(error: unknown): void {
    if (this.#end === undefined) this.#finish({ error });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    const offered = this.#offered;
    if (offered !== undefined) {
      this.#offered = undefined;
      offered.taken(true);
      return { done: false, value: offered.value };
    }
    if (this.#end === undefined) {
      this.#reader = Promise.withResolvers();
      return await this.#reader.promise;
    }
    if (this.#end !== "good") throw this.#end.error;
    return { done: true, value: undefined };
  }

  /** The call wants no more. */
  async return(): Promise<IteratorResult<T>> {
    this.#finish("good");
    return { done: true, value: undefined };
  }

  #finish(end: { readonly error: unknown } | "good"): void {
    this.#end ??= end;
    this.#offered?.taken(false);
    this.#offered = undefined;
    if (end === "good") this.#reader?.resolve({ done: true, value: undefined });
    else this.#reader?.reject(end.error);
    this.#reader = undefined;
  }
}

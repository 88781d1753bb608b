/** When so much waits, the sender is told to wait. */
const highWaterBytes = 256 * 1024;

/** What a message takes beside its bytes, so that a flood of empty ones fills the queue as well. */
const entryBytes = 128;

interface Entry<T> {
  readonly message: T;
  readonly bytes: number;
}

/** The requests of one call on their way to a transport that pulls them. */
export class RequestQueue<T> implements AsyncIterableIterator<T> {
  readonly #waiting: Entry<T>[] = [];
  #waitingBytes = 0;
  #end: { readonly failure: { readonly error: unknown } | undefined } | undefined;
  #reader: PromiseWithResolvers<IteratorResult<T>> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  /** Adds a request that came as `byteLength` bytes. False means that enough waits: see {@link drained}. */
  push(message: T, byteLength: number): boolean {
    if (this.#end !== undefined) return true;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: message });
      return true;
    }
    const bytes = byteLength + entryBytes;
    this.#waiting.push({ message, bytes });
    this.#waitingBytes += bytes;
    return this.#waitingBytes < highWaterBytes;
  }

  /** Resolves when nothing waits, or nobody will read it any more. */
  async drained(): Promise<void> {
    if (this.#waiting.length === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Says that no request follows those that wait. */
  finish(): void {
    if (this.#end !== undefined) return;
    this.#end = { failure: undefined };
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  /**
   * Drops what waits and fails the read. Not the same as an end in good order: a mod that is told that a drive has ended lets
   * the avatar walk on.
   */
  fail(error: unknown): void {
    this.#drop();
    this.#end = { failure: { error } };
    this.#reader?.reject(error);
    this.#reader = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    const entry = this.#waiting.shift();
    if (entry !== undefined) {
      this.#waitingBytes -= entry.bytes;
      if (this.#waiting.length === 0) this.#settleDrained();
      return Promise.resolve({ done: false, value: entry.message });
    }
    if (this.#end?.failure !== undefined) return Promise.reject(this.#end.failure.error);
    if (this.#end !== undefined) return Promise.resolve({ done: true, value: undefined });
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The transport wants no more. */
  return(): Promise<IteratorResult<T>> {
    this.#drop();
    this.finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The transport is told of a failure. Connect cannot do without. */
  throw(error: unknown): Promise<IteratorResult<T>> {
    this.fail(error);
    return Promise.reject(error);
  }

  #drop(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#settleDrained();
  }

  #settleDrained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}

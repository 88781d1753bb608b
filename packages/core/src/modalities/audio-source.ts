import { InvalidOptionsError } from "../errors/invalid-options-error.js";

/**
 * Where sound comes from, chunk by chunk: mono samples from -1 to 1 at 48,000 per second. Chunks may differ in length.
 *
 * An async generator that waits for its next chunk cannot be closed before it has come; what must be let go of at once,
 * for example a recording, is better a `ReadableStream`.
 */
export type AudioSource = AsyncIterable<Float32Array> | ReadableStream<Float32Array>;

/**
 * Reads an {@link AudioSource} and closes it once. Unlike the source itself it can be closed also while a read is waiting,
 * which then settles at once.
 */
export class AudioReader {
  readonly #source: AsyncIterator<unknown, unknown, undefined>;
  #pending: PromiseWithResolvers<Float32Array | undefined> | undefined;
  #isEnded = false;

  /** Throws {@link InvalidOptionsError} for a source that cannot be read. */
  constructor(source: AudioSource) {
    this.#source = open(source);
  }

  /**
   * The next chunk, or `undefined` at the end. Fails with what the source throws, and with {@link InvalidOptionsError} for
   * a chunk that is not a `Float32Array`.
   */
  next(): Promise<Float32Array | undefined> {
    if (this.#isEnded) return Promise.resolve(undefined);
    const pending = Promise.withResolvers<Float32Array | undefined>();
    this.#pending = pending;
    void this.#pull(pending);
    return pending.promise;
  }

  /** Closes the source, unless it has ended. A waiting read gets `failure`, or else the end. */
  async close(failure?: { readonly error: unknown }): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (failure === undefined) this.#pending?.resolve(undefined);
    else this.#pending?.reject(failure.error);
    await this.#source.return?.();
  }

  async #pull(pending: PromiseWithResolvers<Float32Array | undefined>): Promise<void> {
    try {
      const { done, value } = await this.#source.next();
      // After close() the read is settled, and what comes now is for nobody.
      if (done === true) {
        this.#isEnded = true;
        pending.resolve(undefined);
      } else if (value instanceof Float32Array) {
        pending.resolve(value);
      } else {
        const error = new InvalidOptionsError(`every chunk of sound must be a Float32Array, not ${nameOf(value)}`);
        await this.close({ error });
      }
    } catch (error) {
      this.#isEnded = true;
      pending.reject(error);
    }
  }
}

function open(source: AudioSource): AsyncIterator<unknown, unknown, undefined> {
  // Not every browser can iterate over a stream, and its reader can be cancelled while it waits.
  if (isStream(source)) {
    if (source.locked) throw new InvalidOptionsError("the stream of sound is locked: something else reads it already");
    const reader = source.getReader();
    return {
      next: () => reader.read(),
      async return() {
        await reader.cancel();
        return { done: true, value: undefined };
      },
    };
  }
  if (typeof source?.[Symbol.asyncIterator] !== "function") {
    throw new InvalidOptionsError(`sound comes from an AsyncIterable or a ReadableStream, not from ${nameOf(source)}`);
  }
  return source[Symbol.asyncIterator]();
}

function isStream(source: AudioSource): source is ReadableStream<Float32Array> {
  return typeof source === "object" && source !== null && "getReader" in source;
}

function nameOf(value: unknown): string {
  return typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : String(value);
}

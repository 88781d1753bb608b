import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { maxTimerMs } from "../max-timer-ms.js";
import { AudioReader, type AudioSource } from "./audio-source.js";
import { microphoneSampleRateHz } from "./microphone.js";

/** Options of {@link paced}. */
export interface PacedOptions {
  /** Samples per second. Default 48,000, which is what the microphone takes. */
  readonly sampleRateHz?: number;
  /** Ends the wait and the chunks: reading fails with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** How far behind a source may fall and still catch up. The mod can hold twice as much before it loses sound. */
const maxCatchUpMs = 1_000;

/**
 * Hands out the chunks of `source` in real time, for `MicrophoneClient.stream`: each one is followed by a wait for
 * as long as it sounds, also the last. Empty chunks take no time.
 *
 * The waits follow the clock from the first chunk on, so they do not add up errors. A source that is late catches up, but
 * after more than a second the schedule starts anew, because the mod would lose part of the burst.
 *
 * For sound that is there already; a live source paces itself. Leaving the loop closes `source`. Throws
 * {@link InvalidOptionsError} at once for a `sampleRateHz` that is not above 0 or a `source` that cannot be read, and
 * while reading for a chunk that is not a `Float32Array`.
 */
export function paced(source: AudioSource, options: PacedOptions = {}): AsyncIterableIterator<Float32Array> {
  const { sampleRateHz = microphoneSampleRateHz, signal } = options;
  if (!(sampleRateHz > 0 && sampleRateHz < Infinity)) {
    throw new InvalidOptionsError(`sampleRateHz must be a number above 0, not ${sampleRateHz}`);
  }
  return new PacedAudio(new AudioReader(source), sampleRateHz, signal);
}

class PacedAudio implements AsyncIterableIterator<Float32Array> {
  readonly #reader: AudioReader;
  readonly #sampleRateHz: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#abort();
  /** When the sample after those of `#samples` is due: this, and as long as they sound. */
  #startMs = -Infinity;
  #samples = 0;
  #wake: (() => void) | undefined;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(reader: AudioReader, sampleRateHz: number, signal: AbortSignal | undefined) {
    this.#reader = reader;
    this.#sampleRateHz = sampleRateHz;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Float32Array>> {
    if (!this.#isEnded) {
      if (this.#signal?.aborted === true) this.#abort();
      // Adds it once, however often this is done.
      else this.#signal?.addEventListener("abort", this.#onAbort);
    }
    try {
      await this.#untilDue();
      if (this.#failure !== undefined) throw this.#failure.error;
      // A reader that was closed meanwhile is at its end.
      const chunk = await this.#reader.next();
      if (chunk === undefined) {
        this.#end();
        return { done: true, value: undefined };
      }
      this.#schedule(chunk.length);
      return { done: false, value: chunk };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Float32Array>> {
    this.#end();
    await this.#reader.close();
    return { done: true, value: undefined };
  }

  #schedule(samples: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#dueMs() > maxCatchUpMs) {
      this.#startMs = nowMs;
      this.#samples = 0;
    }
    this.#samples += samples;
  }

  #dueMs(): number {
    return this.#startMs + (this.#samples / this.#sampleRateHz) * 1_000;
  }

  async #untilDue(): Promise<void> {
    // Again after waking up, because timers may fire a little early.
    while (!this.#isEnded) {
      const delayMs = Math.ceil(this.#dueMs() - performance.now());
      if (!(delayMs > 0)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, Math.min(delayMs, maxTimerMs));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      await promise;
    }
  }

  #abort(): void {
    this.#end();
    this.#failure = { error: this.#signal?.reason };
    // A read that waits gets the reason. What closing throws comes too late for anybody.
    this.#reader.close(this.#failure).catch(() => {});
  }

  #end(): void {
    this.#isEnded = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
  }
}

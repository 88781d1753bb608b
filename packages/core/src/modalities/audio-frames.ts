import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MicrophoneAudioFrameSchema } from "../gen/resonite_io/v1/microphone_pb.js";
import { unixNanosNow } from "../unix-nanos.js";
import { AudioReader, type AudioSource } from "./audio-source.js";
import { float32Bytes } from "./float32-bytes.js";

type Frame = MessageInitShape<typeof MicrophoneAudioFrameSchema>;

/** The request messages of a microphone call. The transport pulls, so the source is read as fast as frames are sent. */
export class AudioFrames implements AsyncIterableIterator<Frame> {
  readonly #reader: AudioReader;
  readonly #onFailure: (error: unknown) => void;
  #failure: { readonly error: unknown } | undefined;
  #nextFrameId = 0n;
  #isClosed = false;

  /** `onFailure` is told when the source fails, or gives something else than sound. */
  constructor(source: AudioSource, onFailure: (error: unknown) => void) {
    this.#reader = new AudioReader(source);
    this.#onFailure = onFailure;
  }

  /** Why the source failed, if it has. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Frame>> {
    const chunk = await this.#read();
    if (chunk === undefined) return { done: true, value: undefined };
    const samples = float32Bytes(chunk);
    const frame = { frameId: this.#nextFrameId++, unixNanos: unixNanosNow(), sampleCount: chunk.length, samples };
    return { done: false, value: frame };
  }

  /** The transport wants no more. It does not wait for the source, which may take its time. */
  async return(): Promise<IteratorResult<Frame>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** The call has failed. A read that waits fails too, so that no transport takes this for the end of the sound. */
  async throw(error: unknown): Promise<IteratorResult<Frame>> {
    this.close({ error });
    throw error;
  }

  /** Closes the source. What closing throws concerns nobody: the outcome of the call is known by then. */
  close(failure?: { readonly error: unknown }): void {
    this.#isClosed = true;
    this.#reader.close(failure).catch(() => {});
  }

  async #read(): Promise<Float32Array | undefined> {
    try {
      return await this.#reader.next();
    } catch (error) {
      if (!this.#isClosed) {
        this.#failure = { error };
        this.#onFailure(error);
      }
      throw error;
    }
  }
}

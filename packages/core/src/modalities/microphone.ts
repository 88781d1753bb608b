import { type CallOptions, type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { Microphone } from "../gen/resonite_io/v1/microphone_pb.js";
import { linkAbort } from "../streams/linked-abort.js";
import { AudioFrames } from "./audio-frames.js";
import type { AudioSource } from "./audio-source.js";

export type { AudioSource } from "./audio-source.js";

/** The sample rate of the microphone, in samples per second. It has one channel. */
export const microphoneSampleRateHz = 48_000;

/** What one call of {@link MicrophoneClient.stream} delivered. */
export interface MicrophoneStreamSummary {
  /** How many chunks the mod received, empty ones included. */
  readonly receivedFrames: bigint;
  /** How many samples the mod received. */
  readonly receivedSamples: bigint;
  /** Always 0 with today's mod: samples that were lost because too many came at once are not counted. */
  readonly droppedFrames: bigint;
  /** The mod's clock at the end of the call: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
}

/**
 * Speaks into the world as the local user's voice.
 *
 * The mod has one buffer of 2 seconds for all callers. Parallel calls follow each other in it instead of being mixed, and
 * cancelling any of them empties it for all.
 */
export class MicrophoneClient implements Covers<typeof Microphone, { streamAudio: "stream" }> {
  readonly #rpc: Client<typeof Microphone>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Microphone, transport);
  }

  /**
   * Sends sound until `source` ends, and returns what arrived. What the mod has by then is still played.
   *
   * The mod plays in real time and does not slow the call down: more than 2 seconds ahead, the oldest sound is lost
   * silently. A live source is right as it is; wrap a ready-made one in `paced`. A chunk is sent without a copy, so
   * it may be changed only once the next one is asked for.
   *
   * A call that is cancelled, or fails, falls silent at once. However it ends, `source` is closed if it had more to give;
   * closing is not waited for.
   *
   * Fails with `Unavailable` when the mod has no microphone bridge, `FailedPrecondition` while the bridge is not ready, and
   * `Internal` when it throws. Throws `InvalidOptionsError` for a `source` that cannot be read or a chunk that is not
   * a `Float32Array`, and what the source throws as it is; both cancel the call.
   */
  async stream(source: AudioSource, options: CallOptions = {}): Promise<MicrophoneStreamSummary> {
    const { signal, ...call } = options;
    const { controller, unlink } = linkAbort(signal);
    const cancel = (cause: unknown): void =>
      controller.abort(new ConnectError("the sound failed", Code.Canceled, undefined, undefined, cause));
    let frames: AudioFrames | undefined;
    try {
      frames = new AudioFrames(source, cancel);
      const summary = await this.#rpc.streamAudio(frames, { ...call, signal: controller.signal });
      const { receivedFrames, receivedSamples, droppedFrames, unixNanos } = summary;
      return { receivedFrames, receivedSamples, droppedFrames, unixNanos };
    } catch (error) {
      throw frames?.failure === undefined ? error : frames.failure.error;
    } finally {
      frames?.close();
      unlink();
    }
  }
}

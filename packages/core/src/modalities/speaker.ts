import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { Speaker, type AudioFrame as WireFrame } from "../gen/resonite_io/v1/speaker_pb.js";
import { createServerStream, type ServerStream } from "../streams/server-stream.js";
import { readSamples, speakerChannels } from "./speaker-samples.js";

/** A piece of the sound that the game plays: 48,000 samples per second, left and right. */
export interface SpeakerChunk {
  /**
   * Samples of both channels by turns: left, right, left, right, ... Full loudness is -1 to 1. `deinterleave` takes them apart.
   *
   * A view of the message as it was received wherever the machine can read that in place, and a copy otherwise. Keeping the
   * view keeps the whole message in memory.
   */
  readonly samples: Float32Array;
  /** Samples per channel: half of `samples.length`. Depends on the audio driver, typically 1024 to 4096, and may vary. */
  readonly sampleCount: number;
  /** When the engine handed the sound over: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
  /** Number of this chunk since the mod started, from 0. Not that of the call: a stream begins anywhere. */
  readonly frameId: bigint;
  /**
   * How many chunks lie between the one before in this stream and this one, by their {@link frameId}: sound that the mod
   * dropped, or that another stream took. 0 for the first.
   */
  readonly missedFrames: number;
}

/**
 * Plays what the game plays: world, voices and interface, mixed.
 *
 * The mod has one queue for all callers. Two streams, also of two programs, share its sound: each chunk goes to one of them.
 */
export class SpeakerClient implements Covers<typeof Speaker, { streamAudio: "stream" }> {
  readonly #rpc: Client<typeof Speaker>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Speaker, transport);
  }

  /**
   * Streams sound until the loop is left or the mod shuts down, which ends the loop without an error.
   *
   * The mod keeps up to 32 chunks, also while nobody listens, and drops new ones when that is full. So a stream may begin
   * with old sound and then jump to the present (see `unixNanos`), and a slow loop loses sound (see `missedFrames`). While
   * the engine has no sound output, nothing comes, and the loop waits.
   *
   * Fails with `Unavailable` when the mod has no speaker bridge and with `Internal` when the bridge throws. Throws
   * {@link MalformedResponseError} for a chunk whose bytes are not pairs of samples.
   */
  stream(options: CallOptions = {}): ServerStream<SpeakerChunk> {
    const { signal, ...call } = options;
    return createServerStream(
      (streamSignal) => chunks(this.#rpc.streamAudio({}, { ...call, signal: streamSignal })),
      signal,
    );
  }
}

const bytesPerSamplePair = speakerChannels * Float32Array.BYTES_PER_ELEMENT;

async function* chunks(messages: AsyncIterable<WireFrame>): AsyncGenerator<SpeakerChunk> {
  let expectedId: bigint | undefined;
  for await (const { samples: bytes, unixNanos, frameId } of messages) {
    // The bytes decide how many samples there are; the count beside them could only contradict.
    const sampleCount = bytes.byteLength / bytesPerSamplePair;
    if (!Number.isInteger(sampleCount)) {
      throw new MalformedResponseError(
        `audio frame ${frameId} has ${bytes.byteLength} bytes of samples, which is not a multiple of ${bytesPerSamplePair}`,
      );
    }
    const missedFrames = expectedId === undefined || frameId < expectedId ? 0 : Number(frameId - expectedId);
    expectedId = frameId + 1n;
    yield { samples: readSamples(bytes), sampleCount, unixNanos, frameId, missedFrames };
  }
}

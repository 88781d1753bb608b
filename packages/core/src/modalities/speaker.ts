import { type CallOptions, createClient, type Transport } from "@connectrpc/connect";
import type { ReconnectPolicy } from "../connection/reconnect-policy.js";
import type { Covers } from "../covers.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { Speaker, type AudioFrame as WireFrame } from "../gen/resonite_io/v1/speaker_pb.js";
import { type ResumedMessage, resumedStream, type StreamGap } from "../streams/resumed-stream.js";
import { createServerStream, type ServerStream } from "../streams/server-stream.js";
import { shareByTransport } from "../streams/share-by-transport.js";
import { SharedStream } from "../streams/shared-stream.js";
import type { SharedMessage } from "../streams/stream-reader.js";
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
   * dropped, or that another program took. 0 for the first, and for the first after a {@link gap}.
   */
  readonly missedFrames: number;
  /** The interruption in front of this chunk, in a stream that resumes. `undefined` for all other chunks. */
  readonly gap: StreamGap | undefined;
}

/** Options of {@link SpeakerClient.stream}. */
export interface SpeakerStreamOptions extends CallOptions {
  /**
   * Whether the stream goes on by itself after the connection broke or the game was restarted; the first chunk afterwards says so
   * in `gap`. `true` stands for `createReconnectPolicy()`. The first call must work. Default false.
   */
  readonly resume?: boolean | ReconnectPolicy;
}

/** How many chunks may wait for a loop, beside those in the mod and on the way. About a second of sound. */
const maxWaitingChunks = 64;

/**
 * Plays what the game plays: world, voices and interface, mixed.
 *
 * The mod has one queue for all callers: each chunk goes to one of its calls. So all streams of a program over one transport share
 * one call, and each of them hears everything. Two programs still take chunks from each other, and so do streams with headers
 * or context values of their own, which have a call of their own. A loop that stops for long holds the program's others up.
 */
export class SpeakerClient implements Covers<typeof Speaker, { streamAudio: "stream" }> {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Streams sound until the loop is left or the mod shuts down, which ends the loop without an error.
   *
   * The mod keeps up to 32 chunks, also while nobody listens, and drops new ones when that is full. So a stream may begin
   * with old sound and then jump to the present (see `unixNanos`), and a slow loop loses sound (see `missedFrames`). While
   * the engine has no sound output, nothing comes, and the loop waits.
   *
   * Fails with `Unavailable` when the mod has no speaker bridge or the connection breaks, `Internal` when the bridge throws, and
   * `DeadlineExceeded` after `timeoutMs`, in which all calls and pauses of a stream that resumes have to fit. Throws
   * {@link MalformedResponseError} for a chunk whose bytes are not pairs of samples.
   */
  stream(options: SpeakerStreamOptions = {}): ServerStream<SpeakerChunk> {
    const { resume, signal, timeoutMs, ...call } = options;
    const source = sourceOf(this.#transport, call);
    return createServerStream((streamSignal) => {
      const open = (readSignal: AbortSignal) =>
        source.read({ capacity: maxWaitingChunks, whenFull: "hold", signal: readSignal });
      return chunks(resumedStream(open, { resume, signal: streamSignal, timeoutMs }));
    }, signal);
  }
}

const sourceOf = shareByTransport((transport, call) => {
  const rpc = createClient(Speaker, transport);
  return new SharedStream({
    open: (signal) => rpc.streamAudio({}, { ...call, signal }),
    nanosOf: (chunk) => chunk.unixNanos,
  });
});

const bytesPerSamplePair = speakerChannels * Float32Array.BYTES_PER_ELEMENT;

async function* chunks(
  messages: AsyncIterable<ResumedMessage<SharedMessage<WireFrame>>>,
): AsyncGenerator<SpeakerChunk> {
  let expectedId: bigint | undefined;
  for await (const { message, gap } of messages) {
    const { samples: bytes, unixNanos, frameId } = message.message;
    // The bytes decide how many samples there are; the count beside them could only contradict.
    const sampleCount = bytes.byteLength / bytesPerSamplePair;
    if (!Number.isInteger(sampleCount)) {
      throw new MalformedResponseError(
        `audio frame ${frameId} has ${bytes.byteLength} bytes of samples, which is not a multiple of ${bytesPerSamplePair}`,
      );
    }
    if (gap !== undefined) expectedId = undefined;
    const missedFrames = expectedId === undefined || frameId < expectedId ? 0 : Number(frameId - expectedId);
    expectedId = frameId + 1n;
    yield { samples: readSamples(bytes), sampleCount, unixNanos, frameId, missedFrames, gap };
  }
}

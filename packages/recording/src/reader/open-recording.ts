import { fromBinary, type Message } from "@bufbuild/protobuf";
import { McapIndexedReader, type McapTypes } from "@mcap/core";
import {
  GapSchema,
  type Keyframe,
  KeyframeSchema,
  MarkerKind,
  MarkerSchema,
} from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { MalformedRecordingError } from "../errors/malformed-recording-error.js";
import { decodeEndMetadata, decodeStartMetadata, endMetadataName, startMetadataName } from "../format/metadata.js";
import { cameraRpc } from "../format/names.js";
import { decodeImage } from "../format/picture-image.js";
import { keyframeTopic, pictureTopic, requestTopic, responseTopic, topics } from "../format/topics.js";
import { msToNanos, nanosToMs } from "../moment.js";
import { type Crc32, portableCrc32 } from "../writer/crc32.js";
import { type Decompressors, portableDecompressors } from "./decompression.js";
import { readCalls } from "./read-calls.js";
import { readTopics } from "./recorded-topics.js";
import type {
  CallsOptions,
  MessagesOptions,
  RecordedCall,
  RecordedFrame,
  RecordedGap,
  RecordedMessage,
  RecordedTopic,
  RecordedUnaryCall,
  RecordingInfo,
  RecordingReader,
  TimeRange,
} from "./recording-reader.js";
import type { RecordingSource } from "./recording-source.js";
import { type Recovery, recoverRecording } from "./recover-recording.js";

/** Options of {@link openRecording}. */
export interface OpenRecordingOptions {
  /** Further compressions, or faster decompressors. Default: zstd, in plain JavaScript. */
  readonly decompressors?: Decompressors | undefined;
  /** Computes checksums while a damaged recording is read. Default: in plain JavaScript. */
  readonly crc32?: Crc32 | undefined;
  /** Whether each chunk is checked when it is read. Default true. */
  readonly checkCrcs?: boolean | undefined;
  /**
   * What to do about a recording without an end, or with a damaged one. `"auto"`: look through it from its start and use what can
   * be read. `"always"`: do so for every recording, which finds damage in the middle as well. `"never"`: fail. Default `"auto"`.
   */
  readonly recover?: "auto" | "always" | "never" | undefined;
}

/**
 * Opens a recording. One that has no end, as after a crash, is read up to where it breaks off.
 *
 * Throws {@link MalformedRecordingError} for what is none.
 */
export async function openRecording(
  source: RecordingSource,
  options: OpenRecordingOptions = {},
): Promise<RecordingReader> {
  const decompressors = { ...portableDecompressors, ...options.decompressors };
  const { crc32 = portableCrc32, checkCrcs = true, recover = "auto" } = options;
  const byteLength = Number(await source.size());
  let mcap = recover === "always" ? undefined : await tryOpen(source, decompressors, recover === "never");
  let recovery: Recovery | undefined;
  if (mcap === undefined) {
    recovery = await recoverRecording(source, { decompressors, crc32 });
    mcap = await openIndexed(recovery.source, decompressors);
  }
  const info = await readInfo(mcap, byteLength, recovery);
  return new RecordingReaderImpl({ mcap, source: recovery?.source ?? source, checkCrcs, info });
}

/** `undefined` for a recording that has no end, or a damaged one. */
async function tryOpen(
  source: RecordingSource,
  decompressors: Decompressors,
  mustWork: boolean,
): Promise<McapIndexedReader | undefined> {
  try {
    return await openIndexed(source, decompressors);
  } catch (cause) {
    if (!mustWork) return undefined;
    throw new MalformedRecordingError(`the recording has no end, or a damaged one: ${messageOf(cause)}`, { cause });
  }
}

async function openIndexed(source: RecordingSource, decompressors: Decompressors): Promise<McapIndexedReader> {
  const decompressHandlers = Object.fromEntries(
    Object.entries(decompressors).map(([name, decompress]) => [
      name,
      (data: Uint8Array, byteLength: bigint) => decompress(data, Number(byteLength)),
    ]),
  );
  return await McapIndexedReader.Initialize({ readable: source, decompressHandlers });
}

/** What {@link RecordingReaderImpl} reads. */
interface OpenedRecording {
  readonly mcap: McapIndexedReader;
  readonly source: RecordingSource;
  readonly checkCrcs: boolean;
  readonly info: RecordingInfo;
}

async function readInfo(
  mcap: McapIndexedReader,
  byteLength: number,
  recovery: Recovery | undefined,
): Promise<RecordingInfo> {
  const { statistics } = mcap;
  const metadata = new Map<string, McapTypes.Metadata>();
  for await (const record of mcap.readMetadata()) metadata.set(record.name, record);
  const startRecord = metadata.get(startMetadataName);
  const endRecord = metadata.get(endMetadataName);
  const start = startRecord && decodeStartMetadata(startRecord);
  const end = endRecord && decodeEndMetadata(endRecord);
  const startUnixNanos = start?.startUnixNanos ?? statistics?.messageStartTime ?? 0n;
  const lastNanos =
    statistics === undefined || statistics.messageCount === 0n ? startUnixNanos : statistics.messageEndTime;
  const loopStart = end === undefined ? await lastLoopStart(mcap) : end.loopStartNanos;
  const isDamaged = recovery !== undefined && (recovery.lostBytes > 0 || recovery.lostChunks > 0);
  return {
    formatVersion: start?.version,
    startUnixNanos,
    durationMs: nanosToMs(end?.durationNanos ?? lastNanos - startUnixNanos),
    loopStartMs: loopStart === undefined ? undefined : nanosToMs(loopStart),
    times: start?.times ?? "wall",
    metadata: start?.metadata ?? {},
    byteLength,
    messages: Number(statistics?.messageCount ?? 0n),
    isComplete: end !== undefined && !isDamaged,
    lost: isDamaged ? { bytes: recovery.lostBytes, chunks: recovery.lostChunks } : undefined,
  };

  async function lastLoopStart(from: McapIndexedReader): Promise<bigint | undefined> {
    let found: bigint | undefined;
    for await (const { data } of from.readMessages({ topics: [topics.markers] })) {
      const { kind, atUnixNanos } = fromBinary(MarkerSchema, data);
      if (kind === MarkerKind.LOOP_START) found = atUnixNanos - startUnixNanos;
    }
    return found !== undefined && found < lastNanos - startUnixNanos ? found : undefined;
  }
}

class RecordingReaderImpl implements RecordingReader {
  readonly info: RecordingInfo;
  readonly topics: readonly RecordedTopic[];
  readonly #mcap: McapIndexedReader;
  readonly #source: RecordingSource;
  readonly #checkCrcs: boolean;
  readonly #topicsById: ReadonlyMap<number, RecordedTopic>;

  constructor({ mcap, source, checkCrcs, info }: OpenedRecording) {
    this.info = info;
    this.#mcap = mcap;
    this.#source = source;
    this.#checkCrcs = checkCrcs;
    this.#topicsById = readTopics(mcap);
    this.topics = [...this.#topicsById.values()].toSorted((one, other) => (one.topic < other.topic ? -1 : 1));
  }

  async *messages(options: MessagesOptions = {}): AsyncGenerator<RecordedMessage, void, void> {
    const { topics: names, fromMs, toMs, reverse = false } = options;
    const { startUnixNanos } = this.info;
    const messages = this.#mcap.readMessages({
      validateCrcs: this.#checkCrcs,
      reverse,
      ...(names === undefined ? {} : { topics: names }),
      ...(fromMs === undefined ? {} : { startTime: startUnixNanos + msToNanos(fromMs) }),
      ...(toMs === undefined ? {} : { endTime: startUnixNanos + msToNanos(toMs) }),
    });
    try {
      for await (const { channelId, sequence, logTime, publishTime, data } of messages) {
        const topic = this.#topicsById.get(channelId);
        if (topic === undefined) continue;
        const atMs = nanosToMs(logTime - startUnixNanos);
        yield { topic, atMs, unixNanos: logTime, wallUnixNanos: publishTime, sequence, data };
      }
    } catch (cause) {
      throw new MalformedRecordingError(`the recording is damaged: ${messageOf(cause)}`, { cause });
    }
  }

  async lastMessage(topic: string, atMs?: number): Promise<RecordedMessage | undefined> {
    for await (const message of this.messages({ topics: [topic], toMs: atMs, reverse: true })) return message;
    return undefined;
  }

  calls(options: CallsOptions = {}): AsyncGenerator<RecordedCall, void, void> {
    return readCalls(this, options, "all");
  }

  unaryCalls(options: CallsOptions = {}): AsyncGenerator<RecordedUnaryCall, void, void> {
    return readCalls(this, options, "unary");
  }

  responses(call: RecordedCall): AsyncGenerator<RecordedMessage, void, void> {
    return this.#messagesOf(call, responseTopic(call.rpc), call.isShared);
  }

  requests(call: RecordedCall): AsyncGenerator<RecordedMessage, void, void> {
    return this.#messagesOf(call, requestTopic(call.rpc), false);
  }

  async *frames(range: TimeRange = {}): AsyncGenerator<RecordedFrame, void, void> {
    const raw = responseTopic(cameraRpc);
    for await (const message of this.messages({ ...range, topics: [raw, pictureTopic(cameraRpc)] })) {
      const { topic, atMs, unixNanos, sequence: call, data: bytes } = message;
      const frame =
        topic.topic === raw
          ? ({ kind: "raw", message: fromBinary(CameraFrameSchema, bytes), bytes } as const)
          : ({ kind: "encoded", message: decodeImage(bytes), bytes } as const);
      yield { atMs, unixNanos, call, frame };
    }
  }

  async keyframe(
    channel: string,
    atMs?: number,
  ): Promise<{ readonly atMs: number; readonly keyframe: Keyframe } | undefined> {
    const message = await this.lastMessage(keyframeTopic(channel), atMs);
    return message && { atMs: message.atMs, keyframe: fromBinary(KeyframeSchema, message.data) };
  }

  async *gaps(): AsyncGenerator<RecordedGap, void, void> {
    const { startUnixNanos } = this.info;
    for await (const { data } of this.messages({ topics: [topics.gaps] })) {
      const { topic, messages, bytes, fromUnixNanos, toUnixNanos } = fromBinary(GapSchema, data);
      yield {
        topic,
        messages: Number(messages),
        bytes: Number(bytes),
        fromMs: nanosToMs(fromUnixNanos - startUnixNanos),
        toMs: nanosToMs(toUnixNanos - startUnixNanos),
      };
    }
  }

  decode({ topic, data }: RecordedMessage): Message {
    return fromBinary(topic.schema, data);
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#messagesOf(
    { number, openedMs, endedMs }: RecordedCall,
    topic: string,
    isShared: boolean,
  ): AsyncGenerator<RecordedMessage, void, void> {
    for await (const message of this.messages({ topics: [topic], fromMs: openedMs, toMs: endedMs })) {
      if (isShared || message.sequence === number) yield message;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

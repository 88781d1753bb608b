import { create, type DescMessage, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { InvalidOptionsError } from "@resoio/core";
import {
  ChannelDirection,
  ChannelEventSchema,
  GapSchema,
  KeyframeSchema,
  MarkerKind,
  MarkerSchema,
} from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { RecordingEndedError } from "../errors/recording-ended-error.js";
import type { RecordingFailedError } from "../errors/recording-failed-error.js";
import { encodeEndMetadata, encodeStartMetadata } from "../format/metadata.js";
import { cameraRpc, libraryName } from "../format/names.js";
import { channelTopic, isOwnTopic, keyframeTopic, topics } from "../format/topics.js";
import { type Moment, msToNanos, nanosToMs } from "../moment.js";
import type { CallTap } from "./call-tap.js";
import { type CallTopics, CallTopicTable } from "./call-topics.js";
import type { ChannelMessage, KeyframeMessage, KeyframeOptions } from "./channel-message.js";
import { FrameEncoder } from "./frame-encoder.js";
import type { FileChannel } from "./mcap-file.js";
import type { ChunkMessage } from "./message-record.js";
import { type CallWriter, RecordedCall } from "./recorded-call.js";
import type { CallInfo, Recording, RecordingStats, RecordingSummary } from "./recording.js";
import type { RecordingCandidate } from "./recording-filter.js";
import { type RecordingOptions, type ResolvedRecordingOptions, resolveRecordingOptions } from "./recording-options.js";
import { type MissingMessages, type Priority, RecordingQueue } from "./recording-queue.js";
import { RecordingStore } from "./recording-store.js";
import { RecordingTime } from "./recording-time.js";
import { TopicTable } from "./topic-table.js";

/**
 * Starts a recording. Its file can be read by every MCAP reader from the first chunk on, also when the program dies.
 *
 * Throws {@link InvalidOptionsError} for options that cannot be.
 */
export function createRecording(options: RecordingOptions): Recording {
  return new RecordingImpl(resolveRecordingOptions(options));
}

class RecordingImpl implements Recording {
  readonly #options: ResolvedRecordingOptions;
  readonly #time: RecordingTime;
  readonly #topics = new TopicTable();
  readonly #callTopics = new CallTopicTable(this.#topics);
  readonly #queue: RecordingQueue;
  readonly #store: RecordingStore;
  readonly #encoder: FrameEncoder | undefined;
  readonly #callWriter: CallWriter = {
    event: ({ events }, call, rest, at) => this.#put("bookkeeping", events, rest, call, at, true),
    request: ({ facts, requests }, sequence, message, at) => this.#put(facts.priority, requests, message, sequence, at),
    response: (calls, sequence, message, at) => {
      if (this.#encoder !== undefined && calls.facts.rpc === cameraRpc) {
        this.#putPicture(this.#encoder, calls, message, sequence, at);
      } else {
        this.#put(calls.facts.priority, calls.responses, message, sequence, at);
      }
    },
  };
  readonly #counts = { messages: 0, messageBytes: 0, filterErrors: 0, refusedMessages: 0, encodeErrors: 0 };
  #calls = 0;
  #channelMessages = 0;
  #markers = 0;
  /** The recorded time of the last message that a player would show. */
  #lastContentTime = -1n;
  #loopStart: bigint | undefined;
  #ending: Promise<RecordingSummary> | undefined;
  #endNanos = 0n;
  #isStopped = false;

  constructor(options: ResolvedRecordingOptions) {
    const { clock, times, metadata, chunkBytes, maxQueueBytes, encodeCamera, sinkTimeoutMs } = options;
    this.#options = options;
    this.#time = new RecordingTime(clock, times);
    this.#queue = new RecordingQueue(maxQueueBytes, chunkBytes);
    this.#store = new RecordingStore({
      options,
      queue: this.#queue,
      topics: this.#topics,
      library: libraryName,
      startMetadata: encodeStartMetadata({ startUnixNanos: this.#time.startUnixNanos, times, metadata }),
      describeMissing: (missing, time) => this.#describe(missing, time),
      onFailure: (failure) => this.#onFailure(failure),
    });
    this.#encoder =
      encodeCamera &&
      new FrameEncoder({
        encode: encodeCamera,
        clock,
        timeoutMs: sinkTimeoutMs,
        onError: (error) => this.#onEncodeError(error),
        onDone: () => this.#store.notify(),
      });
  }

  get startUnixNanos(): bigint {
    return this.#time.startUnixNanos;
  }

  get elapsedMs(): number {
    return nanosToMs(this.#elapsedNanos);
  }

  get stats(): RecordingStats {
    return {
      ...this.#counts,
      storedBytes: this.#store.byteLength,
      queuedBytes: this.#queue.heldBytes,
      droppedMessages: this.#queue.droppedMessages,
      droppedBytes: this.#queue.droppedBytes,
    };
  }

  get started(): Promise<void> {
    return this.#store.started;
  }

  get failure(): RecordingFailedError | undefined {
    return this.#store.failure;
  }

  call(method: DescMethod, info: CallInfo = {}): CallTap | undefined {
    if (!this.#isOpen) return undefined;
    const calls = this.#callTopics.find(method);
    const { isRecordable, rpc } = calls.facts;
    if (!isRecordable) return undefined;
    if (!this.#isWanted(() => ({ kind: "call", rpc, method, client: info.client }))) return undefined;
    return new RecordedCall(this.#callWriter, calls, ++this.#calls, info);
  }

  message(topic: string, schema: DescMessage, bytes: Uint8Array): void {
    if (isOwnTopic(topic)) {
      throw new InvalidOptionsError(`recordings use the topic ${topic} themselves: name another one`);
    }
    if (!this.#isOpen || !this.#isWanted(() => ({ kind: "message", topic, schema, bytes }))) return;
    this.#put("message", this.#topics.find(topic, schema), bytes);
  }

  channelMessage(message: ChannelMessage): void {
    if (!this.#isOpen || !this.#isWanted(() => ({ kind: "channel", message }))) return;
    const { channel, schema, bytes, direction, name = schema.name } = message;
    const { client = "", isPersistent = false, key = "", rooms = [], followingInGroup = 0 } = message;
    const sequence = ++this.#channelMessages;
    const event = create(ChannelEventSchema, {
      channel,
      name,
      direction: direction === "down" ? ChannelDirection.DOWN : ChannelDirection.UP,
      client,
      isPersistent,
      key,
      rooms: [...rooms],
      followingInGroup,
    });
    const events = this.#topics.find(topics.channelEvents, ChannelEventSchema);
    // With the same time, so that whoever reads from some time on finds both or none.
    const at = this.#time.read(message.at);
    this.#put("message", events, toBinary(ChannelEventSchema, event), sequence, at);
    const topic = this.#topics.find(channelTopic(channel, name), schema, { channel });
    this.#put("message", topic, bytes, sequence, at);
  }

  keyframe(channel: string, messages: readonly KeyframeMessage[], { isReset = false }: KeyframeOptions = {}): void {
    if (!this.#isOpen) return;
    const entries = messages.map(({ name, bytes: message, key = "", room = "" }) => ({ name, message, key, room }));
    const keyframe = toBinary(KeyframeSchema, create(KeyframeSchema, { channel, entries, isReset }));
    this.#put("message", this.#topics.find(keyframeTopic(channel), KeyframeSchema, { channel }), keyframe);
  }

  insertSleep(ms: number): void {
    this.#checkIsOpen();
    if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER / 1e6)) {
      throw new InvalidOptionsError(`a sleep takes 0 milliseconds or more, not ${ms}`);
    }
    const durationNanos = msToNanos(ms);
    this.#time.sleep(durationNanos);
    this.#mark(MarkerKind.SLEEP, this.#time.at(this.#time.read()), durationNanos);
  }

  markLoopStart(atMs?: number): void {
    this.#checkIsOpen();
    const elapsed = this.#time.elapsedNanos;
    if (atMs !== undefined && !(atMs >= 0 && msToNanos(atMs) <= elapsed)) {
      throw new InvalidOptionsError(
        `a loop can start at 0 to ${nanosToMs(elapsed)} ms, which has passed, not at ${atMs}`,
      );
    }
    this.#loopStart = this.#time.startUnixNanos + (atMs === undefined ? elapsed : msToNanos(atMs));
    this.#mark(MarkerKind.LOOP_START, this.#loopStart, 0n);
  }

  end(): Promise<RecordingSummary> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.end();
    } catch (error) {
      // That it broke off is told by `failure`. Nothing else can happen here.
      if (error !== this.failure) throw error;
    }
  }

  get #isOpen(): boolean {
    return this.#ending === undefined && this.#store.failure === undefined;
  }

  get #elapsedNanos(): bigint {
    return this.#ending === undefined ? this.#time.elapsedNanos : this.#endNanos;
  }

  async #end(): Promise<RecordingSummary> {
    this.#endNanos = this.#time.elapsedNanos;
    this.#tellStop();
    await this.#store.end(() =>
      encodeEndMetadata({
        durationNanos: this.#endNanos,
        loopStartNanos: this.#validLoopStart,
        droppedMessages: this.#queue.droppedMessages,
      }),
    );
    const { failure } = this.#store;
    if (failure !== undefined) throw failure;
    const loopStart = this.#validLoopStart;
    const counts = this.#store.counts;
    return {
      byteLength: this.#store.byteLength,
      messages: [...counts.values()].reduce((sum, count) => sum + count, 0),
      droppedMessages: this.#queue.droppedMessages,
      durationMs: nanosToMs(this.#endNanos),
      loopStartMs: loopStart === undefined ? undefined : nanosToMs(loopStart),
      topics: Object.fromEntries([...counts].toSorted(([one], [other]) => (one < other ? -1 : 1))),
    };
  }

  /** Where it repeats, from the start: not where nothing would be repeated, or in no time. */
  get #validLoopStart(): bigint | undefined {
    if (this.#loopStart === undefined || this.#lastContentTime < this.#loopStart) return undefined;
    const nanos = this.#loopStart - this.#time.startUnixNanos;
    return nanos < this.#endNanos ? nanos : undefined;
  }

  #onFailure({ message }: RecordingFailedError): void {
    this.#options.logger.warn(message);
    this.#tellStop();
  }

  #tellStop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#options.onStop();
  }

  #checkIsOpen(): void {
    if (this.#ending !== undefined) throw new RecordingEndedError();
  }

  #isWanted(describe: () => RecordingCandidate): boolean {
    const { filter, logger } = this.#options;
    if (filter === undefined) return true;
    try {
      return filter(describe()) === true;
    } catch (error) {
      if (this.#counts.filterErrors++ === 0) {
        logger.warn(`the filter of a recording throws, and what it throws for is left out: ${String(error)}`);
      }
      return false;
    }
  }

  #putPicture(
    encoder: FrameEncoder,
    { pictures }: CallTopics,
    frame: Uint8Array,
    sequence: number,
    at: Moment | undefined,
  ): void {
    if (!this.#isTaken(pictures)) return;
    const draft = this.#draft(pictures, frame, sequence, at, false);
    const reserved = this.#queue.reserve("stream", pictures.topic, draft);
    if (reserved === undefined) return;
    this.#count(draft);
    encoder.encode(frame, reserved);
  }

  #put(
    priority: Priority,
    topic: FileChannel | undefined,
    data: Uint8Array,
    sequence = 0,
    at?: Moment,
    isNumbered = false,
  ): void {
    if (!this.#isTaken(topic)) return;
    const message = this.#draft(topic, data, sequence, at, isNumbered);
    if (!this.#queue.push(priority, topic.topic, message)) return;
    this.#count(message);
    this.#store.notify();
  }

  /** Whether a message on this topic can be taken. One without is refused. */
  #isTaken(topic: FileChannel | undefined): topic is FileChannel {
    if (!this.#isOpen) return false;
    if (topic !== undefined) return true;
    this.#counts.refusedMessages++;
    return false;
  }

  #draft(
    { id: channelId }: FileChannel,
    data: Uint8Array,
    sequence: number,
    at: Moment | undefined,
    isNumbered: boolean,
  ): ChunkMessage {
    const moment = this.#time.read(at);
    const logTime = this.#time.at(moment);
    return { channelId, sequence, logTime, publishTime: moment.unixNanos, data, isNumbered };
  }

  #count(message: ChunkMessage): void {
    this.#counts.messages++;
    this.#counts.messageBytes += message.data.byteLength;
    this.#lastContentTime = message.logTime;
  }

  #mark(kind: MarkerKind, atUnixNanos: bigint, durationNanos: bigint): void {
    const marker = toBinary(MarkerSchema, create(MarkerSchema, { kind, atUnixNanos, durationNanos }));
    const lastContentTime = this.#lastContentTime;
    const sequence = ++this.#markers;
    this.#put("bookkeeping", this.#topics.find(topics.markers, MarkerSchema), marker, sequence);
    // Nobody would see it.
    this.#lastContentTime = lastContentTime;
  }

  #describe(missing: readonly MissingMessages[], logTime: bigint | undefined): readonly ChunkMessage[] {
    if (missing.length === 0) return [];
    const channelId = this.#topics.find(topics.gaps, GapSchema)?.id;
    if (channelId === undefined) return [];
    const now = this.#time.read();
    return missing.map(({ topic, messages, bytes, from, to }) => {
      const counts = { topic, messages: BigInt(messages), bytes: BigInt(bytes), fromUnixNanos: from, toUnixNanos: to };
      const data = toBinary(GapSchema, create(GapSchema, counts));
      return { channelId, sequence: 0, logTime: logTime ?? this.#time.at(now), publishTime: now.unixNanos, data };
    });
  }

  #onEncodeError(error: unknown): void {
    if (this.#counts.encodeErrors++ === 0) {
      this.#options.logger.warn(
        `a camera frame could not be encoded and is missing in the recording: ${String(error)}`,
      );
    }
  }
}

import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { RecordingFailedError } from "../errors/recording-failed-error.js";
import type { Moment } from "../moment.js";
import type { CallTap } from "./call-tap.js";
import type { ChannelMessage, KeyframeMessage, KeyframeOptions } from "./channel-message.js";

/** What is known about a call beside its RPC. */
export interface CallInfo {
  /** Who makes it. Default: nobody in particular. */
  readonly client?: string | undefined;
  /** Whether its responses are recorded in another call, once for all who get them: then they are left out here. Default false. */
  readonly isShared?: boolean | undefined;
  /** When it begins, for those who tell many recordings the same, as in {@link CallTap}. Default: now. */
  readonly at?: Moment | undefined;
}

/** Figures of a {@link Recording}. All but `queuedBytes` only grow. */
export interface RecordingStats {
  /** Messages that were taken. */
  readonly messages: number;
  /** Their bytes. */
  readonly messageBytes: number;
  /** Bytes that the sink has stored. */
  readonly storedBytes: number;
  /** Bytes of messages that wait to be stored. */
  readonly queuedBytes: number;
  /** Messages that are missing, because the sink or the camera's encoder was too slow. */
  readonly droppedMessages: number;
  /** Their bytes. */
  readonly droppedBytes: number;
  /** How often the filter threw. */
  readonly filterErrors: number;
  /** Messages on more topics than a recording can have. */
  readonly refusedMessages: number;
  /** Camera frames that could not be encoded. */
  readonly encodeErrors: number;
}

/** What a finished recording holds. */
export interface RecordingSummary {
  /** Size of the file, in bytes. */
  readonly byteLength: number;
  /** Messages in it. */
  readonly messages: number;
  /** Messages that are missing in it. */
  readonly droppedMessages: number;
  /** From its start to its end, in milliseconds of recorded time. */
  readonly durationMs: number;
  /** Where a player that repeats it begins again, in milliseconds. `undefined`: at the start. */
  readonly loopStartMs: number | undefined;
  /** Messages by topic. */
  readonly topics: Readonly<Record<string, number>>;
}

/**
 * Takes down what it is told, as an MCAP file. Whatever goes wrong with it, nobody who tells it something notices: see
 * {@link failure}.
 *
 * Calls whose access class is `secret`, and those that have none, are never recorded.
 */
export interface Recording extends AsyncDisposable {
  /** When it began: Unix time in nanoseconds (UTC). */
  readonly startUnixNanos: bigint;
  /** The recorded time at present, in milliseconds since the start. */
  readonly elapsedMs: number;
  readonly stats: RecordingStats;
  /** Resolves when the beginning of the file is stored. Rejects with {@link failure} when that does not work. Nobody has to wait. */
  readonly started: Promise<void>;
  /** Why it broke off. `undefined` while all is well. */
  readonly failure: RecordingFailedError | undefined;
  /** A call begins. Returns what wants to know of it; `undefined` when it is not recorded. */
  call(method: DescMethod, info?: CallInfo): CallTap | undefined;
  /**
   * Records a message of your own, `bytes` being an encoded `schema`.
   *
   * Throws `InvalidOptionsError` for a topic that recordings use themselves, or that had another schema before.
   */
  message(topic: string, schema: DescMessage, bytes: Uint8Array): void;
  /** Records a message of a channel. */
  channelMessage(message: ChannelMessage): void;
  /** Records what a channel shows at this moment, in order, so that a player can start from here. */
  keyframe(channel: string, messages: readonly KeyframeMessage[], options?: KeyframeOptions): void;
  /**
   * Lets `ms` milliseconds of recorded time pass. With `times: "logical"` nothing else does.
   *
   * Throws `InvalidOptionsError` for a time that is negative or no number, and `RecordingEndedError` after the end.
   */
  insertSleep(ms: number): void;
  /**
   * A player that repeats the recording begins again here, or at `atMs`, in milliseconds since the start. The last call counts. It
   * is ignored when nothing was recorded afterwards, or no time passed.
   *
   * Throws `InvalidOptionsError` for a time that has not come yet, and `RecordingEndedError` after the end.
   */
  markLoopStart(atMs?: number): void;
  /**
   * Stores what waits and completes the file. Nothing is recorded any more from the moment of the call. Can be called again, with
   * the same result.
   *
   * Rejects with `RecordingFailedError` when the recording broke off.
   */
  end(): Promise<RecordingSummary>;
  /** The same as {@link end}, without an error when the recording broke off: that is told by {@link failure}. */
  [Symbol.asyncDispose](): Promise<void>;
}

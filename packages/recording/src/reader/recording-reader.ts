import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { Keyframe } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import type { PictureFrame } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import type { CameraFrame } from "@resoio/core/gen/resonite_io/v1/camera_pb";

/** What a recording says about itself. */
export interface RecordingInfo {
  /**
   * The version of what is in the file, see `recordingFormatVersion`. A newer one may say things that this version of the package
   * does not know. `undefined`: an MCAP file that something else has made.
   */
  readonly formatVersion: number | undefined;
  /** When it began: Unix time in nanoseconds (UTC). All times in milliseconds count from here. */
  readonly startUnixNanos: bigint;
  /** From start to end, in milliseconds. */
  readonly durationMs: number;
  /** Where a player that repeats it begins again, in milliseconds. `undefined`: at the start. */
  readonly loopStartMs: number | undefined;
  /** Whether messages have the time at which they came, or one that moves only by sleeps. */
  readonly times: "wall" | "logical";
  /** What the program that recorded has added. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Size of the file, in bytes. */
  readonly byteLength: number;
  /** Messages that can be read. */
  readonly messages: number;
  /** Whether it was ended in good order. One that was not is read up to where it breaks off. */
  readonly isComplete: boolean;
  /** What could not be read, where something was damaged. */
  readonly lost: { readonly bytes: number; readonly chunks: number } | undefined;
}

/** One topic of a recording. */
export interface RecordedTopic {
  /** Its name: `/rpc/world.join/request`, `/calls`, `/channel/board/Thought`, ... */
  readonly topic: string;
  /** Full name of its messages' type. */
  readonly typeName: string;
  /** How many messages it has. */
  readonly messages: number;
  /** What the recorder says about it: for those of calls `rpc`, `path`, `kind` and `direction`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The type of its messages, from the recording itself. Throws `MalformedRecordingError` when that does not tell. */
  readonly schema: DescMessage;
}

/** One message of a recording. */
export interface RecordedMessage {
  readonly topic: RecordedTopic;
  /** Recorded time, in milliseconds since the start. */
  readonly atMs: number;
  /** Recorded time, exactly: Unix time in nanoseconds. */
  readonly unixNanos: bigint;
  /** When it was recorded by the wall clock, whatever time the recording goes by: Unix time in nanoseconds (UTC). */
  readonly wallUnixNanos: bigint;
  /** The number of the call that it belongs to; for channel messages, that of its event. */
  readonly sequence: number;
  /** The message. A view of the chunk that it was in. */
  readonly data: Uint8Array;
}

/** How a call has ended. */
export interface RecordedStatus {
  /** A gRPC status code; 0 for success. */
  readonly code: number;
  readonly message: string;
  readonly details: readonly Any[];
}

/** One call of a recording. */
export interface RecordedCall {
  /** 1, 2, 3, ... in the order in which they were made. */
  readonly number: number;
  /** `world.join`. */
  readonly rpc: string;
  /** `/resonite_io.v1.World/Join`. */
  readonly path: string;
  /** Which sides stream: `unary`, `server_streaming`, `client_streaming` or `bidi_streaming`. */
  readonly kind: string;
  /** Who made it; empty when that was not told. */
  readonly client: string;
  /** Whether its responses are those of another call of the same RPC. */
  readonly isShared: boolean;
  /** When it was made, in milliseconds since the start. */
  readonly openedMs: number;
  /** When the caller said that nothing follows. `undefined`: never, or it is unary. */
  readonly halfClosedMs: number | undefined;
  /** When it ended. `undefined`: not before the recording did. */
  readonly endedMs: number | undefined;
  /** How it ended. `undefined`: not before the recording did. */
  readonly status: RecordedStatus | undefined;
  /** How many requests it sent. */
  readonly requestCount: number;
  /** How many responses it got. */
  readonly responseCount: number;
}

/** One unary call of a recording. */
export interface RecordedUnaryCall extends RecordedCall {
  /** The request. `undefined` when it was left out. */
  readonly request: Uint8Array | undefined;
  /** The response. `undefined` when there was none, or it was left out. */
  readonly response: Uint8Array | undefined;
}

/** A picture of the camera, as it was recorded. */
export interface RecordedFrame {
  /** Recorded time, in milliseconds since the start. */
  readonly atMs: number;
  readonly unixNanos: bigint;
  /** The number of the camera's call. */
  readonly call: number;
  /** As it came, or as it was encoded for the recording. */
  readonly frame:
    | { readonly kind: "raw"; readonly message: CameraFrame; readonly bytes: Uint8Array }
    | { readonly kind: "encoded"; readonly message: PictureFrame; readonly bytes: Uint8Array };
}

/** Messages that are missing in a recording. */
export interface RecordedGap {
  readonly topic: string;
  readonly messages: number;
  readonly bytes: number;
  /** From when to when, in milliseconds since the start. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A part of a recording. */
export interface TimeRange {
  /** From when, in milliseconds since the start, inclusive. Default: the start. */
  readonly fromMs?: number | undefined;
  /** Until when, in milliseconds since the start, inclusive. Default: the end. */
  readonly toMs?: number | undefined;
}

/** Options of {@link RecordingReader.messages}. */
export interface MessagesOptions extends TimeRange {
  /** Only these topics. Default: all. */
  readonly topics?: readonly string[] | undefined;
  /** From the last to the first. Default false. */
  readonly reverse?: boolean | undefined;
}

/** Options of {@link RecordingReader.calls}. */
export interface CallsOptions {
  /** Only these RPCs. Default: all. */
  readonly rpcs?: readonly string[] | undefined;
}

/**
 * Reads a recording, from wherever is asked for; no more than a chunk or two is in memory. All methods throw
 * `MalformedRecordingError` where it is damaged.
 */
export interface RecordingReader extends AsyncDisposable {
  readonly info: RecordingInfo;
  /** All topics that have messages, by name. */
  readonly topics: readonly RecordedTopic[];
  /** Messages, in the order of their times. Those of the same time come as they were recorded. */
  messages(options?: MessagesOptions): AsyncGenerator<RecordedMessage, void, void>;
  /** The last message of a topic that is not later than `atMs`. `undefined`: none. */
  lastMessage(topic: string, atMs?: number): Promise<RecordedMessage | undefined>;
  /** All calls, without their messages, in the order of their ends; then those without an end. */
  calls(options?: CallsOptions): AsyncGenerator<RecordedCall, void, void>;
  /** All unary calls, with request and response, in the order of their ends; then those without an end. */
  unaryCalls(options?: CallsOptions): AsyncGenerator<RecordedUnaryCall, void, void>;
  /** The messages that a call got, in order. For one that is shared, those of the calls with the responses while it lasted. */
  responses(call: RecordedCall): AsyncGenerator<RecordedMessage, void, void>;
  /** The messages that a call sent, in order. */
  requests(call: RecordedCall): AsyncGenerator<RecordedMessage, void, void>;
  /** The pictures of the camera, in order. */
  frames(range?: TimeRange): AsyncGenerator<RecordedFrame, void, void>;
  /** The latest keyframe of a channel that is not later than `atMs`. `undefined`: none. */
  keyframe(channel: string, atMs?: number): Promise<{ readonly atMs: number; readonly keyframe: Keyframe } | undefined>;
  /** What is missing. */
  gaps(): AsyncGenerator<RecordedGap, void, void>;
  /** Decodes a message with the type that the recording itself describes. */
  decode(message: RecordedMessage): Message;
  /** Closes the source. */
  close(): Promise<void>;
}

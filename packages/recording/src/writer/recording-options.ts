import { InvalidOptionsError, type Logger, silentLogger } from "@resoio/core";
import { backgroundClock, type Clock } from "@resoio/core/internal";
import type { CameraEncoder } from "./camera-encoder.js";
import type { ChunkCompression } from "./chunk-compression.js";
import { type Crc32, portableCrc32 } from "./crc32.js";
import type { RecordingFilter } from "./recording-filter.js";
import type { RecordingSink } from "./recording-sink.js";

/** Options of `createRecording`. */
export interface RecordingOptions {
  /** Where the bytes go. */
  readonly sink: RecordingSink;
  /** What is recorded. Default: everything but calls that carry credentials, which no filter can let in. */
  readonly filter?: RecordingFilter | undefined;
  /**
   * The time that messages are recorded with. `"wall"`: when they came. `"logical"`: time stands still but for `insertSleep`.
   * Default `"wall"`.
   */
  readonly times?: "wall" | "logical" | undefined;
  /** How camera frames are recorded: as they are, or what this makes of them. Default `"raw"`. */
  readonly camera?: "raw" | CameraEncoder | undefined;
  /** How chunks are compressed. Default: not at all. */
  readonly compression?: ChunkCompression | undefined;
  /** Computes checksums. Default: in plain JavaScript. */
  readonly crc32?: Crc32 | undefined;
  /** How many bytes of messages make a chunk, which is what a player reads at once. Default 1 MiB. */
  readonly chunkBytes?: number | undefined;
  /** After how many milliseconds a chunk is stored although it is smaller: so much is lost when the program dies. Default 1,000. */
  readonly flushIntervalMs?: number | undefined;
  /**
   * How many bytes of messages may wait to be stored. Beyond that the messages of streams are left out, and the recording says
   * how many; other messages have a quarter more, and what says which calls there were half as much again. Default 64 MiB.
   */
  readonly maxQueueBytes?: number | undefined;
  /** How long the sink may take for one write, in milliseconds, before the recording breaks off. Default 30,000. */
  readonly sinkTimeoutMs?: number | undefined;
  /** What the file says about itself beside that, for people and programs: scenario, version of the mod, ... Default nothing. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Called once, when nothing is recorded any more: when it is ended, or breaks off. Default: nothing happens. */
  readonly onStop?: (() => void) | undefined;
  /** The time that it lives in. Default: this machine's. */
  readonly clock?: Clock | undefined;
  /** Told when the recording breaks off, or its filter throws. Default: silent. */
  readonly logger?: Logger | undefined;
}

/** {@link RecordingOptions} that were looked at, with what they leave out. */
export interface ResolvedRecordingOptions {
  readonly sink: RecordingSink;
  readonly filter: RecordingFilter | undefined;
  readonly times: "wall" | "logical";
  readonly encodeCamera: CameraEncoder | undefined;
  readonly compression: ChunkCompression | undefined;
  readonly crc32: Crc32;
  readonly chunkBytes: number;
  readonly flushIntervalMs: number;
  readonly maxQueueBytes: number;
  readonly sinkTimeoutMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly onStop: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const mebibyte = 1024 * 1024;

/** Fills in what is left out. Throws {@link InvalidOptionsError} for what cannot be. */
export function resolveRecordingOptions(options: RecordingOptions): ResolvedRecordingOptions {
  const { sink, filter, times = "wall", camera = "raw", compression, crc32 = portableCrc32 } = options;
  const { chunkBytes = mebibyte, flushIntervalMs = 1_000, maxQueueBytes = 64 * mebibyte } = options;
  const { sinkTimeoutMs = 30_000, metadata = {}, clock = backgroundClock, logger = silentLogger } = options;
  const { onStop = () => {} } = options;
  for (const [name, value] of Object.entries({ chunkBytes, flushIntervalMs, maxQueueBytes, sinkTimeoutMs })) {
    if (!(value >= 1 && value <= Number.MAX_SAFE_INTEGER)) {
      throw new InvalidOptionsError(`${name} must be 1 or more, not ${value}`);
    }
  }
  return {
    sink,
    filter,
    times,
    encodeCamera: camera === "raw" ? undefined : camera,
    compression,
    crc32,
    chunkBytes,
    flushIntervalMs,
    maxQueueBytes,
    sinkTimeoutMs,
    metadata,
    onStop,
    clock,
    logger,
  };
}

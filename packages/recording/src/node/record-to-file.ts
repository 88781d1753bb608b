import { crc32 } from "node:zlib";
import { createRecording } from "../writer/create-recording.js";
import type { Recording } from "../writer/recording.js";
import type { RecordingOptions } from "../writer/recording-options.js";
import { fileSink } from "./file-sink.js";
import { hasZstd, zstdCompression } from "./zstd.js";

/** Options of {@link recordToFile}. */
export interface FileRecordingOptions extends Omit<RecordingOptions, "sink" | "compression"> {
  /** How chunks are compressed. Default: zstd, on other threads, where Node has it, which it does from 22.15 on. */
  readonly compression?: RecordingOptions["compression"] | "none";
}

/**
 * Starts a recording in a file, which is replaced if it is there. Whether that works is told by `failure` and `end()`, as with
 * every recording.
 *
 * Throws `InvalidOptionsError` for options that cannot be.
 */
export function recordToFile(path: string, options: FileRecordingOptions = {}): Recording {
  return createRecording({ ...fileRecordingDefaults(options), sink: fileSink(path) });
}

/** Puts in what Node can do better than plain JavaScript: checksums, and compression. */
export function fileRecordingDefaults(options: FileRecordingOptions): Omit<RecordingOptions, "sink"> {
  const { compression = hasZstd ? zstdCompression() : undefined, ...others } = options;
  return { crc32, ...others, compression: compression === "none" ? undefined : compression };
}

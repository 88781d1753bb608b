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
  const { compression = hasZstd ? zstdCompression() : undefined } = options;
  return createRecording({
    crc32,
    ...options,
    compression: compression === "none" ? undefined : compression,
    sink: fileSink(path),
  });
}

import { crc32 } from "node:zlib";
import { type OpenRecordingOptions, openRecording } from "../reader/open-recording.js";
import type { RecordingReader } from "../reader/recording-reader.js";
import { fileSource } from "./file-source.js";
import { nativeDecompressors } from "./zstd.js";

/**
 * Opens a recording in a file. One that has no end, as after a crash or while it is being written, is read up to where it breaks
 * off.
 *
 * Throws `MalformedRecordingError` for a file that is none, and the system's error when it cannot be opened.
 */
export async function openRecordingFile(path: string, options: OpenRecordingOptions = {}): Promise<RecordingReader> {
  const source = await fileSource(path);
  try {
    const decompressors = { ...nativeDecompressors, ...options.decompressors };
    return await openRecording(source, { crc32, ...options, decompressors });
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

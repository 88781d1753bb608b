import { type Crc32, portableCrc32 } from "../writer/crc32.js";
import type { RecordingSink } from "../writer/recording-sink.js";
import { type Decompressors, portableDecompressors } from "./decompression.js";
import type { RecordingSource } from "./recording-source.js";
import { recoverRecording } from "./recover-recording.js";

/** Options of {@link repairRecording}. */
export interface RepairOptions {
  /** Further compressions, or faster decompressors. Default: zstd, in plain JavaScript. */
  readonly decompressors?: Decompressors | undefined;
  /** Computes checksums. Default: in plain JavaScript. */
  readonly crc32?: Crc32 | undefined;
}

/** What could not be repaired. */
export interface RepairSummary {
  /** Bytes at the end that could not be read. */
  readonly lostBytes: number;
  /** Chunks in the middle that could not be read. They are still in the file, but not in its index. */
  readonly lostChunks: number;
}

const copyBytes = 4n * 1024n * 1024n;

/**
 * Makes of a recording without an end, as after a crash, one that every MCAP reader can read: what could be read of it, with an
 * index. Closes the sink.
 *
 * Throws `MalformedRecordingError` for what does not begin like a recording.
 */
export async function repairRecording(
  source: RecordingSource,
  sink: RecordingSink,
  options: RepairOptions = {},
): Promise<RepairSummary> {
  const { decompressors, crc32 = portableCrc32 } = options;
  try {
    const { keptBytes, tail, lostBytes, lostChunks } = await recoverRecording(source, {
      decompressors: { ...portableDecompressors, ...decompressors },
      crc32,
    });
    for (let offset = 0n; offset < keptBytes; offset += copyBytes) {
      const rest = keptBytes - offset;
      await sink.write(await source.read(offset, rest < copyBytes ? rest : copyBytes));
    }
    await sink.write(tail);
    return { lostBytes, lostChunks };
  } finally {
    await sink.close?.();
  }
}

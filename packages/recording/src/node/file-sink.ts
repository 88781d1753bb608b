import { type FileHandle, open } from "node:fs/promises";
import type { RecordingSink } from "../writer/recording-sink.js";

/** Stores a recording in a file, which is made when the first bytes come, and replaced if it is there. */
export function fileSink(path: string): RecordingSink {
  let file: FileHandle | undefined;
  return {
    async write(bytes) {
      file ??= await open(path, "w");
      let offset = 0;
      // A write may store less than it was given, as on a disk that is nearly full.
      while (offset < bytes.byteLength) {
        const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset);
        offset += bytesWritten;
      }
    },
    async close() {
      await file?.close();
    },
  };
}

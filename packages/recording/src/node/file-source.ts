import { open } from "node:fs/promises";
import type { RecordingSource } from "../reader/recording-source.js";

/** Reads a recording from a file, which stays open until `close()`. Rejects with the system's error when it cannot be opened. */
export async function fileSource(path: string): Promise<RecordingSource> {
  const file = await open(path, "r");
  return {
    size: async () => BigInt((await file.stat()).size),
    async read(offset, length) {
      const bytes = new Uint8Array(Number(length));
      let done = 0;
      while (done < bytes.byteLength) {
        const { bytesRead } = await file.read(bytes, done, bytes.byteLength - done, offset + BigInt(done));
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}

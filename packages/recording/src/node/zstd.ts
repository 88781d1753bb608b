import { availableParallelism } from "node:os";
import zlib from "node:zlib";
import { InvalidOptionsError } from "@resoio/core";
import type { Decompressor } from "../reader/decompression.js";
import type { ChunkCompression } from "../writer/chunk-compression.js";

/** Whether this Node can compress with zstd: from 22.15 on. */
export const hasZstd = typeof zlib.zstdCompress === "function";

/** Options of {@link zstdCompression}. */
export interface ZstdOptions {
  /** From 1, fast, to 22, small. Default 1. */
  readonly level?: number;
}

/**
 * Compresses chunks with zstd, on other threads.
 *
 * Throws {@link InvalidOptionsError} where Node cannot, see {@link hasZstd}.
 */
export function zstdCompression({ level = 1 }: ZstdOptions = {}): ChunkCompression {
  if (!hasZstd) throw new InvalidOptionsError(`Node ${process.version} has no zstd: use 22.15 or newer`);
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
  return {
    name: "zstd",
    compress(data) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      startInTime((onDone) => {
        try {
          zlib.zstdCompress(data, { params }, (error, compressed) => {
            onDone();
            if (error === null) resolve(compressed);
            else reject(error);
          });
        } catch (error) {
          // Without memory for it, for one.
          onDone();
          reject(error);
        }
      });
      return promise;
    },
  };
}

/** With more at once, the chunks of many recordings would take the processor from the calls. All recordings share it. */
const maxCompressions = Math.max(1, availableParallelism() - 1);

const waiting: ((onDone: () => void) => void)[] = [];
let running = 0;

/** Starts `work` when not too many others run. */
function startInTime(work: (onDone: () => void) => void): void {
  waiting.push(work);
  startNext();
}

function startNext(): void {
  if (running >= maxCompressions) return;
  const work = waiting.shift();
  if (work === undefined) return;
  running++;
  work(() => {
    running--;
    startNext();
  });
}

/** What Node decompresses faster than plain JavaScript does. */
export const nativeDecompressors: Readonly<Record<string, Decompressor>> = hasZstd
  ? { zstd: (data, byteLength) => zlib.zstdDecompressSync(data, { maxOutputLength: Math.max(1, byteLength) }) }
  : {};

import { Decompress, decompress } from "fzstd";
import { concatenate } from "../concatenate.js";

/** Decompresses one chunk, of which it is known how large it gets. */
export type Decompressor = (data: Uint8Array, byteLength: number) => Uint8Array;

/** Decompressors by the name of the compression. */
export type Decompressors = Readonly<Record<string, Decompressor>>;

/** What every reader can decompress. */
export const portableDecompressors: Decompressors = {
  zstd: (data, byteLength) => decompress(data, new Uint8Array(byteLength)),
};

/** As much as can be had of a chunk that was cut off. */
export function decompressPart(compression: string, data: Uint8Array): Uint8Array {
  if (compression === "") return data;
  if (compression !== "zstd") return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  try {
    // The bytes that it hands over are its own memory, which it goes on using.
    new Decompress((part) => parts.push(part.slice())).push(data);
  } catch {
    // Where the data ends.
  }
  return concatenate(parts);
}

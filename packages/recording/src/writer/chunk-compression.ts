/** How chunks are compressed. */
export interface ChunkCompression {
  /** Its name in the file: `zstd`, or `lz4`, are those that MCAP readers know. */
  readonly name: string;
  /** Compresses one chunk. Best off this thread. What is not smaller is stored as it was. */
  compress(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

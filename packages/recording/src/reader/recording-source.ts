/** Where the bytes of a recording come from. */
export interface RecordingSource {
  /** How many there are. A recording that is being written may be longer the next time. */
  size(): Promise<bigint>;
  /** `length` bytes from `offset`, all of which exist. */
  read(offset: bigint, length: bigint): Promise<Uint8Array>;
  /** Nothing more will be read. Default: nothing to do. */
  close?(): Promise<void>;
}

/** A recording in memory. */
export function bytesSource(bytes: Uint8Array): RecordingSource {
  return {
    size: async () => BigInt(bytes.byteLength),
    read: async (offset, length) => bytes.subarray(Number(offset), Number(offset + length)),
  };
}

/** A recording in a `Blob` or `File`, as a page gets it from its user. */
export function blobSource(blob: Blob): RecordingSource {
  return {
    size: async () => BigInt(blob.size),
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(Number(offset), Number(offset + length)).arrayBuffer()),
  };
}

/** The first `length` bytes of a source, and `tail` behind them. */
export function splicedSource(source: RecordingSource, length: bigint, tail: Uint8Array): RecordingSource {
  return {
    size: async () => length + BigInt(tail.byteLength),
    async read(offset, count) {
      const end = offset + count;
      if (end <= length) return await source.read(offset, count);
      const ownPart = tail.subarray(Number(offset > length ? offset - length : 0n), Number(end - length));
      if (offset >= length) return ownPart;
      const joined = new Uint8Array(Number(count));
      joined.set(await source.read(offset, length - offset));
      joined.set(ownPart, Number(length - offset));
      return joined;
    },
    close: async () => await source.close?.(),
  };
}

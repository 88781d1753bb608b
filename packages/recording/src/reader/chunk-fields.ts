import { recordHeadBytes } from "./record-scanner.js";

/** What a record of a chunk says before its data, and as much of the data as there is. */
export interface ChunkFields {
  readonly uncompressedSize: bigint;
  readonly uncompressedCrc: number;
  readonly compression: string;
  readonly data: Uint8Array;
  /** How much of the record is not the data. */
  readonly headBytes: number;
}

/** Two times, the size, the checksum, and the length of the compression's name. */
const fixedBytes = 32;

/** Reads the record of a chunk, whose end may be missing. `undefined` when the head is not all there. */
export function readChunkFields(record: Uint8Array): ChunkFields | undefined {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const nameStart = recordHeadBytes + fixedBytes;
  if (record.byteLength < nameStart) return undefined;
  const nameLength = view.getUint32(nameStart - 4, true);
  const headBytes = nameStart + nameLength + 8;
  if (record.byteLength < headBytes) return undefined;
  const dataLength = view.getBigUint64(headBytes - 8, true);
  const rest = BigInt(record.byteLength - headBytes);
  return {
    uncompressedSize: view.getBigUint64(recordHeadBytes + 16, true),
    uncompressedCrc: view.getUint32(recordHeadBytes + 24, true),
    compression: new TextDecoder().decode(record.subarray(nameStart, nameStart + nameLength)),
    data: record.subarray(headBytes, headBytes + Number(dataLength < rest ? dataLength : rest)),
    headBytes,
  };
}

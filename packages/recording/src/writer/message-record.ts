import { Opcode } from "@mcap/core";

/** A message that waits to be stored. Its bytes may be shared with other recordings. */
export interface ChunkMessage {
  readonly channelId: number;
  readonly sequence: number;
  readonly logTime: bigint;
  readonly publishTime: bigint;
  readonly data: Uint8Array;
  /** Whether `data` is that of an event of a call, without its first field: the number of the call, which is `sequence`. Default false. */
  readonly isNumbered?: boolean;
}

/** What a message takes in a chunk beside its data: opcode, length, channel, sequence, and two times. */
export const messageOverheadBytes = 31;

/** How many bytes a message takes in a chunk. */
export function recordBytes({ data, sequence, isNumbered }: ChunkMessage): number {
  const numberBytes = isNumbered === true ? 1 + varintBytes(sequence) : 0;
  return messageOverheadBytes + numberBytes + data.byteLength;
}

/**
 * Writes a message of `byteLength`, as {@link recordBytes} says, as it stands in a chunk, but for `data`. Returns where that follows.
 *
 * Written here, as `McapRecordBuilder` takes several times as long; `bench/src/recording.ts` measures it.
 */
export function writeRecordHead(view: DataView, offset: number, message: ChunkMessage, byteLength: number): number {
  const { channelId, sequence, logTime, publishTime, isNumbered } = message;
  const contentBytes = byteLength - 9;
  view.setUint8(offset, Opcode.MESSAGE);
  view.setUint32(offset + 1, contentBytes, true);
  view.setUint32(offset + 5, Math.floor(contentBytes / 2 ** 32), true);
  view.setUint16(offset + 9, channelId, true);
  view.setUint32(offset + 11, sequence, true);
  view.setBigUint64(offset + 15, logTime, true);
  view.setBigUint64(offset + 23, publishTime, true);
  return isNumbered === true
    ? writeNumber(view, offset + messageOverheadBytes, sequence)
    : offset + messageOverheadBytes;
}

/** The channel of the message whose record begins at `offset`. */
export function channelIdAt(view: DataView, offset: number): number {
  return view.getUint16(offset + 9, true);
}

/** The recorded time of the message whose record begins at `offset`. */
export function logTimeAt(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset + 15, true);
}

/** Where the record behind that at `offset` begins. For records of less than 4 GiB. */
export function nextRecordAt(view: DataView, offset: number): number {
  return offset + 9 + view.getUint32(offset + 1, true);
}

/** `CallEvent.call`: the field's number is 1, and its wire type 0. */
const callTag = 1 << 3;

function writeNumber(view: DataView, offset: number, number: number): number {
  let next = offset;
  let rest = number;
  view.setUint8(next++, callTag);
  while (rest > 0x7f) {
    view.setUint8(next++, (rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  view.setUint8(next++, rest);
  return next;
}

function varintBytes(number: number): number {
  let count = 1;
  for (let rest = number >>> 7; rest > 0; rest >>>= 7) count++;
  return count;
}

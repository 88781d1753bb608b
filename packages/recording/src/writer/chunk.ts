import { Opcode } from "@mcap/core";
import type { Pause } from "./chunk-turns.js";
import type { Crc32 } from "./crc32.js";
import {
  type ChunkMessage,
  channelIdAt,
  logTimeAt,
  nextRecordAt,
  recordBytes,
  writeRecordHead,
} from "./message-record.js";

/** A part of a chunk: records of messages, one after the other, or one large message. */
export type ChunkPart = Uint8Array | ChunkMessage;

/** The records of a chunk, before they are compressed. */
export interface AssembledChunk {
  readonly records: Uint8Array;
  readonly crc: number;
  readonly startTime: bigint;
  readonly endTime: bigint;
  /** Where the messages of each channel begin in it. */
  readonly offsets: ReadonlyMap<number, readonly number[]>;
}

/** After how many bytes it is asked whether others should have their turn. */
const stepBytes = 32 * 1024;

/**
 * Puts the records of a chunk together: `preamble`, the records of schemas and channels that are new in it, and the messages, of
 * which there is at least one. Bytes are copied once; each step is a short one.
 *
 * Written here, as `McapChunkBuilder` would copy each camera frame three times; `bench/src/recording.ts` measures it.
 */
export async function assembleChunk(
  preamble: Uint8Array,
  parts: readonly ChunkPart[],
  { crc32, pause }: { readonly crc32: Crc32; readonly pause: Pause },
): Promise<AssembledChunk> {
  const byteLength = parts.reduce((sum, part) => sum + partBytes(part), preamble.byteLength);
  const records = new Uint8Array(byteLength);
  const view = new DataView(records.buffer);
  const offsets = new Map<number, number[]>();
  let startTime: bigint | undefined;
  let endTime = 0n;
  let [end, crc, crcEnd] = [0, 0, 0];

  const append = (bytes: Uint8Array): void => {
    records.set(bytes, end);
    end += bytes.byteLength;
  };
  const step = async (): Promise<void> => {
    crc = crc32(records.subarray(crcEnd, end), crc);
    crcEnd = end;
    await pause();
  };
  const note = (offset: number): void => {
    const channelId = channelIdAt(view, offset);
    const known = offsets.get(channelId);
    if (known === undefined) offsets.set(channelId, [offset]);
    else known.push(offset);
    const logTime = logTimeAt(view, offset);
    if (startTime === undefined || logTime < startTime) startTime = logTime;
    if (logTime > endTime) endTime = logTime;
  };

  append(preamble);
  for (const part of parts) {
    const start = end;
    if (part instanceof Uint8Array) {
      append(part);
      for (let offset = start; offset < end; offset = nextRecordAt(view, offset)) note(offset);
      if (end - crcEnd >= stepBytes) await step();
      continue;
    }
    end = writeRecordHead(view, start, part, recordBytes(part));
    note(start);
    const { data } = part;
    for (let from = 0; from < data.byteLength; from += stepBytes) {
      append(data.subarray(from, from + stepBytes));
      if (end - crcEnd >= stepBytes) await step();
    }
  }
  crc = crc32(records.subarray(crcEnd), crc);
  return { records, crc, startTime: startTime ?? 0n, endTime, offsets };
}

/** The channels of the messages in a chunk, in order. */
export function* channelsIn(parts: readonly ChunkPart[]): Generator<number> {
  for (const part of parts) {
    if (!(part instanceof Uint8Array)) {
      yield part.channelId;
      continue;
    }
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    for (let offset = 0; offset < part.byteLength; offset = nextRecordAt(view, offset)) {
      yield channelIdAt(view, offset);
    }
  }
}

/** What stands in the index of a channel before the times and places of its messages: opcode, length, channel, and their length. */
const indexOverheadBytes = 15;
const indexEntryBytes = 16;

/** The indexes of a chunk: one record for each channel, and where it begins among them. */
export function encodeMessageIndexes({ records, offsets }: AssembledChunk): {
  readonly bytes: Uint8Array;
  readonly starts: ReadonlyMap<number, number>;
} {
  const count = [...offsets.values()].reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(offsets.size * indexOverheadBytes + count * indexEntryBytes);
  const view = new DataView(bytes.buffer);
  const source = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const starts = new Map<number, number>();
  let end = 0;
  for (const [channelId, places] of offsets) {
    starts.set(channelId, end);
    const entriesBytes = places.length * indexEntryBytes;
    view.setUint8(end, Opcode.MESSAGE_INDEX);
    view.setUint32(end + 1, indexOverheadBytes - 9 + entriesBytes, true);
    view.setUint16(end + 9, channelId, true);
    view.setUint32(end + 11, entriesBytes, true);
    end += indexOverheadBytes;
    for (const place of places) {
      view.setBigUint64(end, logTimeAt(source, place), true);
      view.setUint32(end + 8, place, true);
      view.setUint32(end + 12, Math.floor(place / 2 ** 32), true);
      end += indexEntryBytes;
    }
  }
  return { bytes, starts };
}

function partBytes(part: ChunkPart): number {
  return part instanceof Uint8Array ? part.byteLength : recordBytes(part);
}

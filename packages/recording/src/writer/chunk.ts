import type { McapTypes } from "@mcap/core";
import { Opcode } from "@mcap/core";

/** A message that waits to be stored. Its bytes may be shared with other recordings. */
export interface ChunkMessage {
  readonly channelId: number;
  readonly sequence: number;
  readonly logTime: bigint;
  readonly publishTime: bigint;
  readonly data: Uint8Array;
}

/** The records of a chunk, before they are compressed. */
export interface AssembledChunk {
  readonly records: Uint8Array;
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly indexes: readonly McapTypes.MessageIndex[];
}

/** What a message takes in a chunk beside its data: opcode, length, channel, sequence, and two times. */
export const messageOverheadBytes = 31;

/**
 * Puts the records of a chunk together: `preamble`, the records of schemas and channels that are new in it, and the messages, of
 * which there is at least one.
 *
 * Written here, as `McapChunkBuilder` would copy each camera frame three times; `bench/src/recording.ts` measures it.
 */
export function assembleChunk(preamble: Uint8Array, messages: readonly ChunkMessage[]): AssembledChunk {
  const byteLength = messages.reduce(
    (sum, { data }) => sum + messageOverheadBytes + data.byteLength,
    preamble.byteLength,
  );
  const records = new Uint8Array(byteLength);
  const view = new DataView(records.buffer);
  const indexes = new Map<number, McapTypes.MessageIndex>();
  let [startTime, endTime] = [messages[0]?.logTime ?? 0n, 0n];
  records.set(preamble);
  let offset = preamble.byteLength;
  for (const { channelId, sequence, logTime, publishTime, data } of messages) {
    let index = indexes.get(channelId);
    if (index === undefined) {
      index = { channelId, records: [] };
      indexes.set(channelId, index);
    }
    index.records.push([logTime, BigInt(offset)]);
    if (logTime < startTime) startTime = logTime;
    if (logTime > endTime) endTime = logTime;
    view.setUint8(offset, Opcode.MESSAGE);
    view.setBigUint64(offset + 1, BigInt(messageOverheadBytes - 9 + data.byteLength), true);
    view.setUint16(offset + 9, channelId, true);
    view.setUint32(offset + 11, sequence, true);
    view.setBigUint64(offset + 15, logTime, true);
    view.setBigUint64(offset + 23, publishTime, true);
    records.set(data, offset + messageOverheadBytes);
    offset += messageOverheadBytes + data.byteLength;
  }
  return { records, startTime, endTime, indexes: [...indexes.values()] };
}

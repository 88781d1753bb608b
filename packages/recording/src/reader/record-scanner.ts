import { McapStreamReader, type McapTypes, Opcode } from "@mcap/core";

/** What stands before the content of a record: its opcode, and its length. */
export const recordHeadBytes = 9;

/** Where a record is, in what it was found in. */
export interface RecordPlace {
  readonly opcode: number;
  readonly offset: number;
  /** With its head. */
  readonly byteLength: number;
}

/** Finds the whole records in `bytes`, until something is none. */
export function* scanRecords(bytes: Uint8Array): Generator<RecordPlace> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (bytes.byteLength - offset >= recordHeadBytes) {
    const opcode = view.getUint8(offset);
    const length = view.getBigUint64(offset + 1, true);
    if (opcode === 0 || length > BigInt(bytes.byteLength - offset - recordHeadBytes)) return;
    const byteLength = recordHeadBytes + Number(length);
    yield { opcode, offset, byteLength };
    offset += byteLength;
  }
}

/** Reads one whole record that is no chunk. Throws what MCAP's reader throws for what it cannot read. */
export function readRecord(bytes: Uint8Array): McapTypes.TypedMcapRecord | undefined {
  const reader = new McapStreamReader({ noMagicPrefix: true });
  reader.append(bytes);
  return reader.nextRecord();
}

/** What can be said of the records of a chunk without the chunk's index. */
export interface ChunkContent {
  readonly schemas: readonly McapTypes.Schema[];
  readonly channels: readonly McapTypes.Channel[];
  readonly indexes: readonly McapTypes.MessageIndex[];
  readonly startTime: bigint;
  readonly endTime: bigint;
  /** How many bytes the whole records have. */
  readonly byteLength: number;
}

/** Looks through the whole records of a chunk. `undefined` when there is no message. */
export function readChunkContent(records: Uint8Array): ChunkContent | undefined {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const schemas: McapTypes.Schema[] = [];
  const channels: McapTypes.Channel[] = [];
  const indexes = new Map<number, McapTypes.MessageIndex>();
  let [startTime, endTime]: [bigint | undefined, bigint] = [undefined, 0n];
  let end = 0;
  for (const { opcode, offset, byteLength } of scanRecords(records)) {
    if (opcode === Opcode.MESSAGE) {
      const channelId = view.getUint16(offset + recordHeadBytes, true);
      const logTime = view.getBigUint64(offset + recordHeadBytes + 6, true);
      let index = indexes.get(channelId);
      if (index === undefined) {
        index = { channelId, records: [] };
        indexes.set(channelId, index);
      }
      index.records.push([logTime, BigInt(offset)]);
      if (startTime === undefined || logTime < startTime) startTime = logTime;
      if (logTime > endTime) endTime = logTime;
    } else {
      const record = readRecord(records.subarray(offset, offset + byteLength));
      if (record?.type === "Schema") schemas.push(record);
      else if (record?.type === "Channel") channels.push(record);
    }
    end = offset + byteLength;
  }
  if (startTime === undefined) return undefined;
  return { schemas, channels, indexes: [...indexes.values()], startTime, endTime, byteLength: end };
}

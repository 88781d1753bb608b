import { encodeBigVarint, varintBytes, writeVarint } from "./varint.js";

// The generated code would encode every message again for every client. Here a message is encoded once; a batch is a copy of the
// bytes of its messages behind a few bytes of its own. `npm run bench:channels -w @resoio/bench` shows what that is worth.

// Field numbers and wire types, as Protobuf writes them in one byte.
/** `ChannelUp.batch` and `ChannelDown.batch`. */
const batchField = (2 << 3) | 2;
/** `ChannelBatch.sequence`. */
const sequenceField = 1 << 3;
/** `ChannelBatch.unix_nanos`. */
const nanosField = 2 << 3;
/** `ChannelBatch.entries` and, on purpose the same, `ChannelEntry.group`: a group is made of what could stand by itself. */
const entryField = (3 << 3) | 2;
/** `ChannelEntry.tag`. */
const tagField = 1 << 3;
/** `ChannelEntry.payload`. */
const payloadField = (2 << 3) | 2;

/** The bytes of one message in a batch or a group, with the field in front. */
export function encodeEntry(tag: number, payload: Uint8Array): Uint8Array {
  const payloadBytes = payload.byteLength === 0 ? 0 : 1 + varintBytes(payload.byteLength) + payload.byteLength;
  const length = 1 + varintBytes(tag) + payloadBytes;
  const entry = new Uint8Array(1 + varintBytes(length) + length);
  entry[0] = entryField;
  let offset = writeVarint(entry, 1, length);
  entry[offset++] = tagField;
  offset = writeVarint(entry, offset, tag);
  if (payload.byteLength === 0) return entry;
  entry[offset++] = payloadField;
  offset = writeVarint(entry, offset, payload.byteLength);
  entry.set(payload, offset);
  return entry;
}

/** The bytes of a group in a batch, of those of its messages. */
export function encodeGroup(entries: readonly Uint8Array[]): Uint8Array {
  const length = totalBytes(entries);
  const group = new Uint8Array(1 + varintBytes(length) + length);
  group[0] = entryField;
  copyAll(entries, group, writeVarint(group, 1, length));
  return group;
}

/** What stands in front of the messages of a batch, without the length. Batches of one tick share it. */
export function encodeBatchHead(sequence: number, unixNanos: bigint): Uint8Array {
  const nanos = encodeBigVarint(unixNanos);
  const head = new Uint8Array(2 + varintBytes(sequence) + nanos.byteLength);
  head[0] = sequenceField;
  const offset = writeVarint(head, 1, sequence);
  head[offset] = nanosField;
  head.set(nanos, offset + 1);
  return head;
}

/** A `ChannelUp` or `ChannelDown` with a batch: `head` is of {@link encodeBatchHead}, `entries` of the two above. */
export function encodeBatch(head: Uint8Array, entries: readonly Uint8Array[]): Uint8Array {
  const length = head.byteLength + totalBytes(entries);
  const message = new Uint8Array(1 + varintBytes(length) + length);
  message[0] = batchField;
  const offset = writeVarint(message, 1, length);
  message.set(head, offset);
  copyAll(entries, message, offset + head.byteLength);
  return message;
}

function totalBytes(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const { byteLength } of parts) sum += byteLength;
  return sum;
}

function copyAll(parts: readonly Uint8Array[], target: Uint8Array, start: number): void {
  let offset = start;
  for (const part of parts) {
    target.set(part, offset);
    offset += part.byteLength;
  }
}

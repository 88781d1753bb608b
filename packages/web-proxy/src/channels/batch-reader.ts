import { Code, ConnectError } from "@connectrpc/connect";

/** One message of a batch, as it came. */
export interface ReceivedMessage {
  /** The number of its type. */
  readonly tag: number;
  /** Its bytes: a view of the batch. */
  readonly payload: Uint8Array;
}

/** What came in a batch: messages, and groups of messages that take effect together. */
export interface ReceivedBatch {
  /** Up to where the sender has sent everything. 0: not said. */
  readonly sequence: number;
  /** When the batch was made: Unix time in nanoseconds. */
  readonly unixNanos: bigint;
  /** One message each, or a group of several. */
  readonly entries: readonly (readonly ReceivedMessage[])[];
}

const varintType = 0;
const bytesType = 2;

/**
 * Reads a `ChannelUp` or `ChannelDown` that is a batch and nothing else, as senders of this project write it. `undefined` for all else:
 * other kinds, unknown fields, fields that come twice, what is cut off. The generated code then decides what it is.
 *
 * Throws `ResourceExhausted` for more than `maxMessages`, before there is memory for them.
 */
export function readBatch(message: Uint8Array, maxMessages: number): ReceivedBatch | undefined {
  const reader = new Reader(message, maxMessages);
  const end = reader.begin(2);
  if (reader.isBroken || end !== message.byteLength) return undefined;
  let sequence = 0;
  let unixNanos = 0n;
  const entries: ReceivedMessage[][] = [];
  while (reader.offset < end) {
    switch (reader.byte()) {
      case (1 << 3) | varintType:
        if (entries.length > 0 || sequence !== 0) return undefined;
        sequence = reader.varint();
        break;
      case (2 << 3) | varintType:
        if (entries.length > 0 || unixNanos !== 0n) return undefined;
        unixNanos = reader.bigVarint();
        break;
      case (3 << 3) | bytesType: {
        const entry = readEntry(reader, reader.end(end), true);
        if (entry === undefined) return undefined;
        entries.push(entry);
        break;
      }
      default:
        return undefined;
    }
    if (reader.isBroken) return undefined;
  }
  return reader.offset === end ? { sequence, unixNanos, entries } : undefined;
}

/** Reads one entry up to `end`: a message alone, or the messages of a group. */
function readEntry(reader: Reader, end: number, mayBeGroup: boolean): ReceivedMessage[] | undefined {
  let tag = 0;
  let payload: Uint8Array | undefined;
  let group: ReceivedMessage[] | undefined;
  while (reader.offset < end && !reader.isBroken) {
    switch (reader.byte()) {
      case (1 << 3) | varintType:
        if (tag !== 0 || payload !== undefined || group !== undefined) return undefined;
        tag = reader.varint();
        if (tag > 0xffff_ffff || tag === 0) return undefined;
        break;
      case (2 << 3) | bytesType: {
        if (tag === 0 || payload !== undefined || group !== undefined) return undefined;
        const payloadEnd = reader.end(end);
        payload = reader.view(payloadEnd);
        break;
      }
      case (3 << 3) | bytesType: {
        if (tag !== 0 || !mayBeGroup) return undefined;
        const member = readEntry(reader, reader.end(end), false);
        if (member === undefined) return undefined;
        group ??= [];
        group.push(...member);
        break;
      }
      default:
        return undefined;
    }
  }
  if (reader.isBroken || reader.offset !== end) return undefined;
  if (group !== undefined) return group;
  if (tag === 0) return undefined;
  reader.countMessage();
  return [{ tag, payload: payload ?? emptyPayload }];
}

/** What a batch with more than `maxMessages` is refused with. */
export function tooManyMessages(maxMessages: number): ConnectError {
  return new ConnectError(
    `a batch holds more than ${maxMessages} messages, which is the limit`,
    Code.ResourceExhausted,
  );
}

const emptyPayload = new Uint8Array(0);

/** Reads the pieces that Protobuf is made of. What goes wrong is remembered, not thrown. */
class Reader {
  offset = 0;
  isBroken = false;
  readonly #bytes: Uint8Array;
  readonly #maxMessages: number;
  #messages = 0;

  constructor(bytes: Uint8Array, maxMessages: number) {
    this.#bytes = bytes;
    this.#maxMessages = maxMessages;
  }

  countMessage(): void {
    if (++this.#messages > this.#maxMessages) throw tooManyMessages(this.#maxMessages);
  }

  /** Goes into the message with which the bytes begin, which must be field number `field`. Returns its end; -1 when it is not. */
  begin(field: number): number {
    return this.byte() === ((field << 3) | bytesType) ? this.end(this.#bytes.byteLength) : -1;
  }

  byte(): number {
    const byte = this.#bytes[this.offset++];
    if (byte !== undefined) return byte;
    this.isBroken = true;
    return -1;
  }

  /** A whole number that JavaScript can hold. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.byte();
      if (byte < 0) return 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) this.isBroken = true;
        return value;
      }
      factor *= 0x80;
    }
    this.isBroken = true;
    return 0;
  }

  /** A positive number of 63 bits. */
  bigVarint(): bigint {
    let low = 0;
    let high = 0;
    for (let count = 0; count < 9; count++) {
      const byte = this.byte();
      if (byte < 0) return 0n;
      // Four times 7 bits in the lower half, the rest in the upper one: numbers are several times faster than bigints.
      if (count < 4) low |= (byte & 0x7f) << (7 * count);
      else high += (byte & 0x7f) * 2 ** (7 * (count - 4));
      if (byte < 0x80) return (BigInt(high) << 28n) | BigInt(low);
    }
    this.isBroken = true;
    return 0n;
  }

  /** Reads a length. Returns where what has it ends, which is not behind `limit`. */
  end(limit: number): number {
    const length = this.varint();
    const end = this.offset + length;
    if (end <= limit && !this.isBroken) return end;
    this.isBroken = true;
    return this.offset;
  }

  /** What stands up to `end`. */
  view(end: number): Uint8Array {
    const view = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return view;
  }
}

import type { HeaderField } from "../../http2/session.js";
import { errorCodes } from "../http2-codes.js";
import { Http2Error } from "../http2-error.js";
import { HpackError } from "./hpack-error.js";
import { decodeHuffman } from "./huffman-code.js";
import { staticTable } from "./static-table.js";

/** What a table entry takes beside its text (RFC 7541, section 4.1). */
const entryOverheadBytes = 32;

/** No number in a header block needs more than these, whatever zeros it is written with. */
const maxInteger = 2 ** 31 - 1;
const maxIntegerBits = 35;

/** Options of {@link HpackDecoder}. */
export interface HpackDecoderOptions {
  /** The largest table that the peer may build, in bytes: our SETTINGS_HEADER_TABLE_SIZE. */
  readonly maxTableBytes: number;
  /** The largest list of fields that is accepted, in bytes, counted as SETTINGS_MAX_HEADER_LIST_SIZE is. */
  readonly maxListBytes: number;
}

/**
 * Decodes the header blocks of one connection (RFC 7541). It keeps the table that the peer builds, so every block must be decoded, in
 * order. What it throws ends the connection.
 */
export class HpackDecoder {
  readonly #options: HpackDecoderOptions;
  /** The newest entry first. */
  readonly #table: HeaderField[] = [];
  #tableBytes = 0;
  #tableLimit: number;
  #block: Uint8Array = new Uint8Array();
  #offset = 0;

  constructor(options: HpackDecoderOptions) {
    this.#options = options;
    this.#tableLimit = options.maxTableBytes;
  }

  /** The fields of a complete block. Throws {@link HpackError} for one that breaks the rules, and another {@link Http2Error} for a larger list than is allowed. */
  decode(block: Uint8Array): HeaderField[] {
    this.#block = block;
    this.#offset = 0;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    while (this.#offset < block.byteLength) {
      const field = this.#readField(fields.length === 0);
      if (field === undefined) continue;
      listBytes += sizeOf(field);
      if (listBytes > this.#options.maxListBytes) {
        throw new Http2Error(
          errorCodes.enhanceYourCalm,
          `a list of headers is larger than ${this.#options.maxListBytes} bytes`,
        );
      }
      fields.push(field);
    }
    return fields;
  }

  /** The next field, or `undefined` for an instruction that makes none. */
  #readField(isFirst: boolean): HeaderField | undefined {
    const byte = this.#block[this.#offset] ?? 0;
    if ((byte & 0x80) !== 0) return this.#entry(this.#readInteger(7));
    if ((byte & 0x40) !== 0) {
      const field = this.#readLiteral(6);
      this.#add(field);
      return field;
    }
    if ((byte & 0x20) !== 0) {
      if (!isFirst) throw new HpackError("a header block changes the table after its first field");
      this.#resize(this.#readInteger(5));
      return undefined;
    }
    return this.#readLiteral(4);
  }

  #readLiteral(prefixBits: number): HeaderField {
    const index = this.#readInteger(prefixBits);
    const name = index === 0 ? this.#readString() : this.#entry(index)[0];
    return [name, this.#readString()];
  }

  #entry(index: number): HeaderField {
    const entry = index <= staticTable.length ? staticTable[index - 1] : this.#table[index - staticTable.length - 1];
    if (entry === undefined) throw new HpackError(`a header block names entry ${index}, which does not exist`);
    return entry;
  }

  #readInteger(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#readByte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < maxIntegerBits; shift += 7) {
      const byte = this.#readByte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0 && value <= maxInteger) return value;
    }
    throw new HpackError("a header block holds a number that is too large");
  }

  #readString(): string {
    const isHuffman = ((this.#block[this.#offset] ?? 0) & 0x80) !== 0;
    const length = this.#readInteger(7);
    const end = this.#offset + length;
    if (end > this.#block.byteLength) throw new HpackError("a header block ends within a string");
    const bytes = this.#block.subarray(this.#offset, end);
    this.#offset = end;
    return isHuffman ? decodeHuffman(bytes) : latin1(bytes);
  }

  #readByte(): number {
    const byte = this.#block[this.#offset];
    if (byte === undefined) throw new HpackError("a header block ends within a field");
    this.#offset++;
    return byte;
  }

  #add(field: HeaderField): void {
    const bytes = sizeOf(field);
    this.#shrinkTo(this.#tableLimit - bytes);
    // One that is larger than the table empties it, and is not kept itself.
    if (bytes > this.#tableLimit) return;
    this.#table.unshift(field);
    this.#tableBytes += bytes;
  }

  #resize(limit: number): void {
    if (limit > this.#options.maxTableBytes) {
      throw new HpackError(
        `a header block wants a table of ${limit} bytes; ${this.#options.maxTableBytes} are allowed`,
      );
    }
    this.#tableLimit = limit;
    this.#shrinkTo(limit);
  }

  #shrinkTo(limit: number): void {
    while (this.#tableBytes > limit) {
      const oldest = this.#table.pop();
      if (oldest === undefined) return;
      this.#tableBytes -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: HeaderField): number {
  return name.length + value.length + entryOverheadBytes;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

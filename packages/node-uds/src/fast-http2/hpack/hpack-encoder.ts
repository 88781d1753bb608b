import type { HeaderField } from "../../http2/session.js";
import { staticTable } from "./static-table.js";

/** Number of each field, and of the first field with each name, in the static table. */
const indexByField = new Map<string, number>();
const indexByName = new Map<string, number>();
staticTable.forEach(([name, value], position) => {
  indexByField.set(`${name}\0${value}`, position + 1);
  if (!indexByName.has(name)) indexByName.set(name, position + 1);
});

/**
 * Belongs in front of a connection's first block: sets the size of our table to 0. A peer that allows less than the default would
 * otherwise wait for it.
 */
export const tableIsUnused: Uint8Array = Uint8Array.of(0x20);

const notLatin1 = /[^\0-\xff]/u;

/** The most bytes that an integer takes here: a string has no more than 2^30 characters. */
const maxIntegerBytes = 6;

/**
 * Encodes a header block (RFC 7541) without ever using the dynamic table or Huffman codes: nothing to keep in step with the peer, and on
 * a socket of the same machine the bytes cost nothing. Values are Latin-1 text; what lies beyond is a `TypeError`.
 */
export function encodeHeaderBlock(fields: readonly HeaderField[]): Uint8Array {
  let maxBytes = 0;
  for (const [name, value] of fields) maxBytes += name.length + value.length + 3 * maxIntegerBytes;
  const block = Buffer.allocUnsafe(maxBytes);
  let offset = 0;
  for (const [name, value] of fields) {
    const fieldIndex = indexByField.get(`${name}\0${value}`);
    if (fieldIndex !== undefined) {
      offset = writeInteger(block, offset, 0x80, 7, fieldIndex);
      continue;
    }
    const nameIndex = indexByName.get(name) ?? 0;
    offset = writeInteger(block, offset, 0, 4, nameIndex);
    if (nameIndex === 0) offset = writeString(block, offset, name);
    offset = writeString(block, offset, value);
  }
  return block.subarray(0, offset);
}

/** Both of these return where the next byte goes. */
function writeInteger(block: Buffer, start: number, flags: number, prefixBits: number, value: number): number {
  const mask = 2 ** prefixBits - 1;
  let offset = start;
  if (value < mask) {
    block[offset++] = flags | value;
    return offset;
  }
  block[offset++] = flags | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) block[offset++] = (rest & 0x7f) | 0x80;
  block[offset++] = rest;
  return offset;
}

function writeString(block: Buffer, start: number, text: string): number {
  const [wrong] = notLatin1.exec(text) ?? [];
  if (wrong !== undefined) throw new TypeError(`a header holds ${JSON.stringify(wrong)}, which is not Latin-1`);
  const offset = writeInteger(block, start, 0, 7, text.length);
  return offset + block.write(text, offset, "latin1");
}

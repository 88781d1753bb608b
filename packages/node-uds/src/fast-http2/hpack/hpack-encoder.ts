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

/**
 * Encodes a header block (RFC 7541) without ever using the dynamic table or Huffman codes: nothing to keep in step with the peer, and on
 * a socket of the same machine the bytes cost nothing. Values are Latin-1 text; what lies beyond is a `TypeError`.
 */
export function encodeHeaderBlock(fields: Iterable<HeaderField>): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    const fieldIndex = indexByField.get(`${name}\0${value}`);
    if (fieldIndex !== undefined) {
      pushInteger(bytes, 0x80, 7, fieldIndex);
      continue;
    }
    const nameIndex = indexByName.get(name) ?? 0;
    pushInteger(bytes, 0, 4, nameIndex);
    if (nameIndex === 0) pushString(bytes, name);
    pushString(bytes, value);
  }
  return Uint8Array.from(bytes);
}

function pushInteger(bytes: number[], flags: number, prefixBits: number, value: number): void {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) {
    bytes.push(flags | value);
    return;
  }
  bytes.push(flags | mask);
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}

function pushString(bytes: number[], text: string): void {
  pushInteger(bytes, 0, 7, text.length);
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code > 0xff) throw new TypeError(`a header holds ${JSON.stringify(text[position])}, which is not Latin-1`);
    bytes.push(code);
  }
}

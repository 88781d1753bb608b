import type { HeaderField } from "../http2/session.js";
import { encodeHeaderBlock } from "./hpack/hpack-encoder.js";
import { isConnectionField } from "./is-well-formed.js";

/** The blocks of frozen lists. A list that cannot change has the same block for ever. */
const blocks = new WeakMap<readonly HeaderField[], Uint8Array>();

/** The header block of a request. Throws a `TypeError` for fields that HTTP/2 has no place for. */
export function requestBlock(fields: readonly HeaderField[]): Uint8Array {
  const known = blocks.get(fields);
  if (known !== undefined) return known;
  for (const [name] of fields) {
    if (isConnectionField(name)) throw new TypeError(`the header ${name} belongs to HTTP/1`);
  }
  const block = encodeHeaderBlock(fields);
  if (Object.isFrozen(fields)) blocks.set(fields, block);
  return block;
}

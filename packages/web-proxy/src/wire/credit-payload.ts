import { closeCodes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

/** The payload of a CREDIT frame. */
export function encodeCredit(byteCount: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, byteCount);
  return payload;
}

/** The number in a CREDIT frame. Throws {@link ProtocolError} when it has none, or 0. */
export function decodeCredit(payload: Uint8Array): number {
  const byteCount =
    payload.byteLength === 4 ? new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0) : 0;
  if (byteCount === 0) throw new ProtocolError(closeCodes.protocolError, "a CREDIT frame holds 4 bytes, and not 0");
  return byteCount;
}

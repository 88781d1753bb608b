import { messagePrefixBytes } from "./message-assembler.js";

/** Returns `message` with the gRPC prefix in front: no flags, then its length. */
export function frameMessage(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(messagePrefixBytes + message.byteLength);
  new DataView(framed.buffer).setUint32(1, message.byteLength);
  framed.set(message, messagePrefixBytes);
  return framed;
}

import type { OutgoingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";

/** The trailers that say how a call ended. `undefined` stands for OK. */
export function statusTrailers(error: ConnectError | undefined): OutgoingHttpHeaders {
  if (error === undefined) return { "grpc-status": "0" };
  return { "grpc-status": String(error.code), "grpc-message": encodeGrpcMessage(error.rawMessage) };
}

/**
 * Percent-encodes as the gRPC specification says: only what is not printable ASCII, and the percent sign. Encoding more, as
 * `encodeURIComponent` does, reaches some clients undecoded.
 */
function encodeGrpcMessage(message: string): string {
  return Array.from(Buffer.from(message, "utf8"), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}

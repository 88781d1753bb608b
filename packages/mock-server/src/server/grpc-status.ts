import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";

/** The trailers that say how a call ended, beside those in `trailer`. `undefined` stands for OK. */
export function statusTrailers(error: ConnectError | undefined, trailer?: Headers): Headers {
  const trailers = new Headers(trailer);
  if (error === undefined) {
    trailers.set("grpc-status", "0");
    return trailers;
  }
  try {
    setTrailerStatus(trailers, error);
  } catch {
    // Details that cannot be encoded. A caller is better served by the status without them than by another error.
    trailers.set("grpc-status", String(error.code));
  }
  trailers.set("grpc-message", encodeGrpcMessage(error.rawMessage));
  return trailers;
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

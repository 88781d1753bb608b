import type { ConnectError } from "@connectrpc/connect";

/**
 * Told of one call as it happens, in message bytes as they are on the wire. Costs a call next to nothing, never throws and never
 * makes it wait. The bytes are kept until they are stored: they must not be written to any more.
 */
export interface CallTap {
  /** The caller has sent a message. */
  request(message: Uint8Array): void;
  /** The caller gets a message. */
  response(message: Uint8Array): void;
  /** The caller has sent its last message. */
  halfClose(): void;
  /** The call is over; `undefined` for one that succeeded. What follows is ignored. */
  end(error: ConnectError | undefined): void;
}

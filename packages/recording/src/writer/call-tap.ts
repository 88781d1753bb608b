import type { ConnectError } from "@connectrpc/connect";
import type { Moment } from "../moment.js";

/**
 * Told of one call as it happens, in message bytes as they are on the wire. Costs a call next to nothing, never throws and never
 * makes it wait. The bytes are kept until they are stored: they must not be written to any more.
 *
 * `at` says when it happens, for those who tell many recordings the same; one of another clock than the recording's is not looked at.
 * Default: now.
 */
export interface CallTap {
  /** The caller has sent a message. */
  request(message: Uint8Array, at?: Moment): void;
  /** The caller gets a message. */
  response(message: Uint8Array, at?: Moment): void;
  /** The caller has sent its last message. */
  halfClose(at?: Moment): void;
  /** The call is over; `undefined` for one that succeeded. What follows is ignored. */
  end(error: ConnectError | undefined, at?: Moment): void;
}

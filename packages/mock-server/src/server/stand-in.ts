import type { Message } from "@bufbuild/protobuf";
import type { Rpc } from "@resoio/core";
import type { EncodedMessage } from "./encoded-message.js";

/**
 * What may answer calls in place of the handlers. It gives a function that answers the call, or throws what the call fails with;
 * `undefined` leaves the call to the handler.
 */
export interface StandIn {
  /** For a call of one request and one answer. */
  unary(rpc: Rpc, request: Message, signal: AbortSignal): Promise<(() => Promise<EncodedMessage>) | undefined>;
  /** For a call that is answered until it is cancelled. */
  serverStream(
    rpc: Rpc,
    request: Message,
    signal: AbortSignal,
  ): Promise<(() => AsyncIterable<EncodedMessage>) | undefined>;
  /** For a call that sends many requests. These it can only refuse. */
  clientStream(rpc: Rpc): Promise<(() => never) | undefined>;
}

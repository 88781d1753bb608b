import { Code, ConnectError } from "@connectrpc/connect";

/** What calls on a transport fail with that its owner has closed. */
export function transportClosedError(): ConnectError {
  return new ConnectError("the transport is closed; make a new one", Code.FailedPrecondition);
}

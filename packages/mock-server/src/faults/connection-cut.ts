import { Code, ConnectError } from "@connectrpc/connect";

/** Why a call failed whose connection shall break. */
class ConnectionCut extends Error {
  override name = "ConnectionCut";
}

/** What a handler throws to break its connection: a server on a socket destroys it, others answer UNAVAILABLE. */
export function connectionCut(): ConnectError {
  return new ConnectError("the connection was cut", Code.Unavailable, undefined, undefined, new ConnectionCut());
}

/** Whether an error was made by {@link connectionCut}. */
export function isConnectionCut(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof ConnectionCut;
}

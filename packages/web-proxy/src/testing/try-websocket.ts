import { WebSocket } from "ws";
import { subprotocol, tokenSubprotocolPrefix } from "../wire/protocol.js";

/** How to open a WebSocket. */
export interface WebSocketAttempt {
  /** Default `/ws`. */
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Sent as a browser has to: among the subprotocols. */
  readonly token?: string;
}

/** Tries to open a WebSocket at the proxy at `url`. Resolves to the HTTP status: 101 when it opened, 0 when nobody answered. */
export async function tryWebSocket(
  url: string,
  { path = "/ws", headers = {}, token }: WebSocketAttempt = {},
): Promise<number> {
  const protocols = token === undefined ? [subprotocol] : [subprotocol, `${tokenSubprotocolPrefix}${token}`];
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}${path}`, protocols, { headers });
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on("open", () => resolve(101));
  socket.on("unexpected-response", (request, response) => {
    resolve(response.statusCode ?? 0);
    request.destroy();
  });
  socket.on("error", () => resolve(0));
  const status = await promise;
  socket.terminate();
  return status;
}

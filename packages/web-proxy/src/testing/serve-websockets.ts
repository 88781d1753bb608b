import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import {
  createWebSocketEndpoint,
  type WebSocketEndpoint,
  type WebSocketEndpointOptions,
} from "../server/websocket/websocket-endpoint.js";
import { FakeCallGate } from "./fake-call-gate.js";
import { RawWebSocketClient, type RawWebSocketClientOptions } from "./raw-websocket-client.js";
import { TestClock } from "./test-clock.js";

/** A WebSocket endpoint on a port of this machine, in front of a gate that a test answers for. */
export interface WebSocketServing {
  readonly gate: FakeCallGate;
  readonly endpoint: WebSocketEndpoint;
  readonly server: Server;
  /** Where it is, without a path. */
  readonly url: string;
  /** The time of the endpoint. It stands still unless it is moved. */
  readonly clock: TestClock;
  /** Every disconnect, as `code message`, by the client's id. */
  readonly disconnects: Map<string, string[]>;
  /** The server's sockets, in the order of their connections. */
  readonly sockets: readonly Socket[];
  /** Resolves to what a client was disconnected with. */
  disconnected(clientId: string): Promise<string>;
  /** Connects to `/ws`, unless another path is given. */
  connect(options?: RawWebSocketClientOptions & { readonly path?: string }): Promise<RawWebSocketClient>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves WebSockets on a free port. Everybody may observe and control, unless told otherwise. */
export async function serveWebSockets(options: Partial<WebSocketEndpointOptions> = {}): Promise<WebSocketServing> {
  const gate = new FakeCallGate();
  const clock = new TestClock();
  const disconnects = new Map<string, string[]>();
  const clients: RawWebSocketClient[] = [];
  const sockets: Socket[] = [];
  let changed = Promise.withResolvers<void>();
  const endpoint = createWebSocketEndpoint({
    authorize: () => ({ access: new Set(["observe", "control"]) }),
    gateFor: (name) => (name === undefined || name === "other" ? gate : undefined),
    clock,
    ...options,
    async onDisconnect(client, reason) {
      disconnects.set(client.id, [...(disconnects.get(client.id) ?? []), `${reason.code} ${reason.message}`]);
      changed.resolve();
      changed = Promise.withResolvers();
      await options.onDisconnect?.(client, reason);
    },
  });
  const server = createServer();
  server.on("connection", (socket) => sockets.push(socket));
  server.on("upgrade", (request, socket, head) => endpoint.handleUpgrade(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `ws://127.0.0.1:${address.port}`;
  return {
    gate,
    endpoint,
    server,
    url,
    clock,
    disconnects,
    sockets,
    async disconnected(clientId) {
      for (;;) {
        const [reason] = disconnects.get(clientId) ?? [];
        if (reason !== undefined) return reason;
        await changed.promise;
      }
    },
    async connect({ path = "/ws", ...rest } = {}) {
      const client = await RawWebSocketClient.connect(url + path, rest);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await endpoint[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

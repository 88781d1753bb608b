import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { InvalidOptionsError, type Logger } from "@resoio/core";
import type { ProxyDoor } from "../proxy-door.js";
import type { ListenOptions, ProxyLimits, ProxyOptions } from "../proxy-options.js";
import { declineUpgrade, wantsWebSocket } from "./decline-upgrade.js";
import { listen } from "./listen.js";
import { localUrl } from "./local-url.js";

/** Options of {@link OwnServer}. */
export interface OwnServerOptions {
  readonly tls: ProxyOptions["tls"];
  readonly limits: ProxyLimits;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onWebSocket: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** A connection was one too many. */
  readonly onDrop: () => void;
  readonly logger: Logger;
}

/** The server of a proxy that listens by itself, with limits for clients that are slow on purpose. */
export class OwnServer implements ProxyDoor {
  readonly #server: Server;
  readonly #isEncrypted: boolean;
  readonly #logger: Logger;
  /** Below TLS, where there is some: also those that never get so far. */
  readonly #sockets = new Set<Socket>();
  #closed: Promise<void> | undefined;
  #url = "";
  #port = 0;

  /** Throws {@link InvalidOptionsError} for a certificate or key that is none. */
  constructor({ tls, limits, onRequest, onWebSocket, onDrop, logger }: OwnServerOptions) {
    this.#server = createHttpServer(tls, limits);
    this.#isEncrypted = tls !== undefined;
    this.#logger = logger;
    this.#server.on("drop", onDrop);
    this.#server.on("connection", (socket: Socket) => this.#watch(socket));
    this.#server.on("request", onRequest);
    this.#server.on("upgrade", (request, socket, head) => {
      if (wantsWebSocket(request)) onWebSocket(request, socket, head);
      else declineUpgrade(this.#server, request, socket, head);
    });
  }

  /** As {@link WebProxy.url}. */
  get url(): string {
    return this.#url;
  }

  /** As {@link WebProxy.port}. */
  get port(): number {
    return this.#port;
  }

  /** Resolves when connections are accepted. Fails with `ListenError`. */
  async listen(where: Omit<ListenOptions, "tls">): Promise<void> {
    const { host } = where;
    const { address, port } = await listen(this.#server, where);
    if (where.port !== 0 && where.port !== port)
      this.#logger.warn(`port ${where.port} is taken: ${port} it is instead`);
    this.#server.on("error", (error) => this.#logger.warn(`a connection could not be accepted: ${error.message}`));
    this.#port = port;
    this.#url = localUrl({ host, address, port, isEncrypted: this.#isEncrypted });
  }

  close(): void {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async release(): Promise<void> {
    this.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#closed;
  }

  #watch(socket: Socket): void {
    // One whose upgrade was declined comes a second time.
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

function createHttpServer(tls: ProxyOptions["tls"], limits: ProxyLimits): Server {
  const { headersTimeoutMs, requestTimeoutMs } = limits;
  const shortestMs = Math.min(headersTimeoutMs, requestTimeoutMs);
  const options: ServerOptions = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: Math.max(headersTimeoutMs, requestTimeoutMs),
    // How late the two above may be noticed.
    connectionsCheckingInterval: Math.ceil(Math.min(shortestMs / 2, 5_000)),
    keepAliveTimeout: 5_000,
    noDelay: true,
  };
  const server = tls === undefined ? createServer(options) : createSecureServer(options, tls, headersTimeoutMs);
  server.maxConnections = limits.maxSockets;
  return server;
}

function createSecureServer(
  options: ServerOptions,
  { cert, key }: NonNullable<ProxyOptions["tls"]>,
  handshakeTimeout: number,
): Server {
  try {
    return createTlsServer({ ...options, cert: toPem(cert), key: toPem(key), handshakeTimeout });
  } catch (cause) {
    throw new InvalidOptionsError("tls.cert and tls.key are not a certificate and its private key, as PEM", { cause });
  }
}

function toPem(text: string | Uint8Array): string | Buffer {
  return typeof text === "string" ? text : Buffer.from(text);
}

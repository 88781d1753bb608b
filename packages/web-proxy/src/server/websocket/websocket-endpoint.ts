import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Logger, silentLogger } from "@resoio/core";
import { backgroundClock, type Clock } from "@resoio/core/internal";
import { type WebSocket, WebSocketServer } from "ws";
import { maxBatchBytes, subprotocol } from "../../wire/protocol.js";
import { plainAddress } from "../access/loopback.js";
import { RateLimiter } from "../access/rate-limiter.js";
import type { CallGate } from "../call-gate.js";
import { refuseUpgrade } from "./refuse-upgrade.js";
import {
  type Authorization,
  type DisconnectReason,
  type WebSocketClient,
  WebSocketConnection,
} from "./websocket-connection.js";
import { resolveWebSocketLimits, type WebSocketLimits } from "./websocket-limits.js";

/** Why a request may do nothing. */
export interface Refusal {
  /** The HTTP status of the answer. */
  readonly status: number;
  /** A sentence for whoever asked. */
  readonly message: string;
}

/** Options of {@link createWebSocketEndpoint}. */
export interface WebSocketEndpointOptions {
  /** Decides what the client behind a request may do. One that throws refuses it, with HTTP 500. */
  readonly authorize: (request: IncomingMessage) => Authorization | Refusal | Promise<Authorization | Refusal>;
  /** The gate of an upstream, by its name in the path; of the default one for `undefined`. Without one the answer is HTTP 404. */
  readonly gateFor: (upstreamName: string | undefined) => CallGate | undefined;
  /** What the default upstream is called in `client.upstream`. Default "default". */
  readonly defaultUpstream?: string;
  /** What a client may take, and how long the proxy waits for it. */
  readonly limits?: Partial<WebSocketLimits>;
  /** Told of each client once, when its connection is open. What it throws goes to the logger. */
  readonly onConnect?: (client: WebSocketClient) => void | Promise<void>;
  /** Told of each client once, when it can do nothing more and `onConnect` is through. What it throws goes to the logger. */
  readonly onDisconnect?: (client: WebSocketClient, reason: DisconnectReason) => void | Promise<void>;
  /** Told when clients come and go. Default: silent. */
  readonly logger?: Logger;
  /** What all times are measured with. Default: this machine's time. */
  readonly clock?: Clock;
}

/** The WebSocket side of a proxy. */
export interface WebSocketEndpoint {
  /** The clients that are connected. */
  readonly clients: ReadonlySet<WebSocketClient>;
  /**
   * Takes what an HTTP server tells with its `upgrade` event. Never throws; what is refused is answered. `url` is what the request has
   * behind the place of this endpoint; default: all of it.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url?: string): void;
  /**
   * Refuses new connections and calls, closes each connection with 1001 when its calls have ended, and after `drainMs` (default
   * 5,000) those that are left. Resolves when all sockets are closed. May be called again, as with a shorter time.
   */
  close(reason?: string, options?: { readonly drainMs?: number }): Promise<void>;
  /** Closes at once. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes the endpoint behind `/ws` (the default upstream) and `/ws/<upstream name>`; docs/websocket-protocol.md describes what it
 * speaks. Throws `InvalidOptionsError` for limits that are none.
 */
export function createWebSocketEndpoint(options: WebSocketEndpointOptions): WebSocketEndpoint {
  return new Endpoint(options);
}

const stopping = "the proxy is stopping";

class Endpoint implements WebSocketEndpoint {
  readonly #options: WebSocketEndpointOptions;
  readonly #limits: WebSocketLimits;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #rates: { readonly frames: RateLimiter; readonly calls: RateLimiter };
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxBatchBytes,
    perMessageDeflate: false,
    // Text is refused whatever it says.
    skipUTF8Validation: true,
    handleProtocols: () => subprotocol,
  });
  readonly #clients = new Set<WebSocketClient>();
  /** Also those that are being closed. */
  readonly #connections = new Set<WebSocketConnection>();
  /** Requests that are being authorised. */
  #pending = 0;
  #connectionCount = 0;
  #stopReason: string | undefined;
  #onAllGone: (() => void)[] = [];

  constructor(options: WebSocketEndpointOptions) {
    this.#options = options;
    this.#limits = resolveWebSocketLimits(options.limits);
    this.#logger = options.logger ?? silentLogger;
    this.#clock = options.clock ?? backgroundClock;
    const { framesPerSecond, callsPerSecond } = this.#limits;
    const now = () => this.#clock.nowMs();
    this.#rates = {
      frames: new RateLimiter({ perSecond: framesPerSecond, burst: 2 * framesPerSecond, now }),
      calls: new RateLimiter({ perSecond: callsPerSecond, burst: 2 * callsPerSecond, now }),
    };
  }

  get clients(): ReadonlySet<WebSocketClient> {
    return this.#clients;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url = request.url ?? ""): void {
    // A client that is lost while it is being authorised must not be an uncaught error.
    socket.on("error", () => socket.destroy());
    this.#pending++;
    void this.#upgrade(request, socket, head, url).finally(() => {
      this.#pending--;
      this.#tellIfAllGone();
    });
  }

  async close(reason = stopping, { drainMs = 5_000 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopReason ??= reason;
    for (const connection of this.#connections) connection.drain(reason);
    const cancelStop = drainMs > 0 ? this.#clock.schedule(drainMs, () => this.#stopAll(reason)) : undefined;
    if (cancelStop === undefined) this.#stopAll(reason);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAllGone.push(resolve);
    this.#tellIfAllGone();
    await promise;
    cancelStop?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(stopping, { drainMs: 0 });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url: string): Promise<void> {
    const refuse = (status: number, message: string): void => {
      this.#logger.debug(`refused a WebSocket of ${request.socket.remoteAddress}: ${status} ${message}`);
      refuseUpgrade(socket, status, message);
    };
    const target = readTarget(url);
    if (target === undefined) return refuse(404, "there is no WebSocket here: it is at /ws or /ws/<upstream name>");
    if (this.#stopReason !== undefined) return refuse(503, this.#stopReason);
    if (this.#connections.size + this.#pending > this.#limits.maxConnections) {
      return refuse(503, `there are ${this.#limits.maxConnections} connections already, and no more are allowed`);
    }
    const authorization = await this.#authorize(request);
    if (socket.destroyed) return;
    if ("status" in authorization) return refuse(authorization.status, authorization.message);
    const gate = this.#options.gateFor(target.upstreamName);
    if (gate === undefined) return refuse(404, `this proxy has no upstream ${JSON.stringify(target.upstreamName)}`);
    if (!offeredProtocols(request).includes(subprotocol)) {
      return refuse(400, `this proxy speaks the WebSocket subprotocol ${subprotocol}: the client has to offer it`);
    }
    if (this.#stopReason !== undefined) return refuse(503, this.#stopReason);
    const upstream = target.upstreamName ?? this.#options.defaultUpstream ?? "default";
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      this.#connect(opened, socket, request, { gate, upstream, authorization });
    });
  }

  async #authorize(request: IncomingMessage): Promise<Authorization | Refusal> {
    const { promise: late, resolve } = Promise.withResolvers<Refusal>();
    const cancelTimeout = this.#clock.schedule(this.#limits.authorizeTimeoutMs, () =>
      resolve({ status: 503, message: "it took too long to find out what this client may do" }),
    );
    try {
      return await Promise.race([this.#options.authorize(request), late]);
    } catch (error) {
      this.#logger.warn(`authorize failed: ${String(error)}`);
      return { status: 500, message: "the proxy could not find out what this client may do" };
    } finally {
      cancelTimeout();
    }
  }

  #connect(
    socket: WebSocket,
    stream: Duplex,
    request: IncomingMessage,
    found: { readonly gate: CallGate; readonly upstream: string; readonly authorization: Authorization },
  ): void {
    const { promise: greeted, resolve: onGreeted } = Promise.withResolvers<void>();
    const connection = new WebSocketConnection({
      ...found,
      id: `ws-${++this.#connectionCount}`,
      socket,
      stream,
      address: plainAddress(request.socket.remoteAddress ?? "unknown"),
      limits: this.#limits,
      rates: this.#rates,
      clock: this.#clock,
      logger: this.#logger,
      onDisconnect: (reason) => {
        this.#clients.delete(connection);
        this.#logger.info(`client ${connection.id} is gone: ${reason.message} (${reason.code})`);
        void greeted.then(() => this.#run("onDisconnect", () => this.#options.onDisconnect?.(connection, reason)));
      },
      onGone: () => {
        this.#connections.delete(connection);
        this.#tellIfAllGone();
      },
    });
    this.#connections.add(connection);
    this.#clients.add(connection);
    this.#logger.info(`client ${connection.id} has come from ${connection.address}`);
    void this.#run("onConnect", () => this.#options.onConnect?.(connection)).then(onGreeted);
  }

  /** Runs what the user has given. Its mistakes are his, and nobody else's. */
  async #run(name: string, hook: () => void | Promise<void>): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#logger.warn(`${name} failed: ${String(error)}`);
    }
  }

  #stopAll(reason: string): void {
    for (const connection of this.#connections) connection.stop(reason);
  }

  #tellIfAllGone(): void {
    if (this.#connections.size + this.#pending > 0) return;
    for (const tell of this.#onAllGone.splice(0)) tell();
  }
}

/** `undefined` for a path that is none of ours. */
function readTarget(url: string): { readonly upstreamName: string | undefined } | undefined {
  const path = url.split("?")[0] ?? "";
  const match = /^\/ws(?:\/([^/]+))?\/?$/.exec(path);
  if (match === null) return undefined;
  try {
    return { upstreamName: match[1] === undefined ? undefined : decodeURIComponent(match[1]) };
  } catch {
    return undefined;
  }
}

function offeredProtocols({ headers }: IncomingMessage): readonly string[] {
  return (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
}

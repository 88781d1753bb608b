import type { DescMethod } from "@bufbuild/protobuf";
import type { CallOptions, Interceptor } from "@connectrpc/connect";
import {
  type Access,
  type ConnectionStatus,
  createReconnectPolicy,
  InvalidOptionsError,
  type KeepAliveOptions,
  type Logger,
  type OpenOptions,
  type ReconnectPolicy,
  type ResoniteTransport,
  type StatusOptions,
  silentLogger,
} from "@resoio/core";
import { ConnectedTransport, type CreateWireCall, maxTimerMs, pathOf } from "@resoio/core/internal";
import { maxCredit } from "../wire/protocol.js";
import { accessNames } from "./access-names.js";
import { FetchCall } from "./fetch-call.js";
import { createTargetFinder } from "./proxy-target.js";
import { WebSocketCall } from "./web-socket-call.js";
import { type GreetedSession, WebSocketConnection } from "./web-socket-connection.js";
import type { WebSocketConstructor } from "./web-socket-like.js";

/** Options of {@link createWebSocketTransport}. */
export interface WebSocketTransportOptions {
  /**
   * Where the proxy is, or a function that finds it: `http://127.0.0.1:7707`, `wss://example.org/resonite/ws`. `http:` and `ws:` mean
   * the same, and so do a url with `/ws` at its end and one without. `/ws/<name>` is a named upstream of the proxy. In a page it
   * may be relative: `/`. The function is called for every new connection.
   */
  readonly url: string | (() => string | Promise<string>);
  /**
   * What lets the proxy in who has it, or a function that gets it, called for every new connection. Default, and an empty one:
   * none, which is enough for what the proxy allows to everybody.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** When to connect again after the connection was lost. Default `createReconnectPolicy()`; `neverReconnect` waits for the next call. */
  readonly reconnect?: ReconnectPolicy;
  /**
   * Pings that notice a network or a proxy that is gone without a word, which breaks the connection: calls fail with
   * `Unavailable`. Default every 10 seconds, with 10 seconds to answer; `false` for none.
   */
  readonly keepAlive?: KeepAliveOptions | false;
  /** How long connecting may take, until the proxy has greeted, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /**
   * The largest message that is accepted, in bytes. Default 64 MiB, enough for a 5K picture. A larger one fails its call
   * with `ResourceExhausted` before any memory is taken for it.
   */
  readonly readMaxBytes?: number;
  /** How much the proxy may send ahead on one call, in bytes. From 1,024 to 2,147,483,647. Default 1 MiB. */
  readonly receiveWindowBytes?: number;
  /** Deadline of calls that name none, in milliseconds. Default, and 0: none. */
  readonly defaultTimeoutMs?: number;
  /** Connect interceptors, the first outermost. Default none. */
  readonly interceptors?: readonly Interceptor[];
  /** Told when the connection comes and goes. Default: silent. */
  readonly logger?: Logger;
  /**
   * What carries large streams, which is the camera's. `"fetch"`: a request of its own, which browsers take several times faster.
   * `"websocket"`: the one connection. Default `"auto"`: `fetch` in browsers and the WebSocket elsewhere.
   */
  readonly largeStreams?: "auto" | "websocket" | "fetch";
  /** The class of WebSockets. Default: the global one. */
  readonly webSocket?: WebSocketConstructor;
}

/** A Connect transport that reaches a mod through a resoio proxy. */
export interface WebSocketTransport extends ResoniteTransport {
  /**
   * Opens the connection now instead of at the first call, so that a proxy that is not there or refuses is noticed at once.
   *
   * Fails with `Unavailable` when nobody answers, `Unauthenticated` when the token is missing, forged or expired, `PermissionDenied`
   * when the proxy does not let in pages of this origin, `NotFound` when it has no such upstream, `DeadlineExceeded` when it takes
   * too long, and `Unknown` when something else than a proxy answers.
   */
  open(options?: OpenOptions): Promise<void>;
  /** What this client may do: the access classes of the RPCs that it may call. Opens the connection; fails as {@link open} does. */
  access(options?: OpenOptions): Promise<readonly Access[]>;
  /** What the connection is doing now, then every change. */
  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus>;
  /** Whether the mod has an RPC; asked without calling it. */
  supports(method: DescMethod, options?: CallOptions): Promise<boolean>;
  /** Cancels the calls in flight and closes the connection. May be called more than once. */
  close(): Promise<void>;
  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes the transport that carries calls to a resoio proxy, in browsers and in Node 22 or newer.
 *
 * All calls share one WebSocket. It is opened when it is first needed; after it was lost, the calls on it fail with `Unavailable`,
 * and a new one is opened when the {@link WebSocketTransportOptions.reconnect} policy says or the next call is made, whichever
 * comes first. It is not opened by itself after the proxy has refused it (token, origin, upstream) or ended it on purpose (close
 * codes 1000, 4401 with a token that stays the same, 4410): then the next call tries.
 *
 * In Node an open WebSocket keeps the process alive until {@link WebSocketTransport.close}: Node's WebSocket cannot be told otherwise.
 *
 * Throws {@link InvalidOptionsError} for a url that is none, a token that cannot be sent, and numbers out of range.
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  return new WebSocketTransportImpl(options);
}

const mebibyte = 1024 * 1024;

/** The routes of calls that are worth a request of their own. */
const largeStreams: ReadonlySet<string> = new Set(["/resonite_io.v1.Camera/StreamFrames"]);

class WebSocketTransportImpl extends ConnectedTransport<GreetedSession> implements WebSocketTransport {
  constructor(options: WebSocketTransportOptions) {
    const { defaultTimeoutMs, interceptors } = options;
    const connection = createConnection(options);
    super(connection, { createCall: callMaker(connection, options), defaultTimeoutMs, interceptors });
  }

  async access(options?: OpenOptions): Promise<readonly Access[]> {
    const { hello } = await this.acquire(options);
    return accessNames(hello.access);
  }
}

function createConnection(options: WebSocketTransportOptions): WebSocketConnection {
  const { url, token, connectTimeoutMs = 10_000, webSocket = globalThis.WebSocket } = options;
  const { reconnect = createReconnectPolicy(), keepAlive = {}, logger = silentLogger } = options;
  checkRange("connectTimeoutMs", connectTimeoutMs, 1, Infinity);
  if (keepAlive !== false) {
    const { intervalMs = 1, timeoutMs = 1 } = keepAlive;
    checkRange("keepAlive.intervalMs", intervalMs, 1, maxTimerMs);
    checkRange("keepAlive.timeoutMs", timeoutMs, 1, maxTimerMs);
  }
  if (webSocket === undefined) {
    throw new InvalidOptionsError("there is no WebSocket here; give one as webSocket, or use Node 22 or newer");
  }
  const findTarget = createTargetFinder(url, token);
  const canRenewToken = typeof token === "function";
  return new WebSocketConnection({
    findTarget,
    canRenewToken,
    connectTimeoutMs,
    reconnect,
    keepAlive,
    logger,
    webSocket,
  });
}

function callMaker(connection: WebSocketConnection, options: WebSocketTransportOptions): CreateWireCall {
  const { readMaxBytes = 64 * mebibyte, receiveWindowBytes = mebibyte, largeStreams: choice = "auto" } = options;
  checkRange("readMaxBytes", readMaxBytes, 0, Infinity);
  checkRange("receiveWindowBytes", receiveWindowBytes, 1_024, maxCredit);
  const windowBytes = Math.floor(receiveWindowBytes);
  const usesFetch = choice === "fetch" || (choice === "auto" && isBrowser());
  return (request, listener) => {
    if (usesFetch && largeStreams.has(pathOf(request.method))) {
      return new FetchCall({ ...request, readMaxBytes, findTarget: () => connection.findTarget() }, listener);
    }
    return new WebSocketCall(connection, { ...request, readMaxBytes, receiveWindowBytes: windowBytes }, listener);
  };
}

/** Whether this is a page or one of its workers. */
function isBrowser(): boolean {
  return "document" in globalThis || "WorkerGlobalScope" in globalThis;
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  const limit = max === Infinity ? `${min} or more` : `from ${min} to ${max}`;
  throw new InvalidOptionsError(`${name} must be ${limit}, not ${value}`);
}

import type { DescMethod } from "@bufbuild/protobuf";
import type { CallOptions, Interceptor } from "@connectrpc/connect";
import {
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
import { ConnectedTransport, maxTimerMs } from "@resoio/core/internal";
import { maxWindowBytes } from "./fast-http2/http2-codes.js";
import { openFastSession } from "./fast-http2/open-fast-session.js";
import { GrpcCall } from "./grpc/grpc-call.js";
import { Http2Connection } from "./http2/http2-connection.js";
import { openNodeSession } from "./http2/open-node-session.js";
import type { Session } from "./http2/session.js";

/** Options of {@link createUdsTransport}. */
export interface UdsTransportOptions {
  /** Path of the socket, or a function that finds it. The function is called for every new connection. */
  readonly socketPath: string | (() => string | Promise<string>);
  /**
   * The largest message that is accepted, in bytes. Default 64 MiB, enough for a 5K picture. A larger one fails its call
   * with `ResourceExhausted` before any memory is taken for it.
   */
  readonly readMaxBytes?: number;
  /** How long connecting and the HTTP/2 handshake may take together, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Deadline of calls that name none, in milliseconds. Default, and 0: none. */
  readonly defaultTimeoutMs?: number;
  /** How much the mod may send ahead on one call, in bytes, from 1 to 2^31 - 1. Default 16 MiB. */
  readonly streamWindowBytes?: number;
  /** How much the mod may send ahead on all calls together, in bytes, up to 2^31 - 1; less than 65,535 is the same as that. Default 32 MiB. */
  readonly connectionWindowBytes?: number;
  /** When to connect again after the connection was lost. Default `createReconnectPolicy()`; `neverReconnect` waits for the next call. */
  readonly reconnect?: ReconnectPolicy;
  /**
   * Pings that notice a mod that is frozen, which breaks the connection: calls fail with `Unavailable`. Default every 10
   * seconds, with 10 seconds to answer; `false` for none, as when the game is stopped in a debugger.
   */
  readonly keepAlive?: KeepAliveOptions | false;
  /** Told when the connection comes and goes. Default: silent. */
  readonly logger?: Logger;
  /**
   * Which HTTP/2 carries the calls: `"fast"`, our own, made for large answers, or `"node"`, Node's. They behave alike. Default
   * `"fast"`, unless the variable `RESOIO_HTTP2` is `node`.
   */
  readonly http2?: "fast" | "node";
  /** Connect interceptors, the first outermost. Default none. */
  readonly interceptors?: readonly Interceptor[];
}

/** A Connect transport that speaks gRPC over a Unix domain socket. */
export interface UdsTransport extends ResoniteTransport {
  /**
   * Opens the connection now instead of at the first call, so that a mod that is not there is noticed at once.
   *
   * Fails with `Unavailable` when nobody listens, `PermissionDenied` when the socket may not be opened, `DeadlineExceeded`
   * when the handshake takes longer than `connectTimeoutMs`, and `Unknown` when something else than gRPC listens.
   */
  open(options?: OpenOptions): Promise<void>;
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
 * Makes the transport that carries calls to a mod on this machine.
 *
 * All calls share one HTTP/2 connection. It is opened when it is first needed; after it was lost, the calls on it fail with
 * `Unavailable`, and a new one is opened when the {@link UdsTransportOptions.reconnect} policy says or the next call is made,
 * whichever comes first. An open connection without calls does not keep the process alive.
 */
export function createUdsTransport(options: UdsTransportOptions): UdsTransport {
  return new UdsTransportImpl(options);
}

const mebibyte = 1024 * 1024;

class UdsTransportImpl extends ConnectedTransport<Session> implements UdsTransport {
  constructor(options: UdsTransportOptions) {
    const { socketPath, readMaxBytes = 64 * mebibyte, connectTimeoutMs = 5_000, defaultTimeoutMs } = options;
    const { streamWindowBytes = 16 * mebibyte, connectionWindowBytes = 32 * mebibyte, interceptors } = options;
    const { http2 = defaultHttp2() } = options;
    const { reconnect = createReconnectPolicy(), keepAlive = {}, logger = silentLogger } = options;
    if (keepAlive !== false) checkKeepAlive(keepAlive);
    checkWindows({ streamWindowBytes, connectionWindowBytes });
    const connection = new Http2Connection({
      openSession: http2 === "node" ? openNodeSession : openFastSession,
      resolvePath: typeof socketPath === "string" ? () => socketPath : socketPath,
      connectTimeoutMs,
      streamWindowBytes,
      connectionWindowBytes,
      reconnect,
      keepAlive,
      logger,
    });
    super(connection, {
      createCall: (request, listener) => new GrpcCall(connection, { ...request, readMaxBytes }, listener),
      defaultTimeoutMs,
      interceptors,
    });
  }
}

function defaultHttp2(): "fast" | "node" {
  const { RESOIO_HTTP2: wanted } = process.env;
  return wanted === "node" ? "node" : "fast";
}

function checkWindows(windows: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(windows)) {
    if (!Number.isInteger(value) || value < 1 || value > maxWindowBytes) {
      throw new InvalidOptionsError(`${name} must be a whole number from 1 to ${maxWindowBytes}, not ${value}`);
    }
  }
}

function checkKeepAlive({ intervalMs = 1, timeoutMs = 1 }: KeepAliveOptions): void {
  for (const [name, value] of Object.entries({ intervalMs, timeoutMs })) {
    if (!(value > 0 && value <= maxTimerMs)) {
      throw new InvalidOptionsError(`keepAlive.${name} must be from 1 to ${maxTimerMs} milliseconds, not ${value}`);
    }
  }
}

import * as http2 from "node:http2";
import * as net from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger, ReconnectPolicy } from "@resoio/core";
import { ConnectionKeeper, maxTimerMs, type StatusFeed } from "@resoio/core/internal";
import { type KeepAliveOptions, watchLife } from "./watch-life.js";

/** Options of {@link Http2Connection}. */
export interface Http2ConnectionOptions {
  /** Called for each new connection, so that a restarted mod is found under its new path. */
  readonly resolvePath: () => string | Promise<string>;
  /** How long connecting and the HTTP/2 handshake may take together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How much the peer may send ahead on one stream, in bytes. */
  readonly streamWindowBytes: number;
  /** How much the peer may send ahead on all streams together, in bytes. */
  readonly connectionWindowBytes: number;
  /** What to do after the connection was lost. */
  readonly reconnect: ReconnectPolicy;
  /** How to notice a peer that is frozen. `false`: not at all. */
  readonly keepAlive: KeepAliveOptions | false;
  readonly logger: Logger;
}

/**
 * One HTTP/2 connection over a Unix domain socket, opened when it is first needed and again after it was lost. It keeps the
 * process alive only while calls are in flight.
 */
export class Http2Connection {
  readonly #options: Http2ConnectionOptions;
  readonly #keeper: ConnectionKeeper<http2.ClientHttp2Session>;
  /**
   * Every session that is not closed yet, the current one and those that drain after a GOAWAY, with its socket. A session
   * forgets its socket when it is destroyed, and may then still wait for the peer to hang up.
   */
  readonly #sockets = new Map<http2.ClientHttp2Session, net.Socket>();
  readonly #callCounts = new WeakMap<http2.ClientHttp2Session, number>();
  /** Why a session is lost. */
  readonly #reasons = new WeakMap<http2.ClientHttp2Session, ConnectError>();
  /** What the attempt under way waits for. It keeps the process alive only while somebody waits for the attempt. */
  #attemptHandles: readonly Handle[] = [];
  #waiterCount = 0;
  #isClosed = false;

  constructor(options: Http2ConnectionOptions) {
    this.#options = options;
    const { reconnect: policy, logger } = options;
    this.#keeper = new ConnectionKeeper({ open: () => this.#connect(), policy, logger });
  }

  /** What the connection is doing. */
  get status(): StatusFeed {
    return this.#keeper.status;
  }

  /** The session that new calls can use at once, if there is one. */
  get current(): http2.ClientHttp2Session | undefined {
    const session = this.#keeper.current;
    return session === undefined || session.closed || session.destroyed ? undefined : session;
  }

  /** Why `session` is lost, as the status tells it. `failure` is what the caller knows, for when nothing else is known. */
  causeOfLoss(session: http2.ClientHttp2Session, failure?: Error): ConnectError {
    const known = this.#reasons.get(session);
    if (known !== undefined) return known;
    const reason = closedByModError(failure);
    this.#reasons.set(session, reason);
    return reason;
  }

  /**
   * Returns the session, opening it when needed. Callers that ask at the same time share one attempt.
   *
   * Fails with `Unavailable` when nobody listens, `PermissionDenied` when the socket may not be opened,
   * `DeadlineExceeded` when the handshake takes too long, `Unknown` when the peer does not speak HTTP/2, and
   * `FailedPrecondition` after {@link close}. An error of `resolvePath` is passed on as it is.
   */
  async open(): Promise<http2.ClientHttp2Session> {
    const { current } = this.#keeper;
    // The session has begun to close, but the event that says so is still to come.
    if (current !== undefined && (current.closed || current.destroyed)) {
      this.#keeper.lost(current, this.causeOfLoss(current));
    }
    this.#waiterCount++;
    this.#holdProcess();
    try {
      return await this.#keeper.acquire();
    } finally {
      this.#waiterCount--;
    }
  }

  /** Keeps the process alive until {@link release} was called as often. */
  retain(session: http2.ClientHttp2Session): void {
    const count = this.#callCounts.get(session) ?? 0;
    this.#callCounts.set(session, count + 1);
    if (count === 0) this.#sockets.get(session)?.ref();
  }

  /** Takes one {@link retain} back. */
  release(session: http2.ClientHttp2Session): void {
    const count = (this.#callCounts.get(session) ?? 1) - 1;
    this.#callCounts.set(session, count);
    if (count === 0) this.#sockets.get(session)?.unref();
  }

  /** Destroys the connection, also one that is being opened, and resolves when its handles are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#keeper.close();
    // What was said last on the streams, that calls are cancelled, is on its way by the next turn. Without it the peer would
    // have to tell a cancelled call from the end of the connection.
    await nextTurn();
    const closing = [...this.#sockets].map(([session, socket]) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      session.once("close", resolve);
      session.destroy();
      // A session waits until the peer has read all, or has hung up too, which may be never. Its goodbye is on its way by
      // the next turn.
      setImmediate(() => socket.destroy());
      return promise;
    });
    await Promise.all(closing);
  }

  async #connect(): Promise<http2.ClientHttp2Session> {
    const path = await this.#options.resolvePath();
    if (this.#isClosed) throw closedError();
    const session = this.#createSession(path);
    await this.#handshake(session, path);
    if (this.#isClosed) throw closedError();
    session.setLocalWindowSize(this.#options.connectionWindowBytes);
    session.unref();
    this.#watch(session, path);
    return session;
  }

  /** An attempt that nobody asked for must not keep the process alive; a call may join it at any time. */
  #holdProcess(): void {
    for (const handle of this.#attemptHandles) {
      if (this.#waiterCount > 0) handle.ref();
      else handle.unref();
    }
  }

  #createSession(path: string): http2.ClientHttp2Session {
    const socket = net.connect({ path });
    const session = http2.connect("http://localhost", {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: this.#options.streamWindowBytes },
      // Counted in megabytes. Node's default of 10 would refuse new streams while one large message is on its way; what
      // really bounds the memory of a session is the windows.
      maxSessionMemory: 1024,
    });
    this.#sockets.set(session, socket);
    session.once("close", () => this.#sockets.delete(session));
    return session;
  }

  /** Tells the keeper when an open session is of no more use, and gives up one whose peer has frozen. */
  #watch(session: http2.ClientHttp2Session, path: string): void {
    session.on("error", (error) => void this.causeOfLoss(session, error));
    session.once("goaway", () => this.#lose(session, goingAwayError()));
    const socket = this.#sockets.get(session);
    const { keepAlive } = this.#options;
    const stopWatching =
      keepAlive === false || socket === undefined
        ? (): void => {}
        : watchLife(session, socket, keepAlive, (silentMs) => {
            const reason = frozenError(path, silentMs);
            this.#lose(session, reason);
            session.destroy(reason);
            // A frozen peer would not notice, and Node waits for it.
            socket.destroy();
          });
    session.once("close", () => {
      stopWatching();
      this.#keeper.lost(session, this.causeOfLoss(session));
    });
  }

  #lose(session: http2.ClientHttp2Session, reason: ConnectError): void {
    this.#reasons.set(session, reason);
    this.#keeper.lost(session, reason);
  }

  /** A peer that speaks HTTP/2 sends its settings at once; one that does not, or hangs, is told apart here. */
  async #handshake(session: http2.ClientHttp2Session, path: string): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer =
      connectTimeoutMs > maxTimerMs
        ? undefined
        : setTimeout(() => reject(handshakeTimeoutError(path, connectTimeoutMs)), connectTimeoutMs);
    const socket = this.#sockets.get(session);
    this.#attemptHandles = [socket, timer].filter((handle) => handle !== undefined);
    this.#holdProcess();
    session.once("remoteSettings", () => resolve());
    // Stays on: an error after the handshake reaches the calls through their streams, and must not be thrown.
    session.on("error", (cause) => reject(connectionError(path, cause)));
    session.once("close", () => {
      reject(
        this.#isClosed
          ? closedError()
          : new ConnectError(`${path} was closed by the other end before it answered`, Code.Unavailable),
      );
    });
    try {
      await promise;
    } catch (error) {
      session.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#attemptHandles = [];
    }
  }
}

/** What can keep the process alive. */
interface Handle {
  ref(): unknown;
  unref(): unknown;
}

function handshakeTimeoutError(path: string, timeoutMs: number): ConnectError {
  return new ConnectError(
    `${path} accepted the connection but did not begin HTTP/2 within ${timeoutMs} ms; is it the socket of a Resonite IO mod?`,
    Code.DeadlineExceeded,
  );
}

function closedByModError(cause?: Error): ConnectError {
  return new ConnectError("the mod closed the connection", Code.Unavailable, undefined, undefined, cause);
}

function goingAwayError(): ConnectError {
  return new ConnectError("the mod is closing the connection", Code.Unavailable);
}

function frozenError(path: string, silentMs: number): ConnectError {
  const message = `${path} has not answered a keep-alive ping for ${silentMs} ms; the game is frozen, or stopped by a debugger`;
  return new ConnectError(message, Code.Unavailable);
}

function closedError(): ConnectError {
  return new ConnectError("the transport is closed; make a new one", Code.FailedPrecondition);
}

function connectionError(path: string, cause: Error): ConnectError {
  const code = "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
      return failure(`there is no socket at ${path}; is Resonite running with the mod?`, Code.Unavailable, cause);
    case "ECONNREFUSED":
      return failure(`nobody listens on ${path}; the mod has stopped or is not up yet`, Code.Unavailable, cause);
    case "EACCES":
    case "EPERM":
      return failure(`this user may not open ${path}`, Code.PermissionDenied, cause);
    case "ERR_HTTP2_ERROR":
    case "ERR_HTTP2_SESSION_ERROR":
      return failure(
        `${path} does not speak gRPC over HTTP/2; is it the socket of a Resonite IO mod?`,
        Code.Unknown,
        cause,
      );
    default:
      return failure(`cannot connect to ${path}: ${cause.message}`, Code.Unavailable, cause);
  }
}

function failure(message: string, code: Code, cause: Error): ConnectError {
  return new ConnectError(message, code, undefined, undefined, cause);
}

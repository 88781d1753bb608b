import { setImmediate as nextTurn } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { KeepAliveOptions, Logger, ReconnectPolicy } from "@resoio/core";
import { ConnectionKeeper, maxTimerMs, type StatusFeed, transportClosedError } from "@resoio/core/internal";
import { Http2Error } from "../fast-http2/http2-error.js";
import type { OpenSession, Session } from "./session.js";
import { watchLife } from "./watch-life.js";

/** Options of {@link Http2Connection}. */
export interface Http2ConnectionOptions {
  /** Which HTTP/2 carries the calls. */
  readonly openSession: OpenSession;
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

/** What keeps the process alive, or lets it end. */
interface Handle {
  ref(): void;
  unref(): void;
}

/**
 * One HTTP/2 connection over a Unix domain socket, opened when it is first needed and again after it was lost. It keeps the
 * process alive only while calls are in flight.
 */
export class Http2Connection {
  readonly #options: Http2ConnectionOptions;
  readonly #keeper: ConnectionKeeper<Session>;
  /** Every session that is not closed yet, the current one and those that drain after a GOAWAY, and when it is. */
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #callCounts = new WeakMap<Session, number>();
  /** Why a session is lost. */
  readonly #reasons = new WeakMap<Session, ConnectError>();
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
  get current(): Session | undefined {
    const session = this.#keeper.current;
    return session?.isUsable === true ? session : undefined;
  }

  /** Why `session` is lost, as the status tells it. `failure` is what the caller knows, for when nothing else is known. */
  causeOfLoss(session: Session, failure?: Error): ConnectError {
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
  async open(): Promise<Session> {
    const { current } = this.#keeper;
    // The session has begun to close, but the event that says so is still to come.
    if (current?.isUsable === false) this.#keeper.lost(current, this.causeOfLoss(current));
    this.#waiterCount++;
    this.#holdProcess();
    try {
      return await this.#keeper.acquire();
    } finally {
      this.#waiterCount--;
    }
  }

  /** Keeps the process alive until {@link release} was called as often. */
  retain(session: Session): void {
    const count = this.#callCounts.get(session) ?? 0;
    this.#callCounts.set(session, count + 1);
    if (count === 0) session.ref();
  }

  /** Takes one {@link retain} back. */
  release(session: Session): void {
    const count = (this.#callCounts.get(session) ?? 1) - 1;
    this.#callCounts.set(session, count);
    if (count === 0) session.unref();
  }

  /** Destroys the connection, also one that is being opened, and resolves when its handles are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#keeper.close();
    // What was said last on the streams, that calls are cancelled, is on its way by the next turn. Without it the peer would
    // have to tell a cancelled call from the end of the connection.
    await nextTurn();
    const closing = [...this.#sessions.values()];
    for (const session of this.#sessions.keys()) session.destroy();
    await Promise.all(closing);
  }

  async #connect(): Promise<Session> {
    const path = await this.#options.resolvePath();
    if (this.#isClosed) throw transportClosedError();
    const session = await this.#handshake(path);
    if (this.#isClosed) throw transportClosedError();
    session.unref();
    return session;
  }

  /** An attempt that nobody asked for must not keep the process alive; a call may join it at any time. */
  #holdProcess(): void {
    for (const handle of this.#attemptHandles) {
      if (this.#waiterCount > 0) handle.ref();
      else handle.unref();
    }
  }

  /** Gives up a session whose peer has frozen. */
  #watchLife(session: Session, path: string): () => void {
    const { keepAlive } = this.#options;
    if (keepAlive === false) return () => {};
    return watchLife(session, keepAlive, (silentMs) => {
      const reason = frozenError(path, silentMs);
      this.#lose(session, reason);
      session.destroy(reason);
    });
  }

  #lose(session: Session, reason: ConnectError): void {
    this.#reasons.set(session, reason);
    this.#keeper.lost(session, reason);
  }

  /** A peer that speaks HTTP/2 sends its settings at once; one that does not, or hangs, is told apart here. */
  async #handshake(path: string): Promise<Session> {
    const { openSession, connectTimeoutMs, streamWindowBytes, connectionWindowBytes } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const timer =
      connectTimeoutMs > maxTimerMs
        ? undefined
        : setTimeout(() => reject(handshakeTimeoutError(path, connectTimeoutMs)), connectTimeoutMs);
    let stopWatching = (): void => {};
    const session = openSession({
      path,
      streamWindowBytes,
      connectionWindowBytes,
      onReady: () => resolve(),
      onGoaway: () => this.#lose(session, goingAwayError()),
      onClose: (cause) => {
        stopWatching();
        this.#sessions.delete(session);
        reject(this.#isClosed ? transportClosedError() : openingError(path, cause));
        this.#keeper.lost(session, this.causeOfLoss(session, cause));
        closed.resolve();
      },
    });
    this.#sessions.set(session, closed.promise);
    this.#attemptHandles = [session, timer].filter((handle) => handle !== undefined);
    this.#holdProcess();
    try {
      await promise;
    } catch (error) {
      session.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#attemptHandles = [];
    }
    stopWatching = this.#watchLife(session, path);
    return session;
  }
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

function openingError(path: string, cause: Error | undefined): ConnectError {
  if (cause === undefined) {
    return new ConnectError(`${path} was closed by the other end before it answered`, Code.Unavailable);
  }
  if (cause instanceof Http2Error) return noGrpcError(path, cause);
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
      return noGrpcError(path, cause);
    default:
      return failure(`cannot connect to ${path}: ${cause.message}`, Code.Unavailable, cause);
  }
}

function noGrpcError(path: string, cause: Error): ConnectError {
  return failure(
    `${path} does not speak gRPC over HTTP/2; is it the socket of a Resonite IO mod?`,
    Code.Unknown,
    cause,
  );
}

function failure(message: string, code: Code, cause: Error): ConnectError {
  return new ConnectError(message, code, undefined, undefined, cause);
}

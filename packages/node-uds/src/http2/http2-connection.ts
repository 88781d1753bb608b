import * as http2 from "node:http2";
import * as net from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { maxTimerMs } from "@resoio/core/internal";

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
}

/**
 * One HTTP/2 connection over a Unix domain socket, opened when it is first needed and again when it was lost. It keeps the
 * process alive only while calls are in flight.
 */
export class Http2Connection {
  readonly #options: Http2ConnectionOptions;
  /**
   * Every session that is not closed yet, the current one and those that drain after a GOAWAY, with its socket. A session
   * forgets its socket when it is destroyed, and may then still wait for the peer to hang up.
   */
  readonly #sockets = new Map<http2.ClientHttp2Session, net.Socket>();
  readonly #callCounts = new WeakMap<http2.ClientHttp2Session, number>();
  #current: http2.ClientHttp2Session | undefined;
  #opening: Promise<http2.ClientHttp2Session> | undefined;
  #isClosed = false;

  constructor(options: Http2ConnectionOptions) {
    this.#options = options;
  }

  /** The session that new calls can use at once, if there is one. */
  get current(): http2.ClientHttp2Session | undefined {
    const session = this.#current;
    return session === undefined || session.closed || session.destroyed || this.#isClosed ? undefined : session;
  }

  /**
   * Returns the session, opening it when needed. Callers that ask at the same time share one attempt.
   *
   * Fails with `Unavailable` when nobody listens, `PermissionDenied` when the socket may not be opened,
   * `DeadlineExceeded` when the handshake takes too long, `Unknown` when the peer does not speak HTTP/2, and
   * `FailedPrecondition` after {@link close}. An error of `resolvePath` is passed on as it is.
   */
  async open(): Promise<http2.ClientHttp2Session> {
    if (this.#isClosed) throw closedError();
    if (this.current !== undefined) return this.current;
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
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
    this.#current = session;
    return session;
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
    session.once("close", () => {
      this.#sockets.delete(session);
      if (this.#current === session) this.#current = undefined;
    });
    return session;
  }

  /** A peer that speaks HTTP/2 sends its settings at once; one that does not, or hangs, is told apart here. */
  async #handshake(session: http2.ClientHttp2Session, path: string): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer =
      connectTimeoutMs > maxTimerMs
        ? undefined
        : setTimeout(() => reject(handshakeTimeoutError(path, connectTimeoutMs)), connectTimeoutMs);
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
    }
  }
}

function handshakeTimeoutError(path: string, timeoutMs: number): ConnectError {
  return new ConnectError(
    `${path} accepted the connection but did not begin HTTP/2 within ${timeoutMs} ms; is it the socket of a Resonite IO mod?`,
    Code.DeadlineExceeded,
  );
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

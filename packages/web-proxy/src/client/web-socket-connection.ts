import { Code, ConnectError } from "@connectrpc/connect";
import type { KeepAliveOptions, Logger, ReconnectPolicy } from "@resoio/core";
import type { Hello } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { ConnectionKeeper, type StatusFeed, transportClosedError, watchCancellation } from "@resoio/core/internal";
import { closeCodes, subprotocol, tokenSubprotocolPrefix } from "../wire/protocol.js";
import { explainRefusal } from "./explain-refusal.js";
import type { ProxyTarget } from "./proxy-target.js";
import type { WebSocketConstructor, WebSocketLike } from "./web-socket-like.js";
import { WebSocketSession } from "./web-socket-session.js";

/** Options of {@link WebSocketConnection}. */
export interface WebSocketConnectionOptions {
  /** Called for each new connection. */
  readonly findTarget: () => Promise<ProxyTarget>;
  /** Whether {@link findTarget} may find another token when one has expired. */
  readonly canRenewToken: boolean;
  /** How long connecting may take, until the proxy has said HELLO, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly reconnect: ReconnectPolicy;
  readonly keepAlive: KeepAliveOptions | false;
  readonly logger: Logger;
  readonly webSocket: WebSocketConstructor;
}

/** A session that is ready, and what the proxy said in its HELLO. */
export interface GreetedSession {
  readonly session: WebSocketSession;
  readonly hello: Hello;
}

/** How long to wait for the proxy's part of closing, in milliseconds. A network that is gone never brings it. */
const closeTimeoutMs = 1_000;

/** The WebSocket to a proxy, opened when it is first needed and again after it was lost. */
export class WebSocketConnection {
  readonly #options: WebSocketConnectionOptions;
  readonly #keeper: ConnectionKeeper<GreetedSession>;
  /** Every session whose socket is not gone yet. */
  readonly #sessions = new Set<WebSocketSession>();
  /** Reasons after which nothing is tried again by itself, as it would end the same. */
  readonly #finalReasons = new WeakSet<ConnectError>();
  #isClosed = false;

  constructor(options: WebSocketConnectionOptions) {
    this.#options = options;
    const { reconnect, logger } = options;
    const policy: ReconnectPolicy = {
      nextDelayMs: (context) => (this.#finalReasons.has(context.reason) ? undefined : reconnect.nextDelayMs(context)),
    };
    this.#keeper = new ConnectionKeeper({ open: (signal) => this.#connect(signal), policy, logger });
  }

  /** What the connection is doing. */
  get status(): StatusFeed {
    return this.#keeper.status;
  }

  /** The session that new calls can use at once, if there is one. */
  get current(): GreetedSession | undefined {
    return this.#keeper.current;
  }

  /**
   * Returns the session, opening it when needed. Callers that ask at the same time share one attempt.
   *
   * Fails with `Unavailable` when nobody answers, `Unauthenticated` and `PermissionDenied` when the proxy refuses, `NotFound` when it
   * has no such upstream, `DeadlineExceeded` when connecting takes too long, `Unknown` when the other end is no proxy, and
   * `FailedPrecondition` after {@link close}. An error of `findTarget` is passed on as it is.
   */
  async open(): Promise<GreetedSession> {
    return await this.#keeper.acquire();
  }

  /** Where a request beside the WebSocket goes. Fails as {@link open} does when it is closed or there is no target. */
  async findTarget(): Promise<ProxyTarget> {
    if (this.#isClosed) throw transportClosedError();
    return await this.#options.findTarget();
  }

  /** Closes the connection, also one that is being opened, and resolves when it is gone, or the proxy keeps silent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#keeper.close();
    const sockets = [...this.#sessions].map((session) => {
      session.end(new ConnectError("the client is done", Code.Canceled), closeCodes.done);
      return session.closed;
    });
    await settledWithin(Promise.all(sockets), closeTimeoutMs);
  }

  async #connect(signal: AbortSignal): Promise<GreetedSession> {
    const attempt = new AbortController();
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    // It is raced with what takes time; between two of these nobody listens.
    givenUp.catch(() => {});
    let session: WebSocketSession | undefined;
    const { connectTimeoutMs } = this.#options;
    const stopWatching = watchCancellation(signal, connectTimeoutMs, (error) => {
      const reason = error.code === Code.DeadlineExceeded ? timeoutError(connectTimeoutMs, session) : error;
      session?.end(reason, closeCodes.done);
      attempt.abort(reason);
      reject(reason);
    });
    try {
      const target = await Promise.race([this.#options.findTarget(), givenUp]);
      if (attempt.signal.aborted) throw attempt.signal.reason;
      session = this.#createSession(target);
      return await this.#greet(session, target, attempt.signal);
    } finally {
      stopWatching();
    }
  }

  async #greet(session: WebSocketSession, target: ProxyTarget, signal: AbortSignal): Promise<GreetedSession> {
    try {
      const hello = await session.ready;
      // It may have been lost by what came behind its HELLO.
      if (session.failure !== undefined) throw session.failure;
      return { session, hello };
    } catch (error) {
      if (!session.wasRefused) throw error;
      const refusal = await explainRefusal(target, signal);
      if (refusal.isFinal) this.#finalReasons.add(refusal.error);
      throw refusal.error;
    }
  }

  #createSession({ address, token }: ProxyTarget): WebSocketSession {
    const protocols = token === undefined ? [subprotocol] : [subprotocol, tokenSubprotocolPrefix + token];
    let socket: WebSocketLike;
    try {
      socket = new this.#options.webSocket(address.webSocketUrl, protocols);
    } catch (cause) {
      // A page from https may not open ws.
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new ConnectError(
        `${address.label} cannot be opened: ${problem}`,
        Code.FailedPrecondition,
        undefined,
        undefined,
        cause,
      );
    }
    const session = new WebSocketSession(socket, {
      label: address.label,
      keepAlive: this.#options.keepAlive,
      onLost: (error, closeCode) => this.#onLost(session, error, closeCode),
    });
    this.#sessions.add(session);
    void session.closed.then(() => this.#sessions.delete(session));
    return session;
  }

  #onLost(session: WebSocketSession, error: ConnectError, closeCode: number | undefined): void {
    if (this.#isFinal(closeCode)) this.#finalReasons.add(error);
    if (this.#keeper.current?.session === session) this.#tellLost(session, error);
    // It is on its way to the keeper, which has it by the next turn.
    else if (!this.#isClosed) setTimeout(() => this.#tellLost(session, error), 0);
  }

  #tellLost(session: WebSocketSession, error: ConnectError): void {
    const { current } = this.#keeper;
    if (current?.session === session) this.#keeper.lost(current, error);
  }

  /** Whether the proxy closed the connection because it is not to be there: then the next call opens one, and nothing before it. */
  #isFinal(closeCode: number | undefined): boolean {
    if (closeCode === closeCodes.unauthorized) return !this.#options.canRenewToken;
    return closeCode === closeCodes.done || closeCode === closeCodes.idle;
  }
}

async function settledWithin(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}

function timeoutError(timeoutMs: number, session: WebSocketSession | undefined): ConnectError {
  const what = session?.isGreeting
    ? `the other end accepted the WebSocket but said no HELLO within ${timeoutMs} ms; is it a resoio proxy?`
    : `connecting took longer than ${timeoutMs} ms`;
  return new ConnectError(what, Code.DeadlineExceeded);
}

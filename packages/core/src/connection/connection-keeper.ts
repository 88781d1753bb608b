import { Code, ConnectError } from "@connectrpc/connect";
import { transportClosedError } from "../errors/transport-closed-error.js";
import { maxTimerMs } from "../max-timer-ms.js";
import { unreference } from "../unreference.js";
import type { Logger } from "./logger.js";
import type { ReconnectContext, ReconnectPolicy } from "./reconnect-policy.js";
import { StatusFeed } from "./status-feed.js";

/** Options of {@link ConnectionKeeper}. */
export interface ConnectionKeeperOptions<C> {
  /**
   * Opens a connection. An attempt that outlives the keeper, whose `signal` is then aborted, must clean up after itself.
   * What has been returned is told to be gone by {@link ConnectionKeeper.lost}.
   */
  readonly open: (signal: AbortSignal) => Promise<C>;
  /** What to do after a loss. */
  readonly policy: ReconnectPolicy;
  readonly logger: Logger;
}

/**
 * Holds the one connection of a transport: opens it when it is first needed, and again after it was lost, at the times that
 * the policy names or at once when a call needs it. It never keeps the process alive by itself.
 */
export class ConnectionKeeper<C> {
  readonly #options: ConnectionKeeperOptions<C>;
  readonly #feed = new StatusFeed({ state: "idle" });
  readonly #closing = new AbortController();
  #current: C | undefined;
  #opening: Promise<C> | undefined;
  /** Whether {@link #opening} was begun by the policy, and not because somebody asked. */
  #isPlanned = false;
  /** Since when there is no connection, and how many attempts have been made, while it was lost and is not back yet. */
  #loss: { readonly sinceMs: number; attempts: number } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionKeeperOptions<C>) {
    this.#options = options;
  }

  /** The connection that can be used at once, if there is one. */
  get current(): C | undefined {
    return this.#current;
  }

  /** Tells what happens; see `ConnectionStatus`. */
  get status(): StatusFeed {
    return this.#feed;
  }

  /**
   * Returns the connection, opening it when there is none. Callers that ask at the same time share one attempt. When nobody answers
   * an attempt of the policy that was under way already, they get one of their own: what it has found may be older than their
   * question.
   *
   * Fails as `open` does, and with `FailedPrecondition` after {@link close}.
   */
  async acquire(): Promise<C> {
    const planned = this.#isPlanned ? this.#opening : undefined;
    if (planned === undefined) return await this.#begin();
    try {
      return await planned;
    } catch (error) {
      if (ConnectError.from(error, Code.Unavailable).code !== Code.Unavailable) throw error;
      return await this.#begin();
    }
  }

  /** Says that `connection` is gone. What is not the current one, or not any more, does not count. */
  lost(connection: C, reason: ConnectError): void {
    if (this.#current !== connection || this.#closing.signal.aborted) return;
    this.#current = undefined;
    this.#loss = { sinceMs: performance.now(), attempts: 0 };
    this.#options.logger.info(`connection lost: ${reason.rawMessage}`);
    this.#feed.publish({ state: "lost", reason });
    this.#plan(reason);
  }

  /** Gives up what it is doing, for good. The connection itself is the owner's to close. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(transportClosedError());
    clearTimeout(this.#timer);
    this.#current = undefined;
    this.#options.logger.info("connection closed");
    this.#feed.publish({ state: "closed" });
  }

  async #begin({ isPlanned = false } = {}): Promise<C> {
    if (this.#closing.signal.aborted) throw transportClosedError();
    if (this.#current !== undefined) return this.#current;
    if (this.#opening === undefined) {
      this.#isPlanned = isPlanned;
      this.#opening = this.#open().finally(() => {
        this.#opening = undefined;
      });
    }
    return await this.#opening;
  }

  async #open(): Promise<C> {
    clearTimeout(this.#timer);
    if (this.#loss !== undefined) this.#loss.attempts++;
    this.#feed.publish({ state: "connecting" });
    try {
      const connection = await this.#options.open(this.#closing.signal);
      this.#closing.signal.throwIfAborted();
      this.#current = connection;
      this.#loss = undefined;
      this.#options.logger.info("connected");
      this.#feed.publish({ state: "connected" });
      return connection;
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#plan(ConnectError.from(error, Code.Unavailable));
      throw error;
    }
  }

  /** Sets the time of the next attempt. Who never was connected is not reconnected. */
  #plan(reason: ConnectError): void {
    const loss = this.#loss;
    const attempt = (loss?.attempts ?? 0) + 1;
    const elapsedMs = loss === undefined ? 0 : performance.now() - loss.sinceMs;
    const delayMs = loss === undefined ? undefined : this.#nextDelayMs({ attempt, elapsedMs, reason });
    if (delayMs === undefined) {
      this.#loss = undefined;
      this.#feed.publish({ state: "idle" });
      return;
    }
    this.#feed.publish({ state: "reconnecting", attempt, delayMs, reason });
    // What the attempt fails with is told by the status; nobody waits for it here.
    const attemptNow = (): void => void this.#begin({ isPlanned: true }).catch(() => {});
    this.#timer = setTimeout(attemptNow, Math.min(Math.max(delayMs, 0), maxTimerMs));
    unreference(this.#timer);
  }

  #nextDelayMs(context: ReconnectContext): number | undefined {
    try {
      const delayMs = this.#options.policy.nextDelayMs(context);
      // A timer would take it for no time at all, for ever.
      if (Number.isNaN(delayMs)) throw new TypeError("it said to wait NaN milliseconds");
      return delayMs;
    } catch (error) {
      // This runs where a socket has just broken: there is no caller to throw at.
      this.#options.logger.warn(`the reconnect policy failed, so there is no further attempt: ${String(error)}`);
      return undefined;
    }
  }
}

import { randomBytes } from "node:crypto";
import type { Clock } from "@resoio/core/internal";
import { MessageStore, StoreBudget } from "../../channels/message-store.js";
import type { ClientId } from "./channel-client.js";
import type { SessionOptions } from "./channel-options.js";

/** A membership that may outlive its connection. */
export interface ChannelSession {
  /** Its number. Not a secret. */
  readonly id: number;
  /** Whoever knows it can go on with the session. Empty: nobody can. */
  readonly secret: string;
  /** The name in the token of its client. */
  readonly owner: string | undefined;
  /** What is kept for its client alone. */
  readonly store: MessageStore;
  /** The rooms that its client is in, with the place from which on it has had what was kept there when it came. */
  readonly rooms: Map<string, number>;
  /** Up to where its client was sent everything. */
  cursor: number;
  /** The client that has it, or had it last. */
  clientId: ClientId;
  isConnected: boolean;
  /** Takes back that it is forgotten. */
  keep: () => void;
}

/** The sessions of a channel: those of its clients, and for a while those of clients that are gone. */
export class ChannelSessions {
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  /** By secret. Those that nobody has, in the order in which they were left, come first. */
  readonly #sessions = new Map<string, ChannelSession>();
  #lastId = -1;
  #leftCount = 0;

  constructor(options: SessionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The least cursor of all. `Infinity` when there are none. */
  get leastCursor(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { cursor } of this.#sessions.values()) least = Math.min(least, cursor);
    return least;
  }

  /** A session for a new client. */
  create(clientId: ClientId, owner: string | undefined): ChannelSession {
    const { keepMs, maxMessages, maxBytes } = this.#options;
    const session: ChannelSession = {
      id: ++this.#lastId,
      secret: keepMs > 0 ? randomBytes(18).toString("base64url") : "",
      owner,
      store: new MessageStore(new StoreBudget({ maxMessages, maxBytes })),
      rooms: new Map(),
      cursor: 0,
      clientId,
      isConnected: true,
      keep: () => {},
    };
    if (session.secret !== "") this.#sessions.set(session.secret, session);
    return session;
  }

  /** The session that `secret` names, if the client that asks is the one that had it. */
  find(secret: string, owner: string | undefined): ChannelSession | undefined {
    const session = this.#sessions.get(secret);
    return session?.owner === owner ? session : undefined;
  }

  /** A session that {@link find} has found has a client again. */
  resume(session: ChannelSession, clientId: ClientId): void {
    session.keep();
    if (!session.isConnected) this.#leftCount--;
    session.clientId = clientId;
    session.isConnected = true;
  }

  /** The client of a session is gone. `mayReturn`: it may come back for a while. */
  leave(session: ChannelSession, mayReturn: boolean): void {
    if (!mayReturn || session.secret === "") {
      this.#forget(session);
      return;
    }
    session.isConnected = false;
    this.#leftCount++;
    // Behind those that were left before it.
    this.#sessions.delete(session.secret);
    this.#sessions.set(session.secret, session);
    session.keep = this.#clock.schedule(this.#options.keepMs, () => this.#forget(session));
    if (this.#leftCount > this.#options.maxSessions) this.#forgetOldest();
  }

  /** Forgets all. */
  clear(): void {
    for (const session of this.#sessions.values()) session.keep();
    this.#sessions.clear();
    this.#leftCount = 0;
  }

  #forgetOldest(): void {
    for (const session of this.#sessions.values()) {
      if (session.isConnected) continue;
      this.#forget(session);
      return;
    }
  }

  #forget(session: ChannelSession): void {
    session.keep();
    session.store.clear();
    if (this.#sessions.delete(session.secret) && !session.isConnected) this.#leftCount--;
  }
}

import type { Code } from "@connectrpc/connect";
import type { Access } from "@resoio/core";
import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { ChannelSchema, ChannelVersion, DownInits, DownName, UpMessages } from "../../channels/channel-schema.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import type { MessageListening } from "../../channels/message-listeners.js";
import type { SendReceipt, SendStatus } from "../../channels/send-receipt.js";

declare const clientIdBrand: unique symbol;

/** Number of a client in a channel: 0, 1, 2, ... in the order in which they came. Never used twice. */
export type ClientId = number & { readonly [clientIdBrand]: never };

/** How a message is broadcast, where that is not said by its type. */
export interface BroadcastOptions {
  /**
   * Whether it is kept for those who come later, until a message with the same key takes its place. Default: as its type says, which
   * is that it is kept unless it is `transient`.
   */
  readonly persist?: boolean;
  /** What it is about: it takes the place of an older message with this key. Default: as its type says. `null`: nothing. */
  readonly key?: string | null;
  /** Clients that do not get it, such as the one that it came from. Whoever comes later gets it, if it is kept. */
  readonly exclude?: ClientId | readonly ClientId[];
  /** The rooms whose clients get it. Default: all clients. It is kept for those who come to these rooms. */
  readonly room?: string | readonly string[];
}

/** How a message is sent to one client, where that is not said by its type. */
export interface SendOptions {
  /**
   * Whether it is kept for this client, for when its connection is lost and it goes on with its session. Default false.
   */
  readonly persist?: boolean;
  /** What it is about: it takes the place of an older message with this key that was not sent yet. Default: as its type says. */
  readonly key?: string | null;
}

/** What became of a broadcast at once. */
export interface BroadcastResult {
  readonly status: SendStatus;
  /** How many clients it is for. 0 while it is held. */
  readonly recipients: number;
  /** Whether it is kept for those who come later. */
  readonly isKept: boolean;
}

/** A message that waits, or is kept. */
export interface PendingMessage {
  readonly name: string;
  readonly key: string | undefined;
  /** The message, encoded. */
  readonly payload: Uint8Array;
  /** Whether it is kept for those who come later. */
  readonly isPersistent: boolean;
  /** How long ago it was sent, in milliseconds. */
  readonly ageMs: number;
}

/** What waits for a client. */
export interface ChannelOutbox extends Iterable<PendingMessage> {
  /** How many messages wait. */
  readonly size: number;
  /** How much they take, in bytes. */
  readonly bytes: number;
  /** How long the oldest of them has waited, in milliseconds. 0 when nothing waits. */
  readonly oldestAgeMs: number;
  /** Takes messages out; a group when all of its messages are unwanted. Returns how many that were. */
  remove(isUnwanted: (message: PendingMessage) => boolean): number;
}

/** What is kept for those who come later. */
export interface ChannelState extends Iterable<PendingMessage> {
  /** How many messages are kept. */
  readonly size: number;
  /** How much they take, in bytes. */
  readonly bytes: number;
  /** Keeps messages no longer. Those who have them are not told. Returns how many that were. */
  remove(isUnwanted: (message: PendingMessage) => boolean): number;
}

/** Where a client is in its life. */
export type ChannelClientState =
  /** The connect callbacks are not through with it; nothing was sent. */
  | "connecting"
  /** It is sent what is kept. */
  | "replaying"
  /** It has said that it has handled what is kept. */
  | "ready"
  /** It is gone. */
  | "closed";

/** What a client has done so far. */
export interface ChannelClientStats {
  /** Messages that were sent to it, those of groups counted one by one. */
  readonly sentMessages: number;
  readonly sentBatches: number;
  readonly sentBytes: number;
  /** Messages that were replaced before they were sent, because a newer one with the same key came. */
  readonly supersededMessages: number;
  /** Messages that there was no room for. */
  readonly droppedMessages: number;
  readonly receivedMessages: number;
  /** Of these, those of a type that the channel does not have. */
  readonly unknownMessages: number;
  /** Of these, those that could not be decoded. */
  readonly malformedMessages: number;
  /** How long messages are collected for it at the moment, in milliseconds: longer than usual while it is behind. */
  readonly windowMs: number;
  /** How long it has been there, in milliseconds. */
  readonly connectedMs: number;
}

/** Why a client is gone. */
export type DisconnectCause =
  /** It has left. */
  | "left"
  /** Its connection was lost, or it has cancelled the call. */
  | "lost"
  /** A callback, or `client.close`, did not want it. */
  | "closed"
  /** It has sent what must not be sent. */
  | "violation"
  /** It was behind by more than may wait for it. */
  | "overflow"
  /** It took nothing for too long. */
  | "stalled"
  /** Its session goes on with another connection. */
  | "replaced"
  /** The channel was closed, or the proxy has stopped. */
  | "stopped";

/** How a client has gone. */
export interface Disconnect {
  readonly cause: DisconnectCause;
  /** The status that its call has ended with. `undefined`: with success. */
  readonly code: Code | undefined;
  /** A sentence. */
  readonly reason: string;
  /** Messages that waited for it, and were not sent. */
  readonly unsentMessages: number;
  readonly stats: ChannelClientStats;
}

/** What a message or a callback was about that went wrong. */
export interface ChannelErrorContext<S extends ChannelSchema = ChannelSchema> {
  readonly during: "message" | "connect" | "ready" | "disconnect" | "join" | "observe";
  /** The client, when there is one. */
  readonly client: ChannelClient<S> | undefined;
  /** The name of the message, when it is about one. */
  readonly messageName: string | undefined;
}

/** Messages to one client that are put together to a group, see {@link ChannelClient.begin}. */
export interface ClientGroup<S extends ChannelSchema> extends Disposable {
  /** Whether messages can be added. */
  readonly isOpen: boolean;
  /** Adds a message. Throws `ChannelSendError` as {@link ChannelClient.send} does, and when the group is over. */
  send<Name extends DownName<S>>(name: Name, message: DownInits<S>[Name], options?: SendOptions): SendReceipt;
  /** Sends the group. Does nothing when it is over. */
  commit(): void;
  /** Sends nothing of it. Does nothing when it is over. */
  discard(): void;
  /** The same as {@link discard}. */
  [Symbol.dispose](): void;
}

/** Messages that are put together to a group, see {@link Channel.begin}. */
export interface ChannelGroup<S extends ChannelSchema> extends Disposable {
  /** Whether messages can be added. */
  readonly isOpen: boolean;
  /** Adds a broadcast. Throws `ChannelSendError` as {@link Channel.broadcast} does, and when the group is over. */
  broadcast<Name extends DownName<S>>(
    name: Name,
    message: DownInits<S>[Name],
    options?: BroadcastOptions,
  ): BroadcastResult;
  /** Adds a message to one client. Throws as {@link broadcast} does. */
  send<Name extends DownName<S>>(
    client: ChannelClient<S>,
    name: Name,
    message: DownInits<S>[Name],
    options?: SendOptions,
  ): SendReceipt;
  /** Sends the group: of its messages each client gets those that are for it, as one. Does nothing when it is over. */
  commit(): void;
  /** Sends nothing of it. Does nothing when it is over. */
  discard(): void;
  /** The same as {@link discard}. */
  [Symbol.dispose](): void;
}

/** A client of a channel, on the server. It stays usable when the client is gone: what is then sent is "closed". */
export interface ChannelClient<S extends ChannelSchema = ChannelSchema>
  extends MessageListening<UpMessages<S>, ChannelClient<S>> {
  /** Its number. A client that comes back is a new one. */
  readonly id: ClientId;
  /** The same for a client that comes back and goes on with its session. Not a secret. */
  readonly sessionId: number;
  /** The client that had the session before; `undefined` for a new session. */
  readonly previousId: ClientId | undefined;
  readonly state: ChannelClientState;
  /** Where it comes from. */
  readonly remote: {
    /** Its network address, without the port. */
    readonly address: string;
    /** The `id` of its connection among `WebProxy.clients`. */
    readonly connectionId: string;
    /** The name in its token; `undefined` without a token. */
    readonly name: string | undefined;
  };
  /** What it may do: the access classes of its connection. */
  readonly access: ReadonlySet<Access>;
  /** Whether it may send messages. */
  readonly maySend: boolean;
  /** What it knows of the channel's messages. */
  readonly schema: { readonly fingerprint: string; readonly version: ChannelVersion };
  /** Whether it gets batches, or one message at a time. */
  readonly framing: "batch" | "single";
  /** The rooms that it is in. */
  readonly rooms: ReadonlySet<string>;
  /** What waits for it. */
  readonly outbox: ChannelOutbox;
  /** What waits for it, here and in its connection, in bytes. */
  readonly bufferedBytes: number;
  readonly stats: ChannelClientStats;
  /** Aborted when it is gone. The reason is the `ConnectError` that its call has ended with. */
  readonly signal: AbortSignal;
  /**
   * Sends it a message. Never waits. Throws `ChannelSendError` for what cannot be sent; when the client is gone, the receipt says so.
   */
  send<Name extends DownName<S>>(name: Name, message: DownInits<S>[Name], options?: SendOptions): SendReceipt;
  /** The same as {@link Channel.atomic}. */
  atomic<T>(work: () => T, options?: AtomicOptions): T;
  /** Begins a group of messages to this client. */
  begin(options?: HeldGroupOptions): ClientGroup<S>;
  /**
   * Sends what waits, at once. Resolves when the socket has taken it, or the client is gone. Without anything that waits it does
   * nothing: the next message waits for its window as usual.
   *
   * Fails with `FailedPrecondition` in a connect callback: nothing is sent before these are through.
   */
  flush(): Promise<void>;
  /** Puts it into a room. It is sent what is kept there. Does nothing when it is there, or gone. */
  join(room: string): void;
  /** Takes it out of a room. */
  leave(room: string): void;
  /**
   * Ends its call, without what waits. `reason` is a sentence that it is told. Default `Aborted`, after which it does not come back by
   * itself. Does nothing when it is gone.
   */
  close(reason: string, code?: Code): void;
}

/** A room: some of the clients, and what is kept for those who come to it. It needs not be made, and is gone when it is empty. */
export interface ChannelRoom<S extends ChannelSchema = ChannelSchema> {
  readonly name: string;
  /** Who is in it. */
  readonly clients: readonly ChannelClient<S>[];
  /** What is kept for those who come to it. */
  readonly state: ChannelState;
  /** The same as {@link Channel.broadcast} with this room. */
  broadcast<Name extends DownName<S>>(
    name: Name,
    message: DownInits<S>[Name],
    options?: Omit<BroadcastOptions, "room">,
  ): BroadcastResult;
}

/** A message that passes, as an observer sees it. */
export interface ObservedMessage<S extends ChannelSchema = ChannelSchema> {
  readonly direction: "down" | "up";
  /** What the channel knows of its type. */
  readonly type: ChannelSchema["messages"][number];
  /** The message, encoded. Not to be changed. */
  readonly payload: Uint8Array;
  /** Who has sent it, or whom alone it is for. `undefined`: a broadcast. */
  readonly client: ChannelClient<S> | undefined;
  /** The rooms that it is for. Empty: all. */
  readonly rooms: readonly string[];
  /** Clients that do not get it. */
  readonly exclude: readonly ClientId[];
  /** What it is about; of what the server sends. `undefined`: nothing takes its place. */
  readonly key: string | undefined;
  /** Whether it is kept for those who come later. */
  readonly isPersistent: boolean;
}

/** Options of {@link Channel.onConnect}. */
export interface ConnectOptions {
  /** Whether the callback is also called with the clients that are there already. Default false. */
  readonly replayExisting?: boolean;
}

/** Figures of a channel. The numbers only grow, except for the first three. */
export interface ChannelStats {
  readonly clients: number;
  /** Messages that are kept. */
  readonly keptMessages: number;
  /** How much they take, in bytes. */
  readonly keptBytes: number;
  /** Broadcasts, and messages to one client. */
  readonly sentMessages: number;
  /** Messages that waited when their client went. */
  readonly unsentMessages: number;
}

/** What {@link Channel.close} has done. */
export interface ChannelCloseSummary {
  /** Messages that were not sent, as their clients were too slow. */
  readonly unsentMessages: number;
}

/** The server's end of a channel. */
export interface Channel<S extends ChannelSchema = ChannelSchema>
  extends MessageListening<UpMessages<S>, ChannelClient<S>>,
    AsyncDisposable {
  readonly name: string;
  readonly schema: S;
  /** Who is there, by number. Those whose connect callbacks are not through count as well. */
  readonly clients: ReadonlyMap<ClientId, ChannelClient<S>>;
  /** What is kept for all who come later. */
  readonly state: ChannelState;
  /** The rooms that somebody is in, or that something is kept for. */
  readonly rooms: readonly string[];
  readonly stats: ChannelStats;
  /**
   * Sends a message to all clients. Never waits. It is encoded here and now: what happens to the object later has no effect.
   *
   * Throws `ChannelSendError` for what cannot be sent or kept; nobody gets it then.
   */
  broadcast<Name extends DownName<S>>(
    name: Name,
    message: DownInits<S>[Name],
    options?: BroadcastOptions,
  ): BroadcastResult;
  /** The room of that name. */
  room(name: string): ChannelRoom<S>;
  /**
   * Runs `work` and makes one group of everything that it sends, to whomever: of that each client gets what is for it in one batch, and
   * its handlers are called in one go. Within another `atomic` it becomes part of the outer group. Returns what `work` returns.
   *
   * `work` must be through when it returns; for one that waits there is {@link begin}.
   */
  atomic<T>(work: () => T, options?: AtomicOptions): T;
  /** Begins a group to which messages are given one by one. What is sent beside is not held up. */
  begin(options?: HeldGroupOptions): ChannelGroup<S>;
  /** Flushes every client, see {@link ChannelClient.flush}. One that does not read is waited for until it is given up. */
  flush(): Promise<void>;
  /**
   * Calls `callback` with each client that comes, before anything is sent to it; what it sends to the client comes first. Callbacks are
   * awaited one after the other. One that returns `false`, or closes the client, refuses it. What it throws is reported.
   */
  onConnect(callback: (client: ChannelClient<S>) => unknown, options?: ConnectOptions): Unsubscribe;
  /** Calls `callback` with each client that has handled what was kept before it came. */
  onReady(callback: (client: ChannelClient<S>) => unknown): Unsubscribe;
  /** Calls `callback` once with each client that is gone and that the connect callbacks were called with, however it went. */
  onDisconnect(callback: (client: ChannelClient<S>, disconnect: Disconnect) => unknown): Unsubscribe;
  /** Calls `callback` with everything that goes wrong in callbacks and handlers, and with what clients send that cannot be used. */
  onError(callback: (error: unknown, context: ChannelErrorContext<S>) => void): Unsubscribe;
  /**
   * Forgets everything that is kept, and lets every client begin anew: it comes back as a new one, hears of it by its `onReset`, and is sent
   * what is kept by then. `reason` is a sentence that it is told.
   */
  reset(reason?: string): void;
  /** Calls `observer` with every message as it is sent, before any is replaced, and as it comes. For recordings and the like. */
  observe(observer: (message: ObservedMessage<S>) => void): Unsubscribe;
  /**
   * Lets nobody in any more, sends what waits, and ends the calls of all clients with `Unavailable`. Those that have not taken it within
   * `drainMs` (default 5,000) do not get it. Resolves when all disconnect callbacks are through. May be called again.
   */
  close(options?: { readonly drainMs?: number; readonly reason?: string }): Promise<ChannelCloseSummary>;
  /** The same as {@link close} with `drainMs: 0`. */
  [Symbol.asyncDispose](): Promise<void>;
}

import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { ChannelSchema, DownInits, DownName, UpMessages } from "../../channels/channel-schema.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import type { MessageListening } from "../../channels/message-listeners.js";
import type { SendReceipt, SendStatus } from "../../channels/send-receipt.js";
import type { ChannelClient, ClientId, Disconnect, PendingMessage, SendOptions } from "./channel-client.js";

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

/** What became of a broadcast at once. */
export interface BroadcastResult {
  readonly status: SendStatus;
  /** How many clients it is for. 0 while it is held. */
  readonly recipients: number;
  /** Whether it is kept for those who come later. */
  readonly isKept: boolean;
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

/** What a message or a callback was about that went wrong. */
export interface ChannelErrorContext<S extends ChannelSchema = ChannelSchema> {
  readonly during: "message" | "connect" | "ready" | "disconnect" | "join" | "observe";
  /** The client, when there is one. */
  readonly client: ChannelClient<S> | undefined;
  /** The name of the message, when it is about one. */
  readonly messageName: string | undefined;
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
  /** How many messages of the same group follow it at once. 0: it is the last, or not of a group. Of what clients send, always 0. */
  readonly followingInGroup: number;
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

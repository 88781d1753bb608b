import type { ConnectionStatus, Logger, OpenOptions, ReconnectPolicy, StatusOptions } from "@resoio/core";
import type { Clock } from "@resoio/core/internal";
import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { WindowLimits } from "../../channels/batch-sender.js";
import type { ChannelSchema, DownMessages, UpInits, UpName } from "../../channels/channel-schema.js";
import type { MalformedPolicy } from "../../channels/dispatcher.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import type { MessageListening } from "../../channels/message-listeners.js";
import type { OutboxLimits } from "../../channels/outbox.js";
import type { SendReceipt } from "../../channels/send-receipt.js";

/** Where a client goes on that knows what came before. Can be kept as JSON, as over the reload of a page; it lets in who has it. */
export interface ResumePoint {
  readonly session: string;
  readonly sequence: number;
}

/** Options of `joinChannel`. `signal` and `timeoutMs` are for joining only. */
export interface JoinChannelOptions extends OpenOptions {
  /**
   * What to get of what was sent before: `"full"`, all that is kept; `"keyed"`, of that the last message of each key and nothing
   * without a key; `"none"`; or what is new since a {@link JoinedChannel.resumePoint}, or all when that is too long ago. Default `"full"`.
   */
  readonly replay?: "full" | "keyed" | "none" | ResumePoint;
  /** Rooms to be in. The server must allow it. Default none. */
  readonly rooms?: readonly string[];
  /** Whether to be sent batches, or one message at a time. Default `"batch"`. */
  readonly framing?: "batch" | "single";
  /** How often to be sent something, at most, per second; above 0. Default: as often as the channel's window allows. */
  readonly maxRateHz?: number;
  /** When, and how much at once, is sent. Default: within 1/60 second, up to 128 messages and 256 KiB. */
  readonly window?: Partial<WindowLimits>;
  /** How much may wait to be sent, also while the connection is lost. Default 16,384 messages and 4 MiB, `"drop-oldest"`. */
  readonly outbox?: Partial<OutboxLimits>;
  /** When to join again after the connection was lost. Default `createReconnectPolicy()`; `neverReconnect` closes the channel then. */
  readonly reconnect?: ReconnectPolicy;
  /** What to do with messages that cannot be decoded. Default `"skip"`: they are reported. */
  readonly malformed?: MalformedPolicy;
  /** Told of what goes wrong and nobody has a callback for. Default: silent. */
  readonly logger?: Logger;
  /** The time that it lives in. Default: this machine's. */
  readonly clock?: Clock;
}

/** What is known of a message beside what is in it. */
export interface MessageInfo {
  /** Whether it was sent before this client came. */
  readonly isReplay: boolean;
  /** When its batch was made: the server's clock, Unix time in nanoseconds (UTC). */
  readonly sentUnixNanos: bigint;
  /** Up to which number of the channel's messages everything has come with its batch. 0 in the replay. */
  readonly sequence: number;
}

/** How a message is sent, where that is not said by its type. */
export interface ClientSendOptions {
  /** What it is about: it takes the place of an older message with this key that was not sent yet. Default: as its type says. */
  readonly key?: string | null;
}

/** Messages that are put together to a group, see {@link JoinedChannel.begin}. */
export interface JoinedChannelGroup<S extends ChannelSchema> extends Disposable {
  /** Whether messages can be added. */
  readonly isOpen: boolean;
  /** Adds a message. Throws `ChannelSendError` as {@link JoinedChannel.send} does, and when the group is over. */
  send<Name extends UpName<S>>(name: Name, message: UpInits<S>[Name], options?: ClientSendOptions): SendReceipt;
  /** Sends the group. Does nothing when it is over. */
  commit(): void;
  /** Sends nothing of it. Does nothing when it is over. */
  discard(): void;
  /** The same as {@link discard}. */
  [Symbol.dispose](): void;
}

/** What a client has done so far. */
export interface JoinedChannelStats {
  readonly sentMessages: number;
  readonly sentBatches: number;
  /** Messages that were replaced before they were sent, because a newer one with the same key came. */
  readonly supersededMessages: number;
  /** Messages that there was no room for. */
  readonly droppedMessages: number;
  readonly receivedMessages: number;
  /** Of these, those of a type that this side does not know. */
  readonly unknownMessages: number;
  /** Of these, those that could not be decoded. */
  readonly malformedMessages: number;
  /** How often it has joined. */
  readonly joins: number;
  /** Messages that wait to be sent. */
  readonly waitingMessages: number;
  /** How much they take, in bytes. */
  readonly waitingBytes: number;
}

/** A client's end of a channel: the same in a page and in Node. */
export interface JoinedChannel<S extends ChannelSchema = ChannelSchema>
  extends MessageListening<DownMessages<S>, MessageInfo>,
    AsyncDisposable {
  readonly name: string;
  readonly schema: S;
  /** Its number in the channel. Another one each time it has joined. */
  readonly clientId: number;
  /** Whether the server lets it send. */
  readonly maySend: boolean;
  /**
   * The rooms that it has chosen, and those that the server had put it into when it joined last. It is told of no others, though it gets
   * what is sent there.
   */
  readonly rooms: ReadonlySet<string>;
  /**
   * Where to go on: up to here everything has come. `undefined` until everything that was there before has come, and when the server
   * keeps no sessions.
   */
  readonly resumePoint: ResumePoint | undefined;
  readonly stats: JoinedChannelStats;
  /** Resolves when everything that was there before has come and was handled, for the first time. Fails when the channel is closed. */
  readonly ready: Promise<void>;
  /** Resolves when the channel is closed, to why: an error, or `undefined` when this side has left or the server is done. */
  readonly closed: Promise<Error | undefined>;
  /** What it is doing now, then every change: the states are those of connections, here of the membership. */
  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus>;
  /**
   * Sends a message to the server. Never waits. While the connection is lost, messages wait until it has joined again.
   *
   * Throws `ChannelSendError` for what cannot be sent; when the channel is closed, the receipt says so.
   */
  send<Name extends UpName<S>>(name: Name, message: UpInits<S>[Name], options?: ClientSendOptions): SendReceipt;
  /**
   * Runs `work` and makes one group of what it sends: the server gets it in one batch, and its handlers are called in one go. Within
   * another `atomic` it becomes part of the outer group. Returns what `work` returns; it must be through by then.
   */
  atomic<T>(work: () => T, options?: AtomicOptions): T;
  /** Begins a group to which messages are given one by one. What is sent beside is not held up. */
  begin(options?: HeldGroupOptions): JoinedChannelGroup<S>;
  /** Sends what waits, at once. Resolves when the socket has taken it, or the channel is closed. */
  flush(): Promise<void>;
  /** Goes into a room. The server must allow it. What is kept there comes. */
  join(room: string): void;
  /** Leaves a room. */
  leave(room: string): void;
  /** Calls `callback` each time everything that was there before has come and was handled. */
  onReady(callback: () => unknown): Unsubscribe;
  /**
   * Calls `callback` when it has joined again and what it knew does not hold any more: all that is kept comes again, after this. It is not
   * called when the server could tell what has changed meanwhile.
   */
  onReset(callback: () => unknown): Unsubscribe;
  /** Calls `callback` with what goes wrong in callbacks and handlers, and with what comes that cannot be used. */
  onError(callback: (error: unknown, messageName: string | undefined) => void): Unsubscribe;
  /** Sends what waits, for up to a second, and leaves. Resolves when that is done. May be called again. */
  close(): Promise<void>;
  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

import type { Code } from "@connectrpc/connect";
import type { Access } from "@resoio/core";
import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { ChannelSchema, ChannelVersion, DownInits, DownName, UpMessages } from "../../channels/channel-schema.js";
import type { MessageListening } from "../../channels/message-listeners.js";
import type { SendReceipt } from "../../channels/send-receipt.js";
import type { Channel } from "./channel.js";

declare const clientIdBrand: unique symbol;

/** Number of a client in a channel: 0, 1, 2, ... in the order in which they came. Never used twice. */
export type ClientId = number & { readonly [clientIdBrand]: never };

/** How a message is sent to one client, where that is not said by its type. */
export interface SendOptions {
  /**
   * Whether it is kept for this client, for when its connection is lost and it goes on with its session. Default false.
   */
  readonly persist?: boolean;
  /** What it is about: it takes the place of an older message with this key that was not sent yet. Default: as its type says. */
  readonly key?: string | null;
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

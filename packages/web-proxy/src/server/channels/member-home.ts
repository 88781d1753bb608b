import type { ConnectError } from "@connectrpc/connect";
import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { BatchEncoder } from "../../channels/batch-encoder.js";
import type { ChannelSchema, DownInits, DownName } from "../../channels/channel-schema.js";
import type { ListenerSet } from "../../channels/message-listeners.js";
import type { OutgoingMessage } from "../../channels/outgoing.js";
import type { SendReceipt } from "../../channels/send-receipt.js";
import type { WindowSchedulers } from "../../channels/window-schedulers.js";
import type { ProxyClient } from "../proxy-client.js";
import type { ChannelErrorContext } from "./channel.js";
import type { ChannelClient, ClientGroup, Disconnect, SendOptions } from "./channel-client.js";
import type { ChannelMember } from "./channel-member.js";
import type { ResolvedChannelOptions } from "./channel-options.js";

/** The call of a member. */
export interface MemberLink {
  readonly client: ProxyClient;
  /** The largest message that the client may send, in bytes. */
  readonly maxMessageBytes: number;
  /** Sends a message. */
  deliver(message: Uint8Array): void;
  /** Resolves when the socket has taken what was delivered. */
  drained(): Promise<void>;
  /** Ends the call. What was delivered and not taken by the socket is dropped. */
  end(error: ConnectError | undefined): void;
}

/** What a member needs of its channel. */
export interface MemberHome<S extends ChannelSchema> {
  readonly schema: S;
  readonly options: ResolvedChannelOptions;
  readonly schedulers: WindowSchedulers;
  readonly encoder: BatchEncoder;
  readonly listeners: ListenerSet<ChannelClient<S>>;
  /** A place behind every message that was sent so far. */
  takePlace(): number;
  send<Name extends DownName<S>>(
    member: ChannelMember<S>,
    name: Name,
    message: DownInits<S>[Name],
    options: SendOptions | undefined,
  ): SendReceipt;
  atomic<T>(work: () => T, options?: AtomicOptions): T;
  beginFor(member: ChannelMember<S>, options: HeldGroupOptions | undefined): ClientGroup<S>;
  enter(member: ChannelMember<S>, room: string): void;
  leave(member: ChannelMember<S>, room: string): void;
  /** Calls the connect callbacks. Resolves to whether the client may stay. */
  welcome(member: ChannelMember<S>): Promise<boolean>;
  /** What is kept in a room of what was sent behind the place `after`, up to now. */
  keptIn(room: string, after: number): Iterator<OutgoingMessage>;
  /** What a newcomer is sent of what is kept. */
  replayFor(member: ChannelMember<S>): Iterator<OutgoingMessage>;
  /** The client has handled what is kept. */
  ready(member: ChannelMember<S>): Promise<void>;
  /** The client is gone. */
  gone(member: ChannelMember<S>, disconnect: Disconnect): void;
  /** Resolves when the disconnect callbacks are through with a client that is gone. */
  departed(member: ChannelMember<S>): Promise<void>;
  report(error: unknown, context: ChannelErrorContext<S>): void;
  observeUp(member: ChannelMember<S>, name: string, payload: Uint8Array): void;
}

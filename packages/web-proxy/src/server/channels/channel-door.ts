import type { Code } from "@connectrpc/connect";
import { InvalidOptionsError } from "@resoio/core";
import type { ChannelJoin } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { Unsubscribe } from "../../channels/handlers.js";
import type { BroadcastOptions, ObservedMessage } from "./channel.js";
import type { ChannelClient, ChannelClientState, PendingMessage } from "./channel-client.js";
import type { MemberLink } from "./member-home.js";

/** What a proxy needs of a channel. */
export interface ChannelDoor {
  readonly name: string;
  /** Lets a client in that asks for it. Throws a `ConnectError` when it is not let in. */
  admit(join: ChannelJoin, link: MemberLink): JoinedMember;
  /** Calls `observer` with every message, as `Channel.observe` does. */
  observe(observer: (message: TappedMessage) => void): Unsubscribe;
  /** The rooms that somebody is in, or that something is kept for. */
  rooms(): readonly string[];
  /** What is kept for those who come later; with `room`, for who comes there. */
  kept(room?: string): Iterable<PendingMessage>;
  /** The client of a connection. */
  memberOf(connectionId: string): TappedClient | undefined;
  /** Broadcasts an encoded message. Does nothing for one that the channel does not have, or that does not travel this way. */
  broadcast(name: string, bytes: Uint8Array, options: BroadcastOptions): void;
  /** Begins a group of encoded messages. One that is not committed at once is committed after a second. */
  begin(): BroadcastGroup;
  /** As `Channel.reset`. */
  reset(reason: string): void;
  /** Calls `callback` when the channel begins anew, and keeps nothing. */
  onReset(callback: () => void): Unsubscribe;
}

/** A group of encoded messages that is being put together. */
export interface BroadcastGroup extends Pick<ChannelDoor, "broadcast"> {
  /** Sends it. Does nothing when it is over. */
  commit(): void;
}

/** A client, for those who look on. */
export type TappedClient = Pick<ChannelClient, "id" | "remote" | "rooms">;

/** A message that passes, for those who look on. */
export interface TappedMessage extends Omit<ObservedMessage, "client"> {
  /** Who has sent it, or whom alone it is for. `undefined`: a broadcast. */
  readonly client: TappedClient | undefined;
}

/** A client that was let in, as its call sees it. */
export interface JoinedMember {
  readonly state: ChannelClientState;
  /** Takes a message of the call. False: wait for {@link drained} before the next one. */
  takeUp(message: Uint8Array): boolean;
  drained(): Promise<void>;
  halfClose(): void;
  pause(): void;
  resume(): void;
  /** The call is over. */
  finish(cause: "lost" | "stopped", code: Code, reason: string): void;
  /** Sends what waits, then ends the call. Resolves when that is done. */
  stop(reason: string): Promise<void>;
  /** Resolves when the disconnect callbacks are through with a client that is gone. */
  departed(): Promise<void>;
}

/** A channel is an object of the user's; what proxies may do with it is no business of his. */
export const doors = new WeakMap<object, ChannelDoor>();

/** The door of a channel. Throws {@link InvalidOptionsError} for what is none. */
export function doorOf(channel: object): ChannelDoor {
  const door = doors.get(channel);
  if (door !== undefined) return door;
  throw new InvalidOptionsError("channels takes what createChannel has made");
}

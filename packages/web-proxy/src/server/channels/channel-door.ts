import type { Code } from "@connectrpc/connect";
import { InvalidOptionsError } from "@resoio/core";
import type { ChannelJoin } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { MemberLink } from "./channel-member.js";

/** What a proxy needs of a channel. */
export interface ChannelDoor {
  readonly name: string;
  /** Lets a client in that asks for it. Throws a `ConnectError` when it is not let in. */
  admit(join: ChannelJoin, link: MemberLink): JoinedMember;
}

/** A client that was let in, as its call sees it. */
export interface JoinedMember {
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

import type { DescMessage } from "@bufbuild/protobuf";
import type { Moment } from "../moment.js";

/** A message of a channel, as it was sent. */
export interface ChannelMessage {
  /** The channel's name. */
  readonly channel: string;
  /** What the channel calls the message. Default: as its type is called. */
  readonly name?: string | undefined;
  /** The message's type. */
  readonly schema: DescMessage;
  /** The message. Kept until it is stored: it must not be written to any more. */
  readonly bytes: Uint8Array;
  /** `"down"`: from the program that made the channel. `"up"`: from a client. */
  readonly direction: "down" | "up";
  /** The client that it came from, or that alone got it. Default: all got it. */
  readonly client?: string | undefined;
  /** Whether it stays for those who join later. Default false. */
  readonly isPersistent?: boolean | undefined;
  /** The redundancy key: a later message with the same one replaces it. Default: none. */
  readonly key?: string | undefined;
  /** The rooms whose clients got it. Default: all clients. */
  readonly rooms?: readonly string[] | undefined;
  /** How many messages of the same group follow at once. Default 0: it is the last of its group, or of none. */
  readonly followingInGroup?: number | undefined;
  /** When it was sent; the messages of a group all at the same moment. Default: now. */
  readonly at?: Moment | undefined;
}

/** What is said of a keyframe beside what the channel shows. */
export interface KeyframeOptions {
  /** Whether the channel begins anew with it: whatever it showed before counts no more. Default false. */
  readonly isReset?: boolean | undefined;
}

/** One message of the live state of a channel. */
export interface KeyframeMessage {
  /** What the channel calls the message. */
  readonly name: string;
  /** The message. */
  readonly bytes: Uint8Array;
  /** The redundancy key. Default: none. */
  readonly key?: string | undefined;
  /** The room whose clients get it. Default: all clients. */
  readonly room?: string | undefined;
}

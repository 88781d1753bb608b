import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { ChannelDirection, ChannelOrdering } from "./channel-schema.js";

/** What is said of one message of a channel. */
export interface MessageDefinition<Schema extends DescMessage = DescMessage> {
  /** The number that stands for it on the wire, 1 to 65535, different for each message. Never reuse one for another message. */
  readonly tag: number;
  /** Its Protobuf type: what protoc-gen-es calls `ThoughtSchema`. */
  readonly schema: Schema;
  /** Which way it travels. */
  readonly direction: ChannelDirection;
  /**
   * The key of such a message, made with `channelKey` of the message's family. Of the messages with one key the newest replaces the
   * others. Left out: nothing replaces it.
   */
  keyOf?(message: MessageShape<Schema>): string;
  /** What it is about: the part of its keys before the first slash. Default: the first of `removes`, else its name. */
  readonly family?: string;
  /**
   * Makes it a tombstone: it ends what the messages of these families with equal key fields began. Its own key is in the first.
   * Default: none.
   */
  readonly removes?: readonly string[];
  /** The groups that it belongs to. Default: none. */
  readonly groups?: readonly string[];
  /** Sent only to those who are there, not kept for those who come later. Default: `false`. */
  readonly transient?: boolean;
  /** Where it is placed when it replaces an older one. Default: `"last"`. */
  readonly ordering?: ChannelOrdering;
  /** What a code generator computed. Default: computed here. */
  readonly fingerprint?: string;
}

import type { DescMessage, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** Which way a message travels: `"down"` from the server to the clients, `"up"` from a client to the server, or both. */
export type ChannelDirection = "down" | "up" | "both";

/**
 * Where a message is placed that replaces an older one with the same key: behind everything that was sent before it, or where the
 * older one stood.
 */
export type ChannelOrdering = "last" | "in-place";

/** The Protobuf types of some messages, by the names that the channel gives them. */
export type SchemaTable = Readonly<Record<string, DescMessage>>;

/**
 * The messages of a channel: what each is called, the tag that stands for it on the wire, which way it travels, and what replaces
 * what. Both ends hold the same one. Made by {@link defineChannelSchema}, which is what generated code calls.
 *
 * `Down` and `Up` are the types of what travels each way. A message that travels both ways is in both.
 */
export interface ChannelSchema<Down extends SchemaTable = SchemaTable, Up extends SchemaTable = SchemaTable> {
  /** How both ends call the channel. */
  readonly name: string;
  /** The versions of the meaning of the messages that this schema speaks. */
  readonly version: ChannelVersion;
  /**
   * Sixteen hexadecimal digits that stand for everything both ends must agree on: name, versions, tags, directions, and all fields of all types.
   * Two schemas with one fingerprint understand each other without a look at single messages.
   */
  readonly fingerprint: string;
  /** What the server sends, by name. */
  readonly down: Down;
  /** What clients send, by name. */
  readonly up: Up;
  /** All messages, by ascending tag. */
  readonly messages: readonly ChannelMessage[];
  /** The message of that name. */
  byName(name: string): ChannelMessage | undefined;
  /** The message that the tag stands for. */
  byTag(tag: number): ChannelMessage | undefined;
  /** The message of that Protobuf type: `board.v1.Thought`, as in `$typeName`. */
  byTypeName(typeName: string): ChannelMessage | undefined;
}

/** From the oldest to the newest version, both included. */
export interface ChannelVersion {
  readonly min: number;
  readonly max: number;
}

/** One message of a channel, with everything that was left out of its definition filled in. */
export interface ChannelMessage {
  /** How the channel calls it. */
  readonly name: string;
  /** The number that stands for it on the wire. */
  readonly tag: number;
  /** Which way it travels. */
  readonly direction: ChannelDirection;
  /** Its Protobuf type. */
  readonly schema: DescMessage;
  /** Sixteen hexadecimal digits for its name, tag, direction, and all fields of the types that it can hold. */
  readonly fingerprint: string;
  /** What it is about: the part of its keys before the first slash. `undefined`: it has no key. */
  readonly family: string | undefined;
  /** The families of which it ends a member. Empty unless it is a tombstone, whose own key is in the first of them. */
  readonly removes: readonly string[];
  /** The groups that it belongs to. */
  readonly groups: readonly string[];
  /** Whether it is sent only to those who are there. `false`: kept for those who come later. */
  readonly transient: boolean;
  /** Where it is placed when it replaces an older one. */
  readonly ordering: ChannelOrdering;
  /**
   * The key of such a message; of the messages with one key the newest replaces the others. `undefined`: nothing replaces it.
   *
   * `message` must be of the type {@link schema}.
   */
  keyOf(message: Message): string | undefined;
}

/** The names of what the server of a channel sends. */
export type DownName<Schema extends ChannelSchema> = string & keyof Schema["down"];
/** The names of what the clients of a channel send. */
export type UpName<Schema extends ChannelSchema> = string & keyof Schema["up"];

/** What the server of a channel sends, by name: the messages as they arrive. */
export type DownMessages<Schema extends ChannelSchema> = ShapesOf<Schema["down"]>;
/** What the server of a channel sends, by name: what is given to be sent. */
export type DownInits<Schema extends ChannelSchema> = InitsOf<Schema["down"]>;
/** What the clients of a channel send, by name: the messages as they arrive. */
export type UpMessages<Schema extends ChannelSchema> = ShapesOf<Schema["up"]>;
/** What the clients of a channel send, by name: what is given to be sent. */
export type UpInits<Schema extends ChannelSchema> = InitsOf<Schema["up"]>;

/** The messages of a table as they arrive, by name. */
export type ShapesOf<Table extends SchemaTable> = { readonly [Name in keyof Table]: MessageShape<Table[Name]> };
/** The messages of a table as they are given to be sent, by name: fields may be left out, nested messages may be plain objects. */
export type InitsOf<Table extends SchemaTable> = { readonly [Name in keyof Table]: MessageInitShape<Table[Name]> };

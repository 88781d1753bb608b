import { encodeEntry, encodeGroup } from "./batch-writer.js";

/** What became of a message for one receiver. */
export type SendOutcome =
  /** The socket has taken it. */
  | "sent"
  /** A newer message with the same key, or one that ends what it was about, took its place before it was sent. */
  | "superseded"
  /** There was no room for it, or somebody took it out. */
  | "dropped"
  /** The receiver is gone. */
  | "closed";

/** What one entry of a batch is made of: a message, or a group. */
export interface OutgoingEntry {
  /** Number of its newest message in the order of all that was sent. */
  readonly sequence: number;
  /** As it stands in a batch. */
  readonly bytes: Uint8Array;
  /** Itself, or the messages of the group. */
  readonly messages: readonly OutgoingMessage[];
}

/** What is known of a message when it is sent. */
export interface OutgoingMessageOptions {
  readonly name: string;
  readonly tag: number;
  readonly payload: Uint8Array;
  /** What it is about: a newer message about the same takes its place. */
  readonly key?: string | undefined;
  /** Keys of what ends with it. Given, it is a tombstone: of no use to who never saw what it ends. */
  readonly removes?: readonly string[] | undefined;
  /** Whether it is kept for those who come later. */
  readonly isPersistent: boolean;
  /** Whether a receiver may miss it when there is no room for it. */
  readonly isDroppable: boolean;
  /** Whether it is placed where the message stood that it replaces, and not last. */
  readonly isInPlace: boolean;
  /** When it was given to be sent: a time of the clock. */
  readonly createdMs: number;
}

const nothing: readonly string[] = [];

/** A message on its way out: encoded once, and shared by all who get it. */
export class OutgoingMessage implements OutgoingEntry {
  readonly name: string;
  readonly tag: number;
  readonly payload: Uint8Array;
  readonly bytes: Uint8Array;
  readonly key: string | undefined;
  readonly removes: readonly string[];
  readonly isPersistent: boolean;
  readonly isDroppable: boolean;
  readonly isInPlace: boolean;
  readonly createdMs: number;
  readonly messages: readonly [OutgoingMessage] = [this];
  /** Its number in the order of all that was sent. Given when it is sent, and not changed any more. */
  sequence = 0;
  /** Told what became of it. Only for a message with one receiver. */
  receipt: { settle(outcome: SendOutcome): void } | undefined;

  constructor(options: OutgoingMessageOptions) {
    this.name = options.name;
    this.tag = options.tag;
    this.bytes = encodeEntry(options.tag, options.payload);
    // What is kept of a message is one piece of memory, not two.
    this.payload = this.bytes.subarray(this.bytes.byteLength - options.payload.byteLength);
    this.key = options.key;
    this.removes = options.removes ?? nothing;
    this.isPersistent = options.isPersistent;
    this.isDroppable = options.isDroppable;
    this.isInPlace = options.isInPlace;
    this.createdMs = options.createdMs;
  }
}

/** Messages that take effect together, of which each has its number. */
export function createOutgoingGroup(messages: readonly OutgoingMessage[]): OutgoingEntry {
  const [first] = messages;
  if (first !== undefined && messages.length === 1) return first;
  return {
    // Not that of the last one: a message that keeps its place is newer than those behind it.
    sequence: Math.max(...messages.map((message) => message.sequence)),
    bytes: encodeGroup(messages.map(({ bytes }) => bytes)),
    messages,
  };
}

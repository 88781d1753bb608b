import type { OutgoingMessage } from "./outgoing.js";

/** How much may be kept for those who come later. */
export interface StoreLimits {
  /** How many messages. */
  readonly maxMessages: number;
  /** How many bytes, with 128 for each message beside its own. */
  readonly maxBytes: number;
}

/** What a message takes beside its bytes. */
const entryOverheadBytes = 128;

/** How much is kept, in one store or in several that share what may be kept. */
export class StoreBudget {
  readonly limits: StoreLimits;
  messages = 0;
  bytes = 0;

  constructor(limits: StoreLimits) {
    this.limits = limits;
  }

  add(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
  }
}

/** A mark in front of what stands in for a key where there is none; no key begins with it. */
const keyless = "\u0000";

/**
 * What a newcomer has to be told: of each key the last message, and every message that has no key. What it takes, and what it costs
 * to read, depends on what is kept, not on how much was ever put in.
 */
export class MessageStore {
  readonly #budget: StoreBudget;
  /** By key, in the order in which they are told. */
  readonly #messages = new Map<string, OutgoingMessage>();
  /** Messages that ended others, by their keys: for those who may still have what ended. Oldest first. */
  readonly #tombstones = new Map<string, OutgoingMessage>();
  #bytes = 0;
  /** Nobody who has had less than this can be told only what is new. */
  #horizon: number;

  /** `horizon` is the number of the last message that was sent before the store was there. */
  constructor(budget: StoreBudget, horizon = 0) {
    this.#budget = budget;
    this.#horizon = horizon;
  }

  /** How many messages are kept. */
  get size(): number {
    return this.#messages.size;
  }

  /** What they take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many tombstones are kept beside them. */
  get tombstoneCount(): number {
    return this.#tombstones.size;
  }

  /** Whether `message` can be kept. */
  hasRoomFor(message: OutgoingMessage): boolean {
    if (message.removes.length > 0) return true;
    const { messages, bytes, limits } = this.#budget;
    const replaced = this.#messages.get(keyOf(message));
    const newMessages = messages + (replaced === undefined ? 1 : 0);
    const newBytes = bytes + costOf(message) - (replaced === undefined ? 0 : costOf(replaced));
    return newMessages <= limits.maxMessages && newBytes <= limits.maxBytes;
  }

  /** Keeps a message in the place of what it replaces. Whether there is room is the caller's to ask. */
  put(message: OutgoingMessage): void {
    const key = keyOf(message);
    this.#tombstones.delete(key);
    if (message.removes.length > 0) {
      for (const ended of message.removes) this.#delete(ended);
      this.#tombstones.set(key, message);
      this.#boundTombstones();
      return;
    }
    const replaced = this.#messages.get(key);
    if (replaced !== undefined && message.isInPlace) this.#count(-1, -costOf(replaced));
    else this.#delete(key);
    this.#messages.set(key, message);
    this.#count(1, costOf(message));
  }

  /** What is kept, in the order in which it is told. */
  messages(): IterableIterator<OutgoingMessage> {
    return this.#messages.values();
  }

  /** The same, to be read while the store changes; only that for which `isWanted` holds. */
  *replayable(isWanted: (message: OutgoingMessage) => boolean = () => true): Generator<OutgoingMessage, undefined> {
    for (const message of this.#messages.values()) if (isWanted(message)) yield message;
    return undefined;
  }

  /**
   * What is new to who has had everything up to `sequence`, with what ended since. `undefined` when that is not known any more.
   */
  since(sequence: number): readonly OutgoingMessage[] | undefined {
    if (sequence < this.#horizon) return undefined;
    const isNew = (message: OutgoingMessage): boolean => message.sequence > sequence;
    // What ended first: what came to be under another key since then must not end with it.
    return [...this.#tombstones.values(), ...this.#messages.values()].filter(isNew);
  }

  /** Nobody needs to be told any more what ended up to `sequence`, if it did before the time `beforeMs`. */
  forgetTombstones(sequence: number, beforeMs = Number.POSITIVE_INFINITY): void {
    for (const [key, message] of this.#tombstones) {
      if (message.sequence > sequence || message.createdMs >= beforeMs) return;
      this.#forget(key, message);
    }
  }

  /** Keeps the messages no longer for which `isUnwanted` holds. Returns how many that were. Nobody is told. */
  remove(isUnwanted: (message: OutgoingMessage) => boolean): number {
    const unwanted = [...this.#messages].filter(([, message]) => isUnwanted(message));
    for (const [key] of unwanted) this.#delete(key);
    return unwanted.length;
  }

  /** Keeps nothing any more, and gives back what it took. */
  clear(): void {
    this.remove(() => true);
    this.#tombstones.clear();
  }

  /** Keeps nothing any more, and cannot say what is new to who has had only what was sent up to `sequence`. */
  reset(sequence: number): void {
    this.clear();
    this.#horizon = sequence;
  }

  #delete(key: string): void {
    const message = this.#messages.get(key);
    if (message === undefined) return;
    this.#messages.delete(key);
    this.#count(-1, -costOf(message));
  }

  #boundTombstones(): void {
    for (const [key, message] of this.#tombstones) {
      if (this.#tombstones.size <= this.#budget.limits.maxMessages) return;
      this.#forget(key, message);
    }
  }

  #count(messages: number, bytes: number): void {
    this.#bytes += bytes;
    this.#budget.add(messages, bytes);
  }

  #forget(key: string, { sequence }: OutgoingMessage): void {
    this.#tombstones.delete(key);
    this.#horizon = Math.max(this.#horizon, sequence);
  }
}

function keyOf({ key, sequence }: OutgoingMessage): string {
  return key ?? keyless + sequence;
}

function costOf({ bytes }: OutgoingMessage): number {
  return bytes.byteLength + entryOverheadBytes;
}

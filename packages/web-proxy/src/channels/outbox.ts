import { type Linked, LinkedList } from "./linked-list.js";
import type { OutgoingEntry, OutgoingMessage, SendOutcome } from "./outgoing.js";

/**
 * What to do when an outbox is full. In every case the older messages of a key have made way for the newest already.
 *
 * - `"conflate"`: of the transient messages without a key, only the newest of each type stays; then as `"drop-oldest"`.
 * - `"drop-oldest"`: the oldest transient messages are dropped; when there is none left, as `"close"`.
 * - `"close"`: the receiver is given up.
 */
export type OutboxPolicy = "conflate" | "drop-oldest" | "close";

/** How much may wait for one receiver. */
export interface OutboxLimits {
  /** How many messages. */
  readonly maxMessages: number;
  /** How many bytes. */
  readonly maxBytes: number;
  readonly policy: OutboxPolicy;
}

/** What {@link Outbox.take} took out. */
export interface Taken {
  /** What goes into one batch. Empty when only fences were taken. */
  readonly entries: readonly OutgoingEntry[];
  /** All with a sequence up to this has been taken or superseded. 0 before the end of the replay. */
  readonly cursor: number;
  /** What was to be told behind these entries. */
  readonly fences: readonly (() => void)[];
  /** It is the end of the replay and nothing else. */
  readonly isEndOfReplay: boolean;
}

/** What a message takes beside its bytes, so that a flood of small ones fills the outbox as well. */
const entryOverheadBytes = 64;

interface Slot extends Linked<Slot> {
  content:
    | { readonly kind: "entry"; readonly entry: OutgoingEntry }
    | { readonly kind: "replay"; readonly messages: Iterator<OutgoingMessage>; next: OutgoingMessage | undefined }
    | { readonly kind: "end-of-replay" }
    | { readonly kind: "fence"; readonly reached: () => void };
  /** The place in the order of all messages that is reached with it. */
  readonly sequence: number;
  /** How many of its keys no newer message has taken over. At 0 it is of no use. Infinite with a message that has no key. */
  openKeys: number;
}

/**
 * What waits for one receiver, in order and bounded. A newer message replaces the older one with the same key, also one that is
 * still to be sent; a group goes when every one of its messages is replaced, and not in parts.
 *
 * All but {@link remove} and a full outbox takes constant time, however much waits.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #slots = new LinkedList<Slot>();
  readonly #byKey = new Map<string, Slot>();
  #messageCount = 0;
  #bytes = 0;
  /** Those whose entries may be dropped, from the one that was sent first. */
  readonly #droppable = new Set<Slot>();
  /** Whether the end of the replay is still to be taken. */
  #isReplaying = false;
  #droppedCount = 0;
  #supersededCount = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#messageCount;
  }

  /** How many bytes wait, with what they take to keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing is to be taken, no fence and no replay either. */
  get isEmpty(): boolean {
    return this.#slots.size === 0;
  }

  /** Messages that there was no room for. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Messages that were replaced before they were sent. */
  get supersededCount(): number {
    return this.#supersededCount;
  }

  /** The oldest message that waits. */
  get oldest(): OutgoingMessage | undefined {
    for (const { messages } of this.entries()) return messages[0];
    return undefined;
  }

  /** What waits, in order. */
  *entries(): Generator<OutgoingEntry> {
    for (const { content } of this.#slots) if (content.kind === "entry") yield content.entry;
  }

  /** Adds an entry. False: there is no room for it, whatever is dropped, and the receiver has to be given up. */
  push(entry: OutgoingEntry): boolean {
    if (this.#replaceInPlace(entry)) return true;
    for (const message of entry.messages) {
      if (message.key !== undefined) this.#supersede(message.key);
      for (const key of message.removes) this.#supersede(key);
    }
    if (!this.#makeRoom(entry)) return false;
    const slot = this.#append({ kind: "entry", entry }, entry.sequence);
    slot.openKeys = 0;
    for (const { key } of entry.messages) {
      if (key === undefined) slot.openKeys = Number.POSITIVE_INFINITY;
      else {
        slot.openKeys++;
        this.#byKey.set(key, slot);
      }
    }
    this.#count(slot, entry);
    return true;
  }

  /**
   * Adds what somebody else keeps, at this place in the order. It is read as it is taken, so it takes no room here and does not
   * count as waiting. `sequence` is the place that is reached with it; 0: none.
   */
  pushReplay(messages: Iterator<OutgoingMessage>, sequence = 0): void {
    this.#append({ kind: "replay", messages, next: undefined }, sequence);
  }

  /** What is added before this is the replay. `sequence` is the place that is reached with it. */
  pushEndOfReplay(sequence: number): void {
    this.#isReplaying = true;
    this.#append({ kind: "end-of-replay" }, sequence);
  }

  /** Has `reached` told when all has been taken that waits now. */
  pushFence(reached: () => void): void {
    this.#append({ kind: "fence", reached }, 0);
  }

  /**
   * Takes what goes into the next batch: up to so many messages and bytes, or one entry that is larger. `undefined` when nothing
   * waits.
   */
  take(maxMessages: number, maxBytes: number): Taken | undefined {
    const entries: OutgoingEntry[] = [];
    const fences: (() => void)[] = [];
    let messages = 0;
    let bytes = 0;
    let cursor = 0;
    const fits = (entry: OutgoingEntry): boolean => {
      messages += entry.messages.length;
      bytes += entry.bytes.byteLength;
      return entries.length === 0 || (messages <= maxMessages && bytes <= maxBytes);
    };
    for (let slot = this.#slots.first; slot !== undefined; slot = this.#slots.first) {
      const { content } = slot;
      if (content.kind === "entry") {
        if (!fits(content.entry)) break;
        entries.push(content.entry);
        if (!this.#isReplaying) cursor = slot.sequence;
      } else if (content.kind === "replay") {
        content.next ??= nextOf(content.messages);
        if (content.next !== undefined) {
          if (!fits(content.next)) break;
          entries.push(content.next);
          content.next = undefined;
          continue;
        }
        if (slot.sequence > 0 && !this.#isReplaying) cursor = slot.sequence;
      } else if (content.kind === "fence") {
        fences.push(content.reached);
      } else {
        if (entries.length > 0) break;
        this.#isReplaying = false;
        this.#release(slot);
        return { entries, cursor: slot.sequence, fences, isEndOfReplay: true };
      }
      this.#release(slot);
    }
    return entries.length + fences.length === 0 ? undefined : { entries, cursor, fences, isEndOfReplay: false };
  }

  /** Takes out the entries for which `isUnwanted` holds, and counts them as dropped. Returns how many messages that was. */
  remove(isUnwanted: (entry: OutgoingEntry) => boolean): number {
    let count = 0;
    for (const slot of this.#slots) {
      if (slot.content.kind !== "entry" || !isUnwanted(slot.content.entry)) continue;
      count += slot.content.entry.messages.length;
      this.#drop(slot);
    }
    return count;
  }

  /** Drops everything, as the receiver is gone. Returns how many messages that were. Fences are told. */
  clear(): number {
    const count = this.#messageCount;
    const slots = this.#slots.clear();
    this.#byKey.clear();
    this.#droppable.clear();
    this.#messageCount = 0;
    this.#bytes = 0;
    for (const { content } of slots) {
      if (content.kind === "fence") content.reached();
      else if (content.kind === "entry") settle(content.entry, "closed");
    }
    return count;
  }

  #append(content: Slot["content"], sequence: number): Slot {
    const openKeys = Number.POSITIVE_INFINITY;
    const slot: Slot = { content, sequence, openKeys, before: undefined, after: undefined };
    this.#slots.push(slot);
    return slot;
  }

  /** Takes a slot out, whatever for. */
  #release(slot: Slot): void {
    this.#slots.remove(slot);
    if (slot.content.kind !== "entry") return;
    const { entry } = slot.content;
    for (const { key } of entry.messages) {
      if (key !== undefined && this.#byKey.get(key) === slot) this.#byKey.delete(key);
    }
    this.#discount(slot, entry);
  }

  #count(slot: Slot, entry: OutgoingEntry): void {
    this.#messageCount += entry.messages.length;
    this.#bytes += costOf(entry);
    if (isDroppable(entry)) this.#droppable.add(slot);
  }

  #discount(slot: Slot, entry: OutgoingEntry): void {
    this.#messageCount -= entry.messages.length;
    this.#bytes -= costOf(entry);
    this.#droppable.delete(slot);
  }

  #replaceInPlace(entry: OutgoingEntry): boolean {
    const [message, ...others] = entry.messages;
    if (message === undefined || others.length > 0 || !message.isInPlace || message.key === undefined) return false;
    const slot = this.#byKey.get(message.key);
    if (slot?.content.kind !== "entry" || slot.content.entry.messages.length > 1) return false;
    const replaced = slot.content.entry;
    const grows = costOf(entry) - costOf(replaced);
    if (this.#bytes + grows > this.#limits.maxBytes) return false;
    this.#discount(slot, replaced);
    slot.content = { kind: "entry", entry };
    this.#count(slot, entry);
    this.#supersededCount++;
    settle(replaced, "superseded");
    // Its own key is among them, and by now it is what that key stands for.
    for (const key of message.removes) if (key !== message.key) this.#supersede(key);
    return true;
  }

  /** A newer message speaks for `key`. */
  #supersede(key: string): void {
    const slot = this.#byKey.get(key);
    if (slot === undefined) return;
    this.#byKey.delete(key);
    slot.openKeys--;
    if (slot.openKeys > 0 || slot.content.kind !== "entry") return;
    const { entry } = slot.content;
    this.#release(slot);
    this.#supersededCount += entry.messages.length;
    settle(entry, "superseded");
  }

  #makeRoom(entry: OutgoingEntry): boolean {
    const { policy } = this.#limits;
    if (this.#hasRoom(entry)) return true;
    if (policy === "close") return false;
    if (policy === "conflate") this.#conflateTypes(entry);
    while (!this.#hasRoom(entry)) {
      if (!this.#dropOldest()) return false;
    }
    return true;
  }

  #hasRoom(entry: OutgoingEntry): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    return this.#messageCount + entry.messages.length <= maxMessages && this.#bytes + costOf(entry) <= maxBytes;
  }

  /** Of the transient messages without a key, leaves the newest of each type; `newest` is about to come. */
  #conflateTypes(newest: OutgoingEntry): void {
    if (this.#droppable.size === 0) return;
    const seen = new Set(newest.messages.filter(isLoose).map(({ tag }) => tag));
    for (const slot of this.#slots.backwards()) {
      if (slot.content.kind !== "entry") continue;
      const [message, ...others] = slot.content.entry.messages;
      if (message === undefined || others.length > 0 || !isLoose(message)) continue;
      if (seen.has(message.tag)) this.#drop(slot);
      else seen.add(message.tag);
    }
  }

  #dropOldest(): boolean {
    const [oldest] = this.#droppable;
    if (oldest !== undefined) this.#drop(oldest);
    return oldest !== undefined;
  }

  #drop(slot: Slot): void {
    if (slot.content.kind !== "entry") return;
    const { entry } = slot.content;
    this.#release(slot);
    this.#droppedCount += entry.messages.length;
    settle(entry, "dropped");
  }
}

function nextOf(messages: Iterator<OutgoingMessage>): OutgoingMessage | undefined {
  const { done, value } = messages.next();
  return done === true ? undefined : value;
}

function costOf(entry: OutgoingEntry): number {
  return entry.bytes.byteLength + entryOverheadBytes;
}

function isDroppable({ messages }: OutgoingEntry): boolean {
  return messages.every((message) => message.isDroppable);
}

function isLoose(message: OutgoingMessage): boolean {
  return message.isDroppable && message.key === undefined;
}

function settle({ messages }: OutgoingEntry, outcome: SendOutcome): void {
  for (const message of messages) message.receipt?.settle(outcome);
}

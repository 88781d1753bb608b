import { type ChunkMessage, messageOverheadBytes } from "./chunk.js";

/** How much a message matters when there is no room for all. */
export type Priority = "stream" | "message" | "bookkeeping";

/** Messages of one topic that are missing. */
export interface MissingMessages {
  readonly topic: string;
  readonly messages: number;
  readonly bytes: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** The place of a message whose bytes are still being made. */
export interface ReservedPlace {
  /** Here they are. */
  fill(data: Uint8Array): void;
  /** There will be none: it counts as missing. */
  giveUp(): void;
}

/** How much of the queue may be full before a message is left out. */
const shares: Readonly<Record<Priority, number>> = { stream: 1, message: 1.25, bookkeeping: 1.5 };

/** What waits to be stored, in order, with a bound in bytes, and an account of what is missing. */
export class RecordingQueue {
  readonly #maxBytes: number;
  readonly #missing = new Map<string, { messages: number; bytes: number; from: bigint; to: bigint }>();
  #waiting: Entry[] = [];
  #waitingBytes = 0;
  #takenBytes = 0;
  #droppedMessages = 0;
  #droppedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of what waits to be taken. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes of what is not stored yet. */
  get heldBytes(): number {
    return this.#waitingBytes + this.#takenBytes;
  }

  get droppedMessages(): number {
    return this.#droppedMessages;
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Whether nothing is to be stored, not even that something is missing. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#missing.size === 0;
  }

  /** Whether {@link take} would find something, or something is missing. */
  get isReady(): boolean {
    return this.#waiting.length === 0 ? this.#missing.size > 0 : this.#waiting[0]?.message !== undefined;
  }

  /** Takes a message in. False when there is no room for it: then it counts as missing. */
  push(priority: Priority, topic: string, message: ChunkMessage): boolean {
    return this.#add(priority, topic, message.logTime, { message, size: sizeOf(message.data) });
  }

  /** Keeps the place of a message that is being made of `data`. `undefined` when there is no room: then it counts as missing. */
  reserve(priority: Priority, topic: string, draft: ChunkMessage): ReservedPlace | undefined {
    const entry: Entry = { message: undefined, size: sizeOf(draft.data) };
    if (!this.#add(priority, topic, draft.logTime, entry)) return undefined;
    return {
      fill: (data) => {
        if (!this.#waiting.includes(entry)) return;
        this.#waitingBytes += sizeOf(data) - entry.size;
        entry.size = sizeOf(data);
        entry.message = { ...draft, data };
      },
      giveUp: () => {
        const index = this.#waiting.indexOf(entry);
        if (index === -1) return;
        this.#waiting.splice(index, 1);
        this.#waitingBytes -= entry.size;
        this.#miss(topic, draft.logTime, draft.data.byteLength);
      },
    };
  }

  /** Takes out what is missing since the last time. */
  takeMissing(): readonly MissingMessages[] {
    const missing = [...this.#missing].map(([topic, counts]) => ({ topic, ...counts }));
    this.#missing.clear();
    return missing;
  }

  /**
   * Takes out the oldest messages, up to the first with which they have `bytes` bytes, or to a place that is not filled yet. They
   * count until {@link release}.
   */
  take(bytes: number): ChunkMessage[] {
    const messages: ChunkMessage[] = [];
    let taken = 0;
    for (const { message, size } of this.#waiting) {
      if (message === undefined || taken >= bytes) break;
      messages.push(message);
      taken += size;
    }
    this.#waiting.splice(0, messages.length);
    this.#waitingBytes -= taken;
    this.#takenBytes += taken;
    return messages;
  }

  /** What was taken is stored. */
  release(): void {
    this.#takenBytes = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.#waiting = [];
    this.#missing.clear();
    this.#waitingBytes = 0;
    this.#takenBytes = 0;
  }

  #add(priority: Priority, topic: string, time: bigint, entry: Entry): boolean {
    // One message alone always has room, however large it is.
    if (this.heldBytes > 0 && this.heldBytes + entry.size > this.#maxBytes * shares[priority]) {
      this.#miss(topic, time, entry.size - messageOverheadBytes);
      return false;
    }
    this.#waiting.push(entry);
    this.#waitingBytes += entry.size;
    return true;
  }

  #miss(topic: string, time: bigint, byteLength: number): void {
    this.#droppedMessages++;
    this.#droppedBytes += byteLength;
    const missing = this.#missing.get(topic);
    if (missing === undefined) {
      this.#missing.set(topic, { messages: 1, bytes: byteLength, from: time, to: time });
      return;
    }
    missing.messages++;
    missing.bytes += byteLength;
    if (time < missing.from) missing.from = time;
    if (time > missing.to) missing.to = time;
  }
}

interface Entry {
  /** `undefined` while it is being made. */
  message: ChunkMessage | undefined;
  size: number;
}

function sizeOf({ byteLength }: Uint8Array): number {
  return byteLength + messageOverheadBytes;
}

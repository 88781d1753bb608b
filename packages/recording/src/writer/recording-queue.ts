import type { ChunkPart } from "./chunk.js";
import { type ChunkMessage, logTimeAt, messageOverheadBytes, recordBytes, writeRecordHead } from "./message-record.js";

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

/** What was taken out of a {@link RecordingQueue}. */
export interface TakenMessages {
  readonly parts: readonly ChunkPart[];
  /** The recorded time of the last of them. `undefined` when there are none. */
  readonly lastTime: bigint | undefined;
}

/** How much of the queue may be full before a message is left out. */
const shares: Readonly<Record<Priority, number>> = { stream: 1, message: 1.25, bookkeeping: 1.5 };

/** Messages of at most so many bytes are written down as they will stand in the file. Of larger ones the bytes are kept as they are. */
const maxSmallBytes = 4 * 1024;

/** How many bytes small messages are written down to at a time. */
const slabBytes = 16 * 1024;

/**
 * What waits to be stored, in order, with a bound in bytes, and an account of what is missing.
 *
 * A small message leaves nothing behind that would have to be collected: it is written right behind the one before it. Fifty recordings of
 * fast calls would otherwise hold a million objects; `bench/src/recording.ts` measures it.
 */
export class RecordingQueue {
  readonly #maxBytes: number;
  readonly #maxRunBytes: number;
  readonly #missing = new Map<string, { messages: number; bytes: number; from: bigint; to: bigint }>();
  #waiting: (Run | Entry)[] = [];
  /** The last of those that wait, when small messages can be written behind it. */
  #run: Run | undefined;
  #slab: Slab | undefined;
  /** What was taken is in these, and nothing that waits. */
  #takenSlabs = new Set<Slab>();
  #waitingBytes = 0;
  #takenBytes = 0;
  #droppedMessages = 0;
  #droppedBytes = 0;

  /** Holds `maxBytes`, and is taken from in parts of `chunkBytes`. */
  constructor(maxBytes: number, chunkBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxRunBytes = Math.min(chunkBytes, slabBytes);
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
    const [first] = this.#waiting;
    return first === undefined ? this.#missing.size > 0 : first.isReady;
  }

  /** Takes a message in. False when there is no room for it: then it counts as missing. */
  push(priority: Priority, topic: string, message: ChunkMessage): boolean {
    const size = recordBytes(message);
    if (!this.#makeRoom(priority, topic, message.logTime, size)) return false;
    if (size <= maxSmallBytes) this.#write(message, size);
    else this.#append(new Entry({ ...message, data: lean(message.data) }, size));
    return true;
  }

  /** Keeps the place of a message that is being made of `data`. `undefined` when there is no room: then it counts as missing. */
  reserve(priority: Priority, topic: string, draft: ChunkMessage): ReservedPlace | undefined {
    const { logTime } = draft;
    const entry = new Entry(undefined, recordBytes(draft));
    if (!this.#makeRoom(priority, topic, logTime, entry.size)) return undefined;
    this.#append(entry);
    return {
      fill: (data) => {
        if (!this.#waiting.includes(entry)) return;
        const message = { ...draft, data };
        this.#waitingBytes += recordBytes(message) - entry.size;
        entry.fill(message, recordBytes(message));
      },
      giveUp: () => {
        const index = this.#waiting.indexOf(entry);
        if (index === -1) return;
        this.#waiting.splice(index, 1);
        this.#waitingBytes -= entry.size;
        this.#miss(topic, logTime, draft.data.byteLength);
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
   * Takes out the oldest messages, up to the first with which they have about `bytes` bytes, or to a place that is not filled yet. They
   * count until {@link release}.
   */
  take(bytes: number): TakenMessages {
    const parts: ChunkPart[] = [];
    let lastTime: bigint | undefined;
    let taken = 0;
    for (const waiting of this.#waiting) {
      const { part, size } = waiting;
      if (part === undefined || taken >= bytes) break;
      parts.push(part);
      lastTime = waiting.lastTime;
      taken += size;
      if (waiting instanceof Run) this.#takenSlabs.add(waiting.slab);
    }
    this.#waiting.splice(0, parts.length);
    if (this.#slab !== undefined) this.#takenSlabs.delete(this.#slab);
    const next = this.#waiting.find((waiting) => waiting instanceof Run);
    if (next !== undefined) this.#takenSlabs.delete(next.slab);
    if (this.#waiting.length === 0) this.#run = undefined;
    this.#waitingBytes -= taken;
    this.#takenBytes += taken;
    return { parts, lastTime };
  }

  /** What was taken is stored. Its parts must not be used any more. */
  release(): void {
    this.#takenBytes = 0;
    for (const slab of this.#takenSlabs) giveBack(slab);
    this.#takenSlabs.clear();
  }

  /** Forgets everything. */
  clear(): void {
    this.#waiting = [];
    this.#run = undefined;
    this.#slab = undefined;
    this.#takenSlabs.clear();
    this.#missing.clear();
    this.#waitingBytes = 0;
    this.#takenBytes = 0;
  }

  #makeRoom(priority: Priority, topic: string, time: bigint, size: number): boolean {
    // One message alone always has room, however large it is.
    if (this.heldBytes > 0 && this.heldBytes + size > this.#maxBytes * shares[priority]) {
      this.#miss(topic, time, size - messageOverheadBytes);
      return false;
    }
    this.#waitingBytes += size;
    return true;
  }

  #append(entry: Entry): void {
    this.#waiting.push(entry);
    this.#run = undefined;
  }

  #write(message: ChunkMessage, size: number): void {
    if (this.#slab === undefined || this.#slab.end + size > slabBytes) {
      this.#slab = takeSlab();
      this.#run = undefined;
    }
    if (this.#run === undefined || this.#run.size >= this.#maxRunBytes) {
      this.#run = new Run(this.#slab);
      this.#waiting.push(this.#run);
    }
    this.#run.write(message, size);
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

/** A large message, or one that is being made. */
class Entry {
  part: ChunkMessage | undefined;
  size: number;

  constructor(message: ChunkMessage | undefined, size: number) {
    this.part = message;
    this.size = size;
  }

  get isReady(): boolean {
    return this.part !== undefined;
  }

  get lastTime(): bigint | undefined {
    return this.part?.logTime;
  }

  fill(message: ChunkMessage, size: number): void {
    this.part = message;
    this.size = size;
  }
}

/** Room for small messages, which is filled once from its start to its end. */
class Slab {
  readonly bytes = new Uint8Array(slabBytes);
  readonly view = new DataView(this.bytes.buffer);
  end = 0;
}

/** What is used again is in the processor's cache. Shared by all recordings. */
const freeSlabs: Slab[] = [];
const maxFreeSlabs = 64;

function takeSlab(): Slab {
  return freeSlabs.pop() ?? new Slab();
}

function giveBack(slab: Slab): void {
  slab.end = 0;
  if (freeSlabs.length < maxFreeSlabs) freeSlabs.push(slab);
}

/** Small messages, one right behind the other. */
class Run {
  readonly isReady = true;
  readonly slab: Slab;
  readonly #start: number;
  #last = 0;
  size = 0;

  constructor(slab: Slab) {
    this.slab = slab;
    this.#start = slab.end;
  }

  get lastTime(): bigint {
    return logTimeAt(this.slab.view, this.#last);
  }

  get part(): Uint8Array {
    return this.slab.bytes.subarray(this.#start, this.#start + this.size);
  }

  write(message: ChunkMessage, size: number): void {
    const { slab } = this;
    copy(message.data, slab.bytes, writeRecordHead(slab.view, slab.end, message, size));
    this.#last = slab.end;
    slab.end += size;
    this.size += size;
  }
}

/** A few bytes are copied faster one by one than by what copies many. */
function copy(data: Uint8Array, to: Uint8Array, offset: number): void {
  const { byteLength } = data;
  if (byteLength > 48) {
    to.set(data, offset);
    return;
  }
  for (let index = 0; index < byteLength; index++) to[offset + index] = data[index] ?? 0;
}

/** A copy, where `bytes` is a small part of something large that it would keep in memory. */
function lean(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.byteLength + 4_096 ? bytes.slice() : bytes;
}

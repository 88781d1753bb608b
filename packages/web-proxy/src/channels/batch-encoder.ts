import type { Clock } from "@resoio/core/internal";
import { encodeBatch, encodeBatchHead } from "./batch-writer.js";
import type { OutgoingEntry } from "./outgoing.js";

/** A batch and what it was made of. */
interface MadeBatch {
  readonly entries: readonly OutgoingEntry[];
  readonly cursor: number;
  readonly bytes: Uint8Array;
}

/** How many batches are remembered: receivers of one tick mostly get one of a few. */
const rememberedBatches = 4;
/** Batches that are made within this time say the same time. */
const sameTimeMs = 1;

/** Makes the bytes of batches, and hands out the same bytes to all receivers that get the same. They must not be changed. */
export class BatchEncoder {
  readonly #clock: Clock;
  #made: MadeBatch[] = [];
  #unixNanos = 0n;
  #timeMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The message with a batch of `entries`. */
  encode(entries: readonly OutgoingEntry[], cursor: number): Uint8Array {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#timeMs >= sameTimeMs) {
      this.#timeMs = nowMs;
      this.#unixNanos = this.#clock.unixNanos();
      this.#made = [];
    }
    const known = this.#made.find((made) => made.cursor === cursor && isSame(made.entries, entries));
    if (known !== undefined) return known.bytes;
    const bytes = encodeBatch(
      encodeBatchHead(cursor, this.#unixNanos),
      entries.map((entry) => entry.bytes),
    );
    this.#made.unshift({ entries, cursor, bytes });
    this.#made.length = Math.min(this.#made.length, rememberedBatches);
    return bytes;
  }

  /** Forgets what was made, so that its memory can go. */
  clear(): void {
    this.#made = [];
  }
}

function isSame(one: readonly OutgoingEntry[], other: readonly OutgoingEntry[]): boolean {
  return one.length === other.length && one.every((entry, index) => entry === other[index]);
}

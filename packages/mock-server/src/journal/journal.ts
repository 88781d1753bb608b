import type { Message } from "@bufbuild/protobuf";
import type { RpcId } from "@resoio/core";
import type { Change } from "../engine/change.js";
import type { Clock } from "../engine/clock.js";

/** Something that happened: a call that was received, once it is over, or a change of the engine's state. */
export type JournalEntry = CallEntry | ChangeEntry;

/** A call that was received, written down when it was over. */
export interface CallEntry {
  readonly kind: "call";
  readonly rpc: RpcId;
  /** The request of a unary or server-streaming call; absent where it could carry a secret. */
  readonly request?: Message;
  /** `ok`, or the name of the status: `NotFound`, ... */
  readonly status: string;
  /** True when a recording answered the call, and not the engine; absent otherwise. */
  readonly isPlayed?: true;
  /** When the call was over: Unix time in nanoseconds (UTC). */
  readonly unixNanos: bigint;
}

/** A change of the engine's state. */
export type ChangeEntry = { readonly kind: "change"; readonly unixNanos: bigint } & Change;

/** How an entry is handed in: the journal puts the time to it. */
export type NewJournalEntry = JournalEntry extends infer Entry
  ? Entry extends JournalEntry
    ? Omit<Entry, "unixNanos">
    : never
  : never;

const maxEntries = 10_000;

/** What happened, in order. The oldest entries are forgotten beyond ten thousand. */
export class Journal {
  readonly #clock: Clock;
  readonly #entries: JournalEntry[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All entries that are remembered, oldest first. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** The calls of one RPC, oldest first. */
  calls(rpc: RpcId): readonly CallEntry[] {
    return this.#entries.filter((entry): entry is CallEntry => entry.kind === "call" && entry.rpc === rpc);
  }

  /** The changes of one kind, oldest first. */
  changes<What extends Change["what"]>(what: What): readonly Extract<JournalEntry, { what: What }>[] {
    return this.#entries.filter(
      (entry): entry is Extract<JournalEntry, { what: What }> => entry.kind === "change" && entry.what === what,
    );
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.length = 0;
  }

  /** Adds an entry with the present time. */
  add(entry: NewJournalEntry): void {
    this.#entries.push({ ...entry, unixNanos: this.#clock.unixNanos() });
    if (this.#entries.length > maxEntries) this.#entries.splice(0, this.#entries.length - maxEntries);
  }
}

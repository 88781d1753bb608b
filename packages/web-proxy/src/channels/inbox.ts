import type { Clock } from "@resoio/core/internal";

/** Options of {@link Inbox}. */
export interface InboxOptions<T> {
  /** Does with an item what is to be done. The next one waits for what it returns. Must not throw or fail. */
  readonly handle: (item: T) => void | Promise<void>;
  /** How much may wait before the sender is told to wait, in bytes. */
  readonly highWaterBytes: number;
  readonly clock: Clock;
  /** How long an item may take before the next one has its turn all the same, in milliseconds. */
  readonly itemTimeoutMs: number;
  /** Told of an item that took too long. */
  readonly onTimeout: (item: T) => void;
}

/** What an item takes beside its bytes. */
const itemBytes = 128;

/** What came from one sender: handled one by one, in order. While something takes its time, the sender is told to wait. */
export class Inbox<T> {
  readonly #options: InboxOptions<T>;
  #waiting: { readonly item: T; readonly bytes: number }[] = [];
  /** The first that was not handled yet. */
  #next = 0;
  #waitingBytes = 0;
  #isBusy = false;
  #isClosed = false;
  #drained: PromiseWithResolvers<void> | undefined;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: InboxOptions<T>) {
    this.#options = options;
  }

  /** How many items wait. */
  get size(): number {
    return this.#waiting.length - this.#next;
  }

  /** Whether the sender may send more; else see {@link drained}. */
  get hasRoom(): boolean {
    return this.#waitingBytes < this.#options.highWaterBytes;
  }

  /** Adds an item of about so many bytes. It is handled at once when nothing is before it. */
  push(item: T, byteLength: number): void {
    if (this.#isClosed) return;
    if (!this.#isBusy && this.size === 0) {
      this.#handle(item);
      // What was added meanwhile.
      if (this.size > 0) this.#run();
      return;
    }
    const bytes = byteLength + itemBytes;
    this.#waiting.push({ item, bytes });
    this.#waitingBytes += bytes;
  }

  /** Resolves when there is room again. */
  async drained(): Promise<void> {
    if (this.hasRoom || this.#isClosed) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Resolves when everything was handled that has come so far. */
  async idle(): Promise<void> {
    if (!this.#isBusy && this.size === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  /** Drops what waits, and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes = 0;
    this.#settleDrained();
    if (!this.#isBusy) this.#settleIdle();
  }

  #handle(item: T): void {
    // An item that adds another must not have it handled in its own middle.
    this.#isBusy = true;
    const result = this.#options.handle(item);
    if (result === undefined) this.#isBusy = false;
    else void this.#await(item, result);
  }

  async #await(item: T, result: Promise<void>): Promise<void> {
    const { clock, itemTimeoutMs, onTimeout } = this.#options;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(itemTimeoutMs, () => {
      onTimeout(item);
      resolve();
    });
    await Promise.race([result, late]);
    cancel();
    this.#isBusy = false;
    this.#run();
  }

  #run(): void {
    while (!this.#isBusy) {
      const entry = this.#waiting[this.#next];
      if (entry === undefined) break;
      this.#next++;
      this.#waitingBytes -= entry.bytes;
      if (this.hasRoom) this.#settleDrained();
      this.#handle(entry.item);
    }
    if (this.#next === this.#waiting.length || this.#next > 1_024) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    if (!this.#isBusy && this.size === 0) this.#settleIdle();
  }

  #settleDrained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #settleIdle(): void {
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

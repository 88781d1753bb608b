import type { Clock } from "@resoio/core/internal";
import type { BatchEncoder } from "./batch-encoder.js";
import { Outbox, type OutboxLimits } from "./outbox.js";
import type { OutgoingEntry, OutgoingMessage } from "./outgoing.js";
import type { Windowed, WindowScheduler } from "./window-scheduler.js";

/** When, and how much at once, is sent to a receiver. */
export interface WindowLimits {
  /** How long messages are collected, in milliseconds. 0: until the running code is through. */
  readonly ms: number;
  /** The most messages of a batch. So many that wait are sent at once. */
  readonly maxMessages: number;
  /** The most bytes of a batch, but for a message or group that is larger. So many that wait are sent at once. */
  readonly maxBytes: number;
}

/** Where the batches go. */
export interface BatchOutlet {
  /** Takes a message of the call. May pause the sender before it returns. */
  deliver(message: Uint8Array): void;
  /** Resolves when the socket has taken all that was delivered, or nothing will be taken any more. */
  drained(): Promise<void>;
  /** There is no room for what must not be lost: the receiver has to be given up. */
  onOverflow(): void;
  /** Nothing was taken for too long. */
  onStalled(): void;
}

/** Options of {@link BatchSender}. */
export interface BatchSenderOptions {
  readonly outlet: BatchOutlet;
  readonly window: WindowLimits;
  readonly outbox: OutboxLimits;
  /** How often the receiver is sent something, at most, per second. `Infinity`: as the window says. */
  readonly maxRateHz: number;
  /** How long the receiver may take nothing while something waits, in milliseconds. */
  readonly stallTimeoutMs: number;
  readonly scheduler: WindowScheduler;
  readonly encoder: BatchEncoder;
  /** The message that tells the end of the replay. */
  readonly encodeEndOfReplay: (sequence: number) => Uint8Array;
  readonly clock: Clock;
}

/** A receiver that is behind has windows that are longer by up to this factor. */
const maxSlowness = 8;

/**
 * What is sent to one receiver: collected in an outbox, sent in windows, and held back while the receiver is behind. The more often
 * it is behind, the longer are its windows.
 */
export class BatchSender implements Windowed {
  readonly #options: BatchSenderOptions;
  readonly #outbox: Outbox;
  readonly #intervalMs: number;
  #state: "waiting" | "open" | "closed" = "waiting";
  #pausedSinceMs: number | undefined;
  #cancelStallCheck: (() => void) | undefined;
  #slowness = 1;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #cursor = 0;
  /** Messages that were delivered since everything was taken. */
  #untakenMessages = 0;
  #sentMessages = 0;
  #sentBatches = 0;
  #sentBytes = 0;

  constructor(options: BatchSenderOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.outbox);
    this.#intervalMs = 1_000 / options.maxRateHz;
  }

  /** How long messages are collected at the moment, in milliseconds. */
  get windowMs(): number {
    return this.#options.window.ms * this.#slowness;
  }

  get earliestMs(): number {
    return this.#lastSentMs + this.#intervalMs;
  }

  latestMs(nowMs: number): number {
    const { windowMs } = this;
    const nextMs = this.#lastSentMs + windowMs;
    // While something is sent all the time, the windows follow each other; else one begins.
    return nextMs > nowMs ? nextMs : nowMs + windowMs;
  }

  /** What waits. */
  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Up to where everything was sent. 0 before the end of the replay. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Whether the receiver takes nothing at the moment. */
  get isPaused(): boolean {
    return this.#pausedSinceMs !== undefined;
  }

  /** What was sent so far. */
  get sent(): { readonly messages: number; readonly batches: number; readonly bytes: number } {
    return { messages: this.#sentMessages, batches: this.#sentBatches, bytes: this.#sentBytes };
  }

  /** Adds an entry. False: the receiver is gone, or was given up because of it. */
  push(entry: OutgoingEntry): boolean {
    if (this.#state === "closed") return false;
    if (!this.#outbox.push(entry)) {
      this.#options.outlet.onOverflow();
      return false;
    }
    this.#request();
    return true;
  }

  /** Adds what is kept elsewhere, see {@link Outbox.pushReplay}. */
  pushReplay(messages: Iterator<OutgoingMessage>, sequence?: number): void {
    if (this.#state === "closed") return;
    this.#outbox.pushReplay(messages, sequence);
    this.#request();
  }

  /** Begins to send. */
  open(): void {
    if (this.#state !== "waiting") return;
    this.#state = "open";
    // What was there before is late already.
    this.send();
  }

  /** Sends nothing for now, as there is no connection. What waits stays. */
  suspend(): void {
    if (this.#state !== "open") return;
    this.#state = "waiting";
    this.#pausedSinceMs = undefined;
    this.#options.scheduler.forget(this);
  }

  /** The receiver takes nothing for now. */
  pause(): void {
    if (this.#state === "closed") return;
    const { clock, stallTimeoutMs } = this.#options;
    this.#pausedSinceMs ??= clock.nowMs();
    this.#cancelStallCheck ??= clock.schedule(stallTimeoutMs, () => this.#checkStall(false));
  }

  /** The receiver takes something again. */
  resume(): void {
    if (this.#pausedSinceMs === undefined) return;
    const pausedMs = this.#options.clock.nowMs() - this.#pausedSinceMs;
    this.#pausedSinceMs = undefined;
    if (pausedMs > this.windowMs) this.#slowness = Math.min(maxSlowness, 2 * this.#slowness);
    // Who was only just behind gets the rest at once; for who is slow, more is collected first.
    if (!this.#outbox.isEmpty) this.#request(this.#slowness === 1);
  }

  /** Sends what waits, as far as the receiver takes it. */
  send(): void {
    if (this.#state !== "open") return;
    const { window, clock, scheduler } = this.#options;
    scheduler.forget(this);
    if (this.#outbox.isEmpty) return;
    this.#lastSentMs = clock.nowMs();
    // Else it would be paused.
    if (!this.isPaused) this.#untakenMessages = 0;
    while (!this.isPaused && this.#sendBatch(window)) {
      // Until nothing waits.
    }
    if (this.#outbox.isEmpty) this.#slowness = Math.max(1, this.#slowness / 2);
  }

  /** Sends what waits without waiting for the window. Resolves when the socket has taken it, or the receiver is gone. */
  async flush(): Promise<void> {
    if (this.#state === "closed") return;
    if (this.#outbox.isEmpty) {
      await this.#options.outlet.drained();
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#outbox.pushFence(resolve);
    this.send();
    await promise;
    await this.#options.outlet.drained();
  }

  /** Sends nothing more. Returns how many messages the socket has not taken, or not as a whole. */
  close(): number {
    if (this.#state === "closed") return 0;
    const untaken = this.isPaused ? this.#untakenMessages : 0;
    this.#state = "closed";
    this.#options.scheduler.forget(this);
    this.#cancelStallCheck?.();
    this.#pausedSinceMs = undefined;
    return this.#outbox.clear() + untaken;
  }

  #request(isUrgent = false): void {
    if (this.#state !== "open" || this.isPaused) return;
    const { window, scheduler, clock } = this.#options;
    const isFull = this.#outbox.size >= window.maxMessages || this.#outbox.bytes >= window.maxBytes;
    if ((isUrgent || isFull) && this.earliestMs <= clock.nowMs()) scheduler.hurry(this);
    else scheduler.request(this);
  }

  /** Sends one batch. False when there was none. */
  #sendBatch({ maxMessages, maxBytes }: WindowLimits): boolean {
    const taken = this.#outbox.take(maxMessages, maxBytes);
    if (taken === undefined) return false;
    const { outlet, encoder, encodeEndOfReplay } = this.#options;
    const { entries, cursor, fences, isEndOfReplay } = taken;
    if (cursor > 0) this.#cursor = cursor;
    if (isEndOfReplay) {
      outlet.deliver(encodeEndOfReplay(cursor));
    } else if (entries.length > 0) {
      const message = encoder.encode(entries, cursor);
      this.#sentBatches++;
      this.#sentBytes += message.byteLength;
      outlet.deliver(message);
      this.#settle(entries);
    }
    for (const fence of fences) fence();
    return true;
  }

  #settle(entries: readonly OutgoingEntry[]): void {
    for (const { messages } of entries) {
      this.#sentMessages += messages.length;
      this.#untakenMessages += messages.length;
      for (const { receipt } of messages) {
        if (receipt !== undefined) void this.#options.outlet.drained().then(() => receipt.settle("sent"));
      }
    }
  }

  #checkStall(isCertain: boolean): void {
    this.#cancelStallCheck = undefined;
    if (this.#pausedSinceMs === undefined) return;
    const { clock, stallTimeoutMs, outlet } = this.#options;
    const leftMs = stallTimeoutMs - (clock.nowMs() - this.#pausedSinceMs);
    if (leftMs > 0) {
      this.#cancelStallCheck = clock.schedule(leftMs, () => this.#checkStall(false));
    } else if (!isCertain) {
      // When this process itself stood still, its timers run before it hears from the network.
      this.#cancelStallCheck = clock.schedule(0, () => this.#checkStall(true));
    } else {
      outlet.onStalled();
    }
  }
}

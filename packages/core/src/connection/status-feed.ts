import type { ConnectionStatus, StatusOptions } from "./connection-status.js";

/** How many changes a reader may lag behind. After that the oldest are dropped, never the newest. */
const maxWaiting = 64;

/** Tells any number of readers what a connection is doing. */
export class StatusFeed {
  readonly #readers = new Set<StatusReader>();
  #current: ConnectionStatus;

  constructor(initial: ConnectionStatus) {
    this.#current = initial;
  }

  get current(): ConnectionStatus {
    return this.#current;
  }

  /** Tells everybody. `closed` is the last that is told. */
  publish(status: ConnectionStatus): void {
    if (this.#current.state === "closed") return;
    this.#current = status;
    for (const reader of this.#readers) reader.put(status);
  }

  /** What the connection is doing now, then every change, until it is closed or the loop is left. */
  read(options: StatusOptions = {}): AsyncIterableIterator<ConnectionStatus> {
    const reader = new StatusReader(() => this.#readers.delete(reader), options.signal);
    reader.put(this.#current);
    if (options.signal?.aborted !== true) this.#readers.add(reader);
    return reader;
  }
}

class StatusReader implements AsyncIterableIterator<ConnectionStatus> {
  readonly #leave: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #waiting: ConnectionStatus[] = [];
  readonly #onAbort = (): void => this.#end();
  #next: PromiseWithResolvers<IteratorResult<ConnectionStatus>> | undefined;
  #isEnded = false;

  constructor(leave: () => void, signal: AbortSignal | undefined) {
    this.#leave = leave;
    this.#signal = signal;
    if (signal?.aborted === true) this.#isEnded = true;
    else signal?.addEventListener("abort", this.#onAbort);
  }

  put(status: ConnectionStatus): void {
    if (this.#isEnded) return;
    this.#waiting.push(status);
    if (this.#waiting.length > maxWaiting) this.#waiting.shift();
    if (this.#next === undefined) return;
    const next = this.#next;
    this.#next = undefined;
    next.resolve(this.#take());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<ConnectionStatus>> {
    if (this.#waiting.length > 0) return this.#take();
    if (this.#isEnded) return { done: true, value: undefined };
    this.#next ??= Promise.withResolvers();
    return await this.#next.promise;
  }

  async return(): Promise<IteratorResult<ConnectionStatus>> {
    this.#end();
    return { done: true, value: undefined };
  }

  #take(): IteratorResult<ConnectionStatus> {
    const value = this.#waiting.shift();
    if (value === undefined) return { done: true, value: undefined };
    if (value.state === "closed") this.#end();
    return { done: false, value };
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#leave();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#next?.resolve({ done: true, value: undefined });
    this.#next = undefined;
  }
}

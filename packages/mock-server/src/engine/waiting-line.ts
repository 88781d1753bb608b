/** Those who wait for something of which each gets one, in the order in which they came. */
export class WaitingLine<T> {
  readonly #waiters: PromiseWithResolvers<T>[] = [];

  /** How many wait. */
  get length(): number {
    return this.#waiters.length;
  }

  /** Waits for one's turn. Rejects with the signal's reason as soon as that is aborted. */
  async wait(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const waiter = Promise.withResolvers<T>();
    const onAbort = (): void => {
      const index = this.#waiters.indexOf(waiter);
      if (index >= 0) this.#waiters.splice(index, 1);
      waiter.reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiters.push(waiter);
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Gives the first one what `make` makes, or throws. Without anybody it is not called. */
  serve(make: () => T): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    try {
      waiter.resolve(make());
    } catch (error) {
      waiter.reject(error);
    }
  }

  /** Sends everybody away with an error. */
  refuse(error: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}

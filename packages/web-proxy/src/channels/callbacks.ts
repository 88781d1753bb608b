import type { Unsubscribe } from "./handlers.js";

/** Functions that are called one after the other, in the order in which they were given. */
export class Callbacks<Args extends readonly unknown[]> {
  readonly #callbacks = new Set<{ readonly call: (...args: Args) => unknown }>();

  add(call: (...args: Args) => unknown): Unsubscribe {
    const entry = { call };
    this.#callbacks.add(entry);
    return () => this.#callbacks.delete(entry);
  }

  /** How many there are. */
  get size(): number {
    return this.#callbacks.size;
  }

  /** Calls all that are there now, and not taken back meanwhile; waits for each. What one throws goes to `onError`. */
  async call(
    args: Args,
    onError: (error: unknown) => void,
    onResult: (result: unknown) => boolean = () => true,
  ): Promise<void> {
    for (const entry of [...this.#callbacks]) {
      if (!this.#callbacks.has(entry)) continue;
      try {
        if (!onResult(await entry.call(...args))) return;
      } catch (error) {
        onError(error);
      }
    }
  }

  /** Calls all, and waits for none. */
  callAtOnce(args: Args, onError: (error: unknown) => void): void {
    for (const { call } of [...this.#callbacks]) {
      try {
        call(...args);
      } catch (error) {
        onError(error);
      }
    }
  }
}

import type { ConnectError } from "@connectrpc/connect";
import type { WireCall } from "@resoio/core/internal";

/** The calls of all clients that are under way, so that a proxy that stops can wait for them. */
export class OpenCalls {
  readonly #calls = new Set<WireCall>();
  #refusal: ConnectError | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  /** How many calls are under way. */
  get size(): number {
    return this.#calls.size;
  }

  /** What a new call must end with; `undefined` while calls are taken. */
  get refusal(): ConnectError | undefined {
    return this.#refusal;
  }

  add(call: WireCall): void {
    this.#calls.add(call);
  }

  delete(call: WireCall): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** Takes no new calls from now on: they end with `error`. */
  refuse(error: ConnectError): void {
    this.#refusal ??= error;
  }

  /** Resolves when no call is under way. */
  async drained(): Promise<void> {
    if (this.#calls.size === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }
}

import type { ConnectError } from "@connectrpc/connect";

/** What a hub can do to one of its calls. */
interface AbortableCall {
  abort(error: ConnectError): void;
}

/** The calls of a hub that are under way. */
export class HubCalls {
  readonly #calls = new Set<AbortableCall>();
  #refusal: ConnectError | undefined;

  /** Takes a call in. Returns the error that it must end with when no more are taken. */
  add(call: AbortableCall): ConnectError | undefined {
    if (this.#refusal === undefined) this.#calls.add(call);
    return this.#refusal;
  }

  delete(call: AbortableCall): void {
    this.#calls.delete(call);
  }

  /** Takes no more calls: they end with `error`. The first error counts. */
  refuse(error: ConnectError): void {
    this.#refusal ??= error;
  }

  /** Ends all calls that are under way. */
  abortAll(error: ConnectError): void {
    for (const call of [...this.#calls]) call.abort(error);
  }
}

import type { SendOutcome } from "./outgoing.js";

/** What became of a message at once. */
export type SendStatus =
  /** It waits to be sent. */
  | "queued"
  /** It waits for its group to be complete. */
  | "held"
  /** The receiver is gone: nothing happens. */
  | "closed";

/** What became of a message to one receiver. */
export interface SendReceipt {
  /** What became of it at once. */
  readonly status: SendStatus;
  /** What becomes of it. Never fails. */
  readonly outcome: Promise<SendOutcome>;
}

/** The receipt of a message that is on its way. */
export class OpenReceipt implements SendReceipt {
  readonly status: SendStatus;
  #settled: SendOutcome | undefined;
  /** Made when somebody asks: hardly anybody does. */
  #asked: PromiseWithResolvers<SendOutcome> | undefined;

  constructor(status: SendStatus) {
    this.status = status;
  }

  get outcome(): Promise<SendOutcome> {
    if (this.#asked === undefined) {
      this.#asked = Promise.withResolvers();
      if (this.#settled !== undefined) this.#asked.resolve(this.#settled);
    }
    return this.#asked.promise;
  }

  /** The first outcome counts. */
  settle(outcome: SendOutcome): void {
    this.#settled ??= outcome;
    this.#asked?.resolve(this.#settled);
  }
}

/** The receipt of a message to who is gone. */
export const closedReceipt: SendReceipt = { status: "closed", outcome: Promise.resolve("closed") };

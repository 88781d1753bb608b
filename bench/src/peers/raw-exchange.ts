import type { Socket } from "node:net";
import { openRawSocket, type RawSocketOptions } from "./raw-socket.ts";

/** Questions and answers on a bare socket; answers come in the order of their questions. */
export class RawExchange {
  readonly socket: Socket;
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(options: Omit<RawSocketOptions, "onMessage">) {
    this.socket = openRawSocket({ ...options, onMessage: () => this.#onAnswer() });
  }

  /** Sends a question. Resolves when its answer has come. */
  ask(question: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.socket.write(question);
    return promise;
  }

  #onAnswer(): void {
    this.#waiting[this.#next++]?.();
    if (this.#next < this.#waiting.length) return;
    this.#waiting.length = 0;
    this.#next = 0;
  }
}

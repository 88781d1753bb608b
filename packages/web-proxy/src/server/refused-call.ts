import type { ConnectError } from "@connectrpc/connect";
import type { WireCall, WireCallListener } from "@resoio/core/internal";

/** A call that ends as soon as it is started. */
export class RefusedCall implements WireCall {
  readonly header = new Headers();
  readonly trailer = new Headers();
  readonly #error: ConnectError;
  readonly #listener: WireCallListener;
  #isEnded = false;

  constructor(error: ConnectError, listener: WireCallListener) {
    this.#error = error;
    this.#listener = listener;
  }

  start(): void {
    this.#end(this.#error, false);
  }

  send(): boolean {
    return true;
  }

  sendLast(): void {}

  async drained(): Promise<void> {}

  halfClose(): void {}

  pause(): void {}

  resume(): void {}

  cancel(error: ConnectError): void {
    this.#end(error, true);
  }

  #end(error: ConnectError, isOwnDoing: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listener.onEnd(error, isOwnDoing);
  }
}

import type { ConnectError } from "@connectrpc/connect";
import type { WireCall, WireCallListener } from "@resoio/core/internal";
import type { HubCalls } from "./hub-calls.js";

/** A call that the hub can end by itself. Subclasses say where its messages come from. */
export abstract class HubCall implements WireCall {
  protected readonly listener: WireCallListener;
  readonly #calls: HubCalls;
  #isEnded = false;

  constructor(calls: HubCalls, listener: WireCallListener) {
    this.#calls = calls;
    this.listener = listener;
  }

  protected get isEnded(): boolean {
    return this.#isEnded;
  }

  start(): void {
    if (this.#isEnded) return;
    const refusal = this.#calls.add(this);
    if (refusal === undefined) this.begin();
    else this.end(refusal, false);
  }

  cancel(error: ConnectError): void {
    this.end(error, true);
  }

  /** Ends the call for the hub's own reasons: the caller is told as if the mod had ended it. */
  abort(error: ConnectError): void {
    this.end(error, false);
  }

  /** Ends the call, once. */
  protected end(error: ConnectError | undefined, isOwnDoing: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#calls.delete(this);
    this.release(error);
    this.listener.onEnd(error, isOwnDoing);
  }

  abstract get header(): Headers;
  abstract get trailer(): Headers;
  abstract send(message: Uint8Array): boolean;
  abstract sendLast(message: Uint8Array): void;
  abstract drained(): Promise<void>;
  abstract halfClose(): void;
  abstract pause(): void;
  abstract resume(): void;
  /** Goes about the call. */
  protected abstract begin(): void;
  /** Lets go of everything; cancels, with `error`, what still runs. The call has ended, whoever ended it. */
  protected abstract release(error: ConnectError | undefined): void;
}

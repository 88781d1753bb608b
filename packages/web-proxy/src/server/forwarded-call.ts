import { Code, ConnectError } from "@connectrpc/connect";
import type { CreateWireCall, WireCall, WireCallListener, WireCallRequest } from "@resoio/core/internal";
import { HubCall } from "./hub-call.js";
import type { HubCalls } from "./hub-calls.js";

/** A call that goes through as it is. */
export class ForwardedCall extends HubCall {
  readonly #call: WireCall;
  #isOverUpstream = false;

  constructor(calls: HubCalls, createCall: CreateWireCall, request: WireCallRequest, listener: WireCallListener) {
    super(calls, listener);
    this.#call = createCall(request, {
      onOpen: () => listener.onOpen(),
      onHeader: () => listener.onHeader(),
      onMessage: (message, release) => listener.onMessage(message, release),
      onEnd: (error, isOwnDoing) => {
        this.#isOverUpstream = true;
        this.end(error, isOwnDoing);
      },
    });
  }

  get header(): Headers {
    return this.#call.header;
  }

  get trailer(): Headers {
    return this.#call.trailer;
  }

  send(message: Uint8Array): boolean {
    return this.#call.send(message);
  }

  sendLast(message: Uint8Array): void {
    this.#call.sendLast(message);
  }

  drained(): Promise<void> {
    return this.#call.drained();
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  protected begin(): void {
    this.#call.start();
  }

  protected release(error: ConnectError | undefined): void {
    // An error costs more than the rest of a call.
    if (!this.#isOverUpstream) this.#call.cancel(error ?? new ConnectError("the call is over", Code.Canceled));
  }
}

import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError, Transport } from "@connectrpc/connect";
import { createRouterTransport } from "@connectrpc/connect";
import { type WireCall, type WireCallListener, type WireCallRequest, watchCancellation } from "@resoio/core/internal";
import type { Upstream } from "../server/upstream.js";

/** An upstream whose calls a test answers by hand. */
export class FakeUpstream implements Upstream {
  readonly name = "fake";
  readonly transport: Transport = createRouterTransport(() => {});
  /** Every call that was started, in order. */
  readonly calls: FakeCall[] = [];
  /** The most calls of one method that were open at once. */
  mostOpenCalls = 0;

  readonly createCall = (request: WireCallRequest, listener: WireCallListener): FakeCall =>
    new FakeCall(request, listener, (call) => {
      this.calls.push(call);
      this.mostOpenCalls = Math.max(this.mostOpenCalls, this.openCallsOf(call.request.method).length);
    });

  /** The calls that are open. */
  get openCalls(): readonly FakeCall[] {
    return this.calls.filter(({ isOver }) => !isOver);
  }

  /** The only call that is open. */
  get openCall(): FakeCall {
    const [call, ...others] = this.openCalls;
    if (call === undefined || others.length > 0) throw new Error(`${this.openCalls.length} calls are open, not 1`);
    return call;
  }

  openCallsOf(method: DescMethod): readonly FakeCall[] {
    return this.openCalls.filter(({ request }) => request.method === method);
  }
}

/** The upstream's end of a call. It opens as soon as it is started. */
export class FakeCall implements WireCall {
  header = new Headers();
  trailer = new Headers();
  readonly request: WireCallRequest;
  readonly sent: Uint8Array[] = [];
  isHalfClosed = false;
  isPaused = false;
  isOver = false;
  /** What the call was cancelled with by the hub. */
  cancelledWith: ConnectError | undefined;
  readonly #listener: WireCallListener;
  readonly #onStart: (call: FakeCall) => void;
  #stopWatching = (): void => {};

  constructor(request: WireCallRequest, listener: WireCallListener, onStart: (call: FakeCall) => void) {
    this.request = request;
    this.#listener = listener;
    this.#onStart = onStart;
  }

  /** Sends the response headers. */
  announce(header: Headers): void {
    this.header = header;
    this.#listener.onHeader();
  }

  /** Sends a message. */
  emit(message: Uint8Array): void {
    if (this.isOver) throw new Error("the call is over");
    this.#listener.onMessage(message);
  }

  /** Ends the call as the mod would. */
  end(error?: ConnectError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#stopWatching();
    this.#listener.onEnd(error, false);
  }

  start(): void {
    const { signal, timeoutMs } = this.request;
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (this.isOver) return;
    this.#onStart(this);
    this.#listener.onOpen();
  }

  send(message: Uint8Array): boolean {
    if (!this.isOver && !this.isHalfClosed) this.sent.push(message);
    return true;
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {}

  halfClose(): void {
    this.isHalfClosed = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  cancel(error: ConnectError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancelledWith = error;
    this.#stopWatching();
    this.#listener.onEnd(error, true);
  }
}

import type { ConnectError } from "@connectrpc/connect";
import type { WireCall, WireCallListener } from "@resoio/core/internal";
import type { CallGate, GateRequest } from "../server/call-gate.js";
import type { ProxyClient } from "../server/proxy-client.js";

/** A gate whose calls a test answers by hand. */
export class FakeCallGate implements CallGate {
  /** Every call that was started, in order. */
  readonly calls: FakeGateCall[] = [];
  /** What is done with each call as soon as it is started. Unless told otherwise, it opens. */
  onStart = (call: FakeGateCall): void => call.open();
  #changed = Promise.withResolvers<void>();

  readonly createCall = (client: ProxyClient, request: GateRequest, listener: WireCallListener): FakeGateCall =>
    new FakeGateCall(client, request, listener, {
      onStart: (call) => {
        this.calls.push(call);
        this.onStart(call);
      },
      onChange: () => this.#change(),
    });

  /** The call number `index`, which must have been started by then. */
  callAt(index: number): FakeGateCall {
    const call = this.calls.at(index);
    if (call === undefined) throw new Error(`only ${this.calls.length} calls were started`);
    return call;
  }

  /** Resolves to the call number `index` when it is started. */
  async started(index = 0): Promise<FakeGateCall> {
    await this.until(() => this.calls.length > index);
    return this.callAt(index);
  }

  /** Resolves when `isSo` holds, which is asked after everything that happens to a call. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#changed.promise;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

interface FakeGateCallHooks {
  readonly onStart: (call: FakeGateCall) => void;
  readonly onChange: () => void;
}

/** The gate's end of a call. */
export class FakeGateCall implements WireCall {
  header = new Headers();
  trailer = new Headers();
  readonly client: ProxyClient;
  readonly request: GateRequest;
  readonly sent: Uint8Array[] = [];
  /** What `send` returns. */
  takesMore = true;
  isHalfClosed = false;
  wasSentInOneGo = false;
  isPaused = false;
  pauseCount = 0;
  isOver = false;
  /** What the call was cancelled with by the connection. */
  cancelledWith: ConnectError | undefined;
  readonly #listener: WireCallListener;
  readonly #hooks: FakeGateCallHooks;
  #drained = Promise.withResolvers<void>();

  constructor(client: ProxyClient, request: GateRequest, listener: WireCallListener, hooks: FakeGateCallHooks) {
    this.client = client;
    this.request = request;
    this.#listener = listener;
    this.#hooks = hooks;
  }

  /** Lets the call be on its way. */
  open(): void {
    this.#listener.onOpen();
  }

  /** Sends the response headers. */
  announce(header: HeadersInit = {}): void {
    this.header = new Headers(header);
    this.#listener.onHeader();
  }

  /** Sends a message. */
  emit(message: Uint8Array, release?: () => void): void {
    this.#listener.onMessage(message, release);
  }

  /** Ends the call as the mod would. */
  end(error?: ConnectError, trailer: HeadersInit = {}): void {
    this.isOver = true;
    this.trailer = new Headers(trailer);
    this.#listener.onEnd(error, false);
  }

  /** Ends the call as a deadline does: this side has decided it. */
  expire(error: ConnectError): void {
    this.isOver = true;
    this.#listener.onEnd(error, true);
  }

  /** Takes messages again, after `takesMore` was false. */
  drain(): void {
    this.takesMore = true;
    this.#drained.resolve();
    this.#drained = Promise.withResolvers();
  }

  start(): void {
    this.#hooks.onStart(this);
    this.#hooks.onChange();
  }

  send(message: Uint8Array): boolean {
    this.sent.push(new Uint8Array(message));
    this.#hooks.onChange();
    return this.takesMore;
  }

  sendLast(message: Uint8Array): void {
    this.wasSentInOneGo = true;
    this.sent.push(new Uint8Array(message));
    this.halfClose();
  }

  async drained(): Promise<void> {
    await this.#drained.promise;
  }

  halfClose(): void {
    this.isHalfClosed = true;
    this.#hooks.onChange();
  }

  pause(): void {
    this.isPaused = true;
    this.pauseCount++;
    this.#hooks.onChange();
  }

  resume(): void {
    this.isPaused = false;
    this.#hooks.onChange();
  }

  cancel(error: ConnectError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancelledWith = error;
    this.#hooks.onChange();
    this.#listener.onEnd(error, true);
  }
}

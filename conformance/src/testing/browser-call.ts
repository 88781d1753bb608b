import { Code, type ConnectError } from "@connectrpc/connect";
import { type WireCall, type WireCallListener, type WireCallRequest, watchCancellation } from "@resoio/core/internal";
import type { Page } from "playwright-core";
import { fromBase64, toBase64 } from "./page/base64.ts";
import { fromErrorData } from "./page/error-data.ts";
import type { CallData, ErrorData, HeaderData } from "./page/wire-data.ts";

let lastCallId = 0;

/** A call that a page makes. Deadlines are the page's business; a signal is passed on to it. */
export class BrowserCall implements WireCall {
  readonly header = new Headers();
  readonly trailer = new Headers();
  readonly #page: Page;
  readonly #transportId: number;
  readonly #request: WireCallRequest;
  readonly #listener: WireCallListener;
  readonly #callId = ++lastCallId;
  /** Requests go one after the other, each when the one before was taken. */
  #sending: Promise<unknown> = Promise.resolve();
  #resumed = Promise.withResolvers<void>();
  #stopWatching = (): void => {};
  #cancellation: ConnectError | undefined;
  #isEnded = false;

  constructor(page: Page, transportId: number, request: WireCallRequest, listener: WireCallListener) {
    this.#page = page;
    this.#transportId = transportId;
    this.#request = request;
    this.#listener = listener;
    this.#resumed.resolve();
  }

  start(): void {
    this.#stopWatching = watchCancellation(this.#request.signal, undefined, (error) => this.cancel(error));
    if (this.#isEnded) return;
    if (this.#request.method.methodKind !== "unary") void this.#settle(this.#stream());
    this.#listener.onOpen();
  }

  send(message: Uint8Array): boolean {
    const callId = this.#callId;
    this.#queue(() =>
      this.#page.evaluate(([id, text]) => pageCalls.send(id, text), [callId, toBase64(message)] as const),
    );
    return false;
  }

  sendLast(message: Uint8Array): void {
    if (this.#request.method.methodKind === "unary") void this.#settle(this.#unary(message));
    else {
      this.send(message);
      this.halfClose();
    }
  }

  async drained(): Promise<void> {
    await this.#sending;
  }

  halfClose(): void {
    this.#queue(() => this.#page.evaluate((id) => pageCalls.send(id, undefined), this.#callId));
  }

  pause(): void {
    this.#resumed = Promise.withResolvers();
  }

  resume(): void {
    this.#resumed.resolve();
  }

  cancel(error: ConnectError): void {
    if (this.#isEnded || this.#cancellation !== undefined) return;
    this.#cancellation = error;
    // Not behind the requests: the one that waits to be taken may never be.
    this.#page
      .evaluate(([id, reason]) => pageCalls.abort(id, reason), [this.#callId, error.rawMessage] as const)
      .catch(() => {
        // The page is gone, and the call with it.
      });
    this.#end(error);
  }

  async #unary(message: Uint8Array): Promise<ErrorData | undefined> {
    const outcome = await this.#page.evaluate(
      ([transportId, callId, call, request]) => pageCalls.unary(transportId, callId, call, request),
      [this.#transportId, this.#callId, this.#callData(), toBase64(message)] as const,
    );
    if ("error" in outcome) return outcome.error;
    if (this.#isEnded) return undefined;
    append(this.header, outcome.value.header);
    append(this.trailer, outcome.value.trailer);
    this.#listener.onHeader();
    this.#listener.onMessage(fromBase64(outcome.value.message));
    return undefined;
  }

  async #stream(): Promise<ErrorData | undefined> {
    const begin = await this.#page.evaluate(
      ([transportId, callId, call]) => pageCalls.stream(transportId, callId, call),
      [this.#transportId, this.#callId, this.#callData()] as const,
    );
    if ("error" in begin) return begin.error;
    append(this.header, begin.value);
    if (!this.#isEnded) this.#listener.onHeader();
    while (!this.#isEnded) {
      await this.#resumed.promise;
      const next = await this.#page.evaluate((id) => pageCalls.next(id), this.#callId);
      if ("error" in next) return next.error;
      if ("trailer" in next.value) {
        append(this.trailer, next.value.trailer);
        return undefined;
      }
      if (!this.#isEnded) this.#listener.onMessage(fromBase64(next.value.message));
    }
    return undefined;
  }

  async #settle(call: Promise<ErrorData | undefined>): Promise<void> {
    try {
      const failure = await call;
      this.#end(failure === undefined ? undefined : fromErrorData(failure));
    } catch (error) {
      // The page itself has failed, or was closed.
      const message = `the page failed: ${String(error)}`;
      this.#end(fromErrorData({ code: Code.Unavailable, message, metadata: [], details: [] }));
    }
    await this.#page.evaluate((id) => pageCalls.forget(id), this.#callId).catch(() => {});
  }

  #callData(): CallData {
    const { method, header, timeoutMs } = this.#request;
    return { path: `/${method.parent.typeName}/${method.name}`, header: [...(header ?? [])], timeoutMs };
  }

  #queue(step: () => Promise<unknown>): void {
    this.#sending = this.#sending.then(step).catch(() => {});
  }

  #end(error: ConnectError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopWatching();
    this.#resumed.resolve();
    this.#listener.onEnd(error, this.#cancellation !== undefined);
  }
}

function append(headers: Headers, data: HeaderData): void {
  for (const [name, value] of data) headers.append(name, value);
}

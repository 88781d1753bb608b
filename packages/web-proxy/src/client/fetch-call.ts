import { Code, ConnectError } from "@connectrpc/connect";
import { endStreamFlag, endStreamFromJson } from "@connectrpc/connect/protocol-connect";
import {
  frameMessage,
  MessageAssembler,
  MessageMemory,
  pathOf,
  type WireCall,
  type WireCallListener,
  type WireCallRequest,
  watchCancellation,
} from "@resoio/core/internal";
import { errorFromBody, errorFromStatus } from "./errors-from-proxy.js";
import type { ProxyTarget } from "./proxy-target.js";
import { readText } from "./read-text.js";

/** A call, and how it is made. */
export interface FetchCallRequest extends WireCallRequest {
  /** Where it goes. */
  readonly findTarget: () => Promise<ProxyTarget>;
  /** The largest message that is accepted, in bytes. */
  readonly readMaxBytes: number;
}

const contentType = "application/connect+proto";

/**
 * One call with one request, as a Connect stream over `fetch`: browsers take large streams several times faster that way than from
 * a WebSocket.
 */
export class FetchCall implements WireCall {
  header = new Headers();
  trailer = new Headers();
  readonly #request: FetchCallRequest;
  readonly #path: string;
  readonly #listener: WireCallListener;
  readonly #controller = new AbortController();
  #message: Uint8Array | undefined;
  #resumed: PromiseWithResolvers<void> | undefined;
  #stopWatching = (): void => {};
  #isSent = false;
  #isEnded = false;

  constructor(request: FetchCallRequest, listener: WireCallListener) {
    this.#request = request;
    this.#path = pathOf(request.method);
    this.#listener = listener;
  }

  start(): void {
    const { signal, timeoutMs } = this.#request;
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (!this.#isEnded) this.#listener.onOpen();
  }

  /** Keeps the message until {@link halfClose}: a request by `fetch` is made with its body. */
  send(message: Uint8Array): boolean {
    if (this.#message === undefined) this.#message = message;
    else this.cancel(new ConnectError(`${this.#path} takes one request, not several`, Code.InvalidArgument));
    return true;
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {}

  halfClose(): void {
    if (this.#isEnded || this.#isSent) return;
    this.#isSent = true;
    if (this.#message === undefined) {
      this.cancel(new ConnectError(`${this.#path} takes one request, not none`, Code.InvalidArgument));
    } else void this.#run(frameMessage(this.#message));
  }

  pause(): void {
    if (!this.#isEnded) this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  cancel(error: ConnectError): void {
    this.#end(error, true);
  }

  async #run(body: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      const { address, token } = await this.#request.findTarget();
      if (this.#isEnded) return;
      const response = await fetch(address.rpcUrl + this.#path, {
        method: "POST",
        headers: this.#requestHeaders(token),
        body,
        signal: this.#controller.signal,
        cache: "no-store",
      });
      const refusal = await refusalOf(response, address.label);
      if (refusal !== undefined) throw refusal;
      if (this.#isEnded) return;
      this.header = response.headers;
      this.#listener.onHeader();
      await this.#read(response);
      this.#end(new ConnectError(`the connection to the proxy broke (during ${this.#path})`, Code.Unavailable));
    } catch (cause) {
      this.#end(asConnectError(cause, this.#path));
    }
  }

  #requestHeaders(token: string | undefined): Headers {
    const { header, timeoutMs } = this.#request;
    const headers = new Headers(header);
    headers.set("content-type", contentType);
    headers.set("connect-protocol-version", "1");
    if (timeoutMs !== undefined) headers.set("connect-timeout-ms", formatTimeout(timeoutMs));
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return headers;
  }

  /** Returns when the call is over, or the body without having said so. */
  async #read({ body }: Response): Promise<void> {
    const reader = body?.getReader();
    const memory = new MessageMemory();
    const envelopes = new MessageAssembler(this.#request.readMaxBytes, {
      allocate: (byteLength) => memory.allocate(byteLength),
    });
    while (reader !== undefined && !this.#isEnded) {
      // More than once, as it may be paused again before this goes on.
      while (this.#resumed !== undefined) await this.#resumed.promise;
      const { done, value } = await reader.read();
      if (done) return;
      envelopes.push(value, (data, flags) => this.#onEnvelope(flags, data));
    }
  }

  #onEnvelope(flags: number, data: Uint8Array): void {
    if (this.#isEnded) return;
    if ((flags & endStreamFlag) === 0) {
      this.#listener.onMessage(data);
      return;
    }
    const { metadata, error } = endStreamFromJson(data);
    this.trailer = metadata;
    this.#end(error);
  }

  #end(error: ConnectError | undefined, isOwnDoing = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopWatching();
    this.resume();
    // Lets go of the response, of which the end may still be to come.
    this.#controller.abort();
    this.#listener.onEnd(error, isOwnDoing);
  }
}

/** What is wrong with a response that is no stream. */
async function refusalOf(response: Response, label: string): Promise<ConnectError | undefined> {
  const { status } = response;
  if (status !== 200) {
    const text = await readText(response);
    return errorFromBody(text) ?? errorFromStatus(status, text, label);
  }
  const given = response.headers.get("content-type") ?? "";
  if (given.split(";", 1)[0]?.trim().toLowerCase() === contentType) return undefined;
  const problem = `${label} answered with content type ${JSON.stringify(given)}; is it a resoio proxy?`;
  return new ConnectError(problem, Code.Unknown);
}

/** Connect takes at most ten digits. */
function formatTimeout(timeoutMs: number): string {
  return String(Math.min(Math.max(Math.ceil(timeoutMs), 1), 9_999_999_999));
}

/** `fetch` and its reader say of a lost connection that a type is wrong, or nothing at all. */
function asConnectError(cause: unknown, path: string): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new ConnectError(`${path} failed: ${problem}`, Code.Unavailable, undefined, undefined, cause);
}

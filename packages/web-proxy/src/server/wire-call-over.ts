import {
  type DescMessage,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ResoniteTransport } from "@resoio/core";
import {
  type CreateWireCall,
  maxTimerMs,
  type WireCall,
  type WireCallListener,
  type WireCallRequest,
  watchCancellation,
} from "@resoio/core/internal";
import { RequestQueue } from "./request-queue.js";

/** Makes calls in message bytes over any Connect transport, by decoding requests and encoding answers. */
export function createCallOver(transport: ResoniteTransport): CreateWireCall {
  return (request, listener) => new CallOver(transport, request, listener);
}

class CallOver implements WireCall {
  header = new Headers();
  trailer = new Headers();
  readonly #transport: ResoniteTransport;
  readonly #request: WireCallRequest;
  readonly #listener: WireCallListener;
  readonly #requests = new RequestQueue<MessageShape<DescMessage>>();
  readonly #controller = new AbortController();
  #stopWatching = (): void => {};
  #isUndecodable = false;
  #isEnded = false;
  #resumed: PromiseWithResolvers<void> | undefined;

  constructor(transport: ResoniteTransport, request: WireCallRequest, listener: WireCallListener) {
    this.#transport = transport;
    this.#request = request;
    this.#listener = listener;
  }

  start(): void {
    const { method, signal, timeoutMs } = this.#request;
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (this.#isEnded) return;
    void this.#run(method);
    this.#listener.onOpen();
  }

  send(message: Uint8Array): boolean {
    if (this.#isEnded || this.#isUndecodable) return true;
    const { input } = this.#request.method;
    try {
      return this.#requests.push(fromBinary(input, message), message.byteLength);
    } catch (cause) {
      this.#isUndecodable = true;
      void this.#refuse(cause);
      return true;
    }
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {
    await this.#requests.drained();
  }

  halfClose(): void {
    if (!this.#isUndecodable) this.#requests.finish();
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

  async #run(method: DescMethod): Promise<void> {
    try {
      if (isUnary(method)) await this.#runUnary(method);
      else if (isStreaming(method)) await this.#runStream(method);
      this.#end(undefined, false);
    } catch (cause) {
      const error = ConnectError.from(cause);
      if (!this.#isEnded) this.trailer = new Headers(error.metadata);
      this.#end(error, false);
    }
  }

  async #runUnary(method: DescMethodUnary): Promise<void> {
    const requests: MessageShape<DescMessage>[] = [];
    for await (const message of this.#requests) {
      requests.push(message);
      if (requests.length > 1) break;
    }
    const [request] = requests;
    if (request === undefined || requests.length > 1) {
      throw new ConnectError(`${method.toString()} takes exactly one request`, Code.InvalidArgument);
    }
    const { header, trailer, message } = await this.#transport.unary(method, ...this.#options(), request);
    this.#onHeader(header);
    await this.#deliver(method, message);
    this.trailer = trailer;
  }

  async #runStream(method: DescMethodStreaming): Promise<void> {
    const response = await this.#transport.stream(method, ...this.#options(), this.#requests);
    this.#onHeader(response.header);
    for await (const message of response.message) {
      await this.#deliver(method, message);
      if (this.#isEnded) return;
    }
    this.trailer = response.trailer;
  }

  #options(): [AbortSignal, number | undefined, Headers | undefined] {
    const { timeoutMs, header } = this.#request;
    // Connect would take a time that is too long for a timer for the shortest.
    const deadlineMs = timeoutMs !== undefined && timeoutMs <= maxTimerMs ? timeoutMs : undefined;
    return [this.#controller.signal, deadlineMs, header];
  }

  #onHeader(header: Headers): void {
    if (this.#isEnded) return;
    this.header = header;
    this.#listener.onHeader();
  }

  async #deliver(method: DescMethod, message: MessageShape<DescMessage>): Promise<void> {
    // More than once, as it may be paused again before this goes on.
    while (this.#resumed !== undefined) await this.#resumed.promise;
    if (!this.#isEnded) this.#listener.onMessage(toBinary(method.output, message));
  }

  /** A request that nobody can read. What a mod says that lacks the method is asked for: questions are put that way. */
  async #refuse(cause: unknown): Promise<void> {
    const { method } = this.#request;
    let isKnown = true;
    try {
      isKnown = (await this.#transport.supports?.(method)) ?? true;
    } catch (error) {
      this.#end(ConnectError.from(error), false);
      return;
    }
    const error = isKnown
      ? new ConnectError(
          `the request is not a ${method.input.typeName}`,
          Code.InvalidArgument,
          undefined,
          undefined,
          cause,
        )
      : new ConnectError(`${method.toString()} is not implemented`, Code.Unimplemented);
    this.#end(error, false);
  }

  #end(error: ConnectError | undefined, isOwnDoing: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopWatching();
    // The abort first: who reads the requests must not take their end for one in good order.
    const reason = error ?? new ConnectError("the call is over", Code.Canceled);
    this.#controller.abort(reason);
    this.#requests.fail(reason);
    this.resume();
    this.#listener.onEnd(error, isOwnDoing);
  }
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isStreaming(method: DescMethod): method is DescMethodStreaming {
  return method.methodKind !== "unary";
}

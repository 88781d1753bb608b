import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createHandlerContext } from "@connectrpc/connect";
import { MessageQueue, maxTimerMs, pathOf } from "@resoio/core/internal";
import { forever } from "../engine/sleep.js";
import { isConnectionCut } from "../faults/connection-cut.js";
import { EncodedMessage } from "./encoded-message.js";
import { statusTrailers } from "./grpc-status.js";
import { encodeParts, type MessageParts } from "./message-parts.js";
import type { AnswerMessage } from "./route-spec.js";
import type { Route } from "./routes.js";

/** What a call brings along. */
export interface ServedCallOptions {
  /** The request's headers. */
  readonly header: Headers;
  /** How long the call may take, in milliseconds. `undefined` for as long as it likes. */
  readonly timeoutMs: number | undefined;
  /** Ends the call with its reason when the mod goes away. */
  readonly shutdownSignal: AbortSignal;
}

/** What carries a call: an HTTP/2 stream, or the calling program itself. */
export interface CallCarrier {
  /** Stops bringing requests: the handler is behind. One that is on its way may still come. */
  pause(): void;
  /** Brings requests again. */
  resume(): void;
  /** Told that nobody reads requests any more: what still comes is dropped. May come more than once. */
  drop(): void;
  /** Takes a message of the answer. Resolves when the next one is wanted, or the call is over. */
  send(message: MessageParts): Promise<void>;
}

/** How a call ended. */
export interface CallEnd {
  /** The status, with its message and details, and what the handler put beside it. */
  readonly trailer: Headers;
  /** Whether the connection shall break instead. */
  readonly isCut: boolean;
}

/**
 * One call on its way through its handler, in bytes: requests go in, the messages of the answer come out, whatever carries them. A
 * carrier that is behind slows the handler down, and the other way round.
 */
export class ServedCall {
  readonly #route: Route;
  readonly #carrier: CallCarrier;
  readonly #cancelled = new AbortController();
  readonly #context: ReturnType<typeof createHandlerContext>;
  readonly #requests: MessageQueue<MessageShape<DescMessage>>;

  constructor(route: Route, options: ServedCallOptions, carrier: CallCarrier) {
    const { header, timeoutMs, shutdownSignal } = options;
    const { method } = route.spec;
    this.#route = route;
    this.#carrier = carrier;
    this.#context = createHandlerContext({
      service: route.service,
      method,
      protocolName: "grpc",
      requestMethod: "POST",
      url: `http://localhost${pathOf(method)}`,
      requestHeader: header,
      requestSignal: this.#cancelled.signal,
      shutdownSignal,
      ...(timeoutMs === undefined || timeoutMs > maxTimerMs ? {} : { timeoutMs }),
    });
    const source = { pause: () => carrier.pause(), resume: () => carrier.resume(), cancel: () => carrier.drop() };
    this.#requests = new MessageQueue(source, (bytes) => decode(method.input, bytes));
    const { signal } = this.#context;
    // A call that is cancelled ends the requests with an error, which a half-close does not.
    const onAbort = (): void => this.#requests.end(ConnectError.from(signal.reason, Code.Canceled), true);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  }

  /** The headers of the answer. The handler is done with them when the first message is sent. */
  get header(): Headers {
    return this.#context.responseHeader;
  }

  /** Takes a request. One that comes after the end is dropped. */
  push(message: Uint8Array): void {
    this.#requests.push(message);
  }

  /** Says that no request follows: the client has half-closed, or what it sent is broken. */
  finish(error?: ConnectError): void {
    this.#requests.end(error, false);
  }

  /** Says that nobody waits for the answer any more. The handler sees `reason`. */
  cancel(reason = new ConnectError("the client cancelled the call or is gone", Code.Canceled)): void {
    this.#cancelled.abort(reason);
  }

  /** Has the handler answer. Once. Resolves with the end, which comes early when the call is cancelled or late. */
  async run(): Promise<CallEnd> {
    const { signal } = this.#context;
    let error: ConnectError | undefined;
    try {
      signal.throwIfAborted();
      await Promise.race([this.#answer(), forever(signal)]);
    } catch (reason) {
      error = ConnectError.from(reason, Code.Unknown);
    } finally {
      this.#context.abort();
      this.#carrier.drop();
    }
    return { trailer: statusTrailers(error, this.#context.responseTrailer), isCut: isConnectionCut(error) };
  }

  async #answer(): Promise<void> {
    const { spec } = this.#route;
    const requests = this.#requests;
    const context = this.#context;
    const { output } = spec.method;
    switch (spec.kind) {
      case "unary":
        return await this.#send(output, await spec.impl(await onlyMessage(requests), context));
      case "client_streaming":
        return await this.#send(output, await spec.impl(requests, context));
      case "server_streaming":
        return await this.#sendAll(output, spec.impl(await onlyMessage(requests), context));
      case "bidi_streaming":
        return await this.#sendAll(output, spec.impl(requests, context));
    }
  }

  /** Does not ask for a message before the one before it is wanted, so that a slow reader slows the handler and nothing piles up. */
  async #sendAll(schema: DescMessage, messages: AsyncIterable<AnswerMessage>): Promise<void> {
    for await (const message of messages) {
      await this.#send(schema, message);
      // Leaving the loop ends the handler's generator, which nobody would pull again.
      if (this.#context.signal.aborted) return;
    }
  }

  /** Not an async function, which would hold on to the bytes for as long as it waits. */
  #send(schema: DescMessage, message: AnswerMessage): Promise<void> {
    if (this.#context.signal.aborted) return Promise.resolve();
    return this.#carrier.send(encode(schema, message));
  }
}

function encode(schema: DescMessage, message: AnswerMessage): MessageParts {
  return message instanceof EncodedMessage ? [message.bytes] : encodeParts(schema, create(schema, message));
}

function decode<I extends DescMessage>(schema: I, bytes: Uint8Array): MessageShape<I> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new ConnectError(`Failed to parse a ${schema.name}.`, Code.Internal, undefined, undefined, cause);
  }
}

async function onlyMessage<T>(messages: AsyncIterator<T>): Promise<T> {
  const first = await messages.next();
  if (first.done === true) throw new ConnectError("The request has no message.", Code.Unimplemented);
  const second = await messages.next();
  if (second.done !== true) throw new ConnectError("The request has more than one message.", Code.Unimplemented);
  return first.value;
}

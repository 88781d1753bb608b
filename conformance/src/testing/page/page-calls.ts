import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { createWebSocketTransport, type WebSocketTransport } from "@resoio/web-proxy/client";
import { fromBase64, toBase64 } from "./base64.ts";
import { toErrorData } from "./error-data.ts";
import { methodOf, streamingMethodOf, unaryMethodOf } from "./method-of.ts";
import { Requests } from "./requests.ts";
import type { AnswerData, CallData, HeaderData, NextData, Outcome } from "./wire-data.ts";

interface PageCall {
  readonly controller: AbortController;
  readonly requests?: Requests<Message>;
  next?: () => Promise<NextData>;
}

/**
 * What runs in the page: WebSocket transports of ours, and the calls that a test has them make, one step at a time. The other half is
 * `browser-transport.ts`.
 */
export class PageCalls {
  readonly #transports = new Map<number, WebSocketTransport>();
  readonly #calls = new Map<number, PageCall>();

  async open(transportId: number, url: string, token?: string): Promise<Outcome<null>> {
    const transport = createWebSocketTransport({ url, ...(token === undefined ? {} : { token }) });
    this.#transports.set(transportId, transport);
    return await outcomeOf(async () => {
      await transport.open();
      return null;
    });
  }

  async close(transportId: number): Promise<void> {
    await this.#transport(transportId).close();
  }

  async supports(transportId: number, path: string): Promise<Outcome<boolean>> {
    return await outcomeOf(async () => await this.#transport(transportId).supports(methodOf(path)));
  }

  async unary(transportId: number, callId: number, call: CallData, request: string): Promise<Outcome<AnswerData>> {
    const controller = new AbortController();
    this.#calls.set(callId, { controller });
    const method = unaryMethodOf(call.path);
    const outcome = await outcomeOf(async () => {
      const message = fromBinary(method.input, fromBase64(request));
      const { header, timeoutMs } = call;
      const response = await this.#transport(transportId).unary(
        method,
        controller.signal,
        timeoutMs,
        headersOf(header),
        message,
      );
      return {
        header: [...response.header],
        trailer: [...response.trailer],
        message: toBase64(toBinary(method.output, response.message)),
      };
    });
    this.#calls.delete(callId);
    return outcome;
  }

  /** Starts a stream. Its requests come by {@link send}, its messages are fetched by {@link next}. */
  async stream(transportId: number, callId: number, call: CallData): Promise<Outcome<HeaderData>> {
    const method = streamingMethodOf(call.path);
    const controller = new AbortController();
    const requests = new Requests((bytes) => fromBinary(method.input, bytes));
    const pageCall: PageCall = { controller, requests };
    this.#calls.set(callId, pageCall);
    return await outcomeOf(async () => {
      const { header, timeoutMs } = call;
      const transport = this.#transport(transportId);
      const response = await transport.stream(method, controller.signal, timeoutMs, headersOf(header), requests);
      const messages = response.message[Symbol.asyncIterator]();
      pageCall.next = async () => {
        const result = await messages.next();
        if (result.done === true) return { trailer: [...response.trailer] };
        return { message: toBase64(toBinary(method.output, result.value)) };
      };
      return [...response.header];
    });
  }

  /** Hands a request over, or the end of the requests. False when nobody wants it any more. */
  async send(callId: number, request: string | undefined): Promise<boolean> {
    const requests = this.#calls.get(callId)?.requests;
    return (await requests?.put(request === undefined ? undefined : fromBase64(request))) ?? false;
  }

  async next(callId: number): Promise<Outcome<NextData>> {
    return await outcomeOf(async () => {
      const next = this.#calls.get(callId)?.next;
      if (next === undefined) throw new Error("there is no such stream");
      return await next();
    });
  }

  abort(callId: number, reason: string): void {
    this.#calls.get(callId)?.controller.abort(new DOMException(reason, "AbortError"));
  }

  /** Fails the requests of a stream, so that the call does not take their end for a good one. */
  fail(callId: number, reason: string): void {
    this.#calls.get(callId)?.requests?.fail(new Error(reason));
  }

  /** Forgets a call that is over. */
  forget(callId: number): void {
    this.#calls.delete(callId);
  }

  #transport(transportId: number): WebSocketTransport {
    const transport = this.#transports.get(transportId);
    if (transport === undefined) throw new Error("there is no such transport");
    return transport;
  }
}

async function outcomeOf<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: toErrorData(error) };
  }
}

function headersOf(data: HeaderData): Headers {
  const headers = new Headers();
  for (const [name, value] of data) headers.append(name, value);
  return headers;
}

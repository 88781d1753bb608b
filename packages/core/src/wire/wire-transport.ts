import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
  type StreamResponse,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { maxTimerMs } from "../max-timer-ms.js";
import { MessageQueue } from "../streams/message-queue.js";
import { pathOf } from "./path-of.js";
import type { CreateWireCall, WireCall, WireCallListener, WireCallRequest } from "./wire-call.js";

/** Options of {@link WireTransport}. */
export interface WireTransportOptions {
  /** What carries one call. */
  readonly createCall: CreateWireCall;
  /** Deadline of calls that name none, in milliseconds. Default, and 0: none. */
  readonly defaultTimeoutMs?: number | undefined;
  /** Connect interceptors, the first outermost. Default none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/**
 * The Connect side of a transport of our own: encodes and decodes messages, runs interceptors, keeps count of the calls. What
 * happens on the wire is the business of {@link WireTransportOptions.createCall}.
 */
export class WireTransport implements Transport {
  readonly #createWireCall: CreateWireCall;
  readonly #defaultTimeoutMs: number | undefined;
  readonly #interceptors: readonly Interceptor[];
  readonly #calls = new Set<WireCall>();

  constructor(options: WireTransportOptions) {
    this.#createWireCall = options.createCall;
    this.#defaultTimeoutMs = options.defaultTimeoutMs;
    this.#interceptors = options.interceptors ?? [];
  }

  /** Ends every call in flight with `error`. */
  cancelCalls(error: ConnectError): void {
    for (const call of this.#calls) call.cancel(error);
  }

  /** Makes a call in bytes, past interceptors and the default deadline. It ends with {@link cancelCalls} like the others. */
  readonly createCall: CreateWireCall = (request: WireCallRequest, listener: WireCallListener): WireCall => {
    const call = this.#createWireCall(request, {
      onOpen: () => listener.onOpen(),
      onHeader: () => listener.onHeader(),
      onMessage: (message, release) => listener.onMessage(message, release),
      onEnd: (error, isOwnDoing) => {
        this.#calls.delete(call);
        listener.onEnd(error, isOwnDoing);
      },
    });
    this.#calls.add(call);
    return call;
  };

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
    contextValues?: ContextValues,
  ): Promise<UnaryResponse<I, O>> {
    const deadlineMs = this.#deadline(timeoutMs);
    if (this.#interceptors.length === 0) {
      return await this.#runUnary(method, signal, deadlineMs, toHeaders(header), input);
    }
    return await runUnaryCall<I, O>({
      interceptors: [...this.#interceptors],
      ...runnerLimits(signal, deadlineMs),
      req: { stream: false, ...requestCommons(method, header, contextValues), method, message: input },
      next: (req) => this.#runUnary<I, O>(req.method, req.signal, deadlineMs, req.header, req.message),
    });
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
    contextValues?: ContextValues,
  ): Promise<StreamResponse<I, O>> {
    const deadlineMs = this.#deadline(timeoutMs);
    if (this.#interceptors.length === 0) {
      return await this.#runStream(method, signal, deadlineMs, toHeaders(header), input);
    }
    return await runStreamingCall<I, O>({
      interceptors: [...this.#interceptors],
      ...runnerLimits(signal, deadlineMs),
      req: { stream: true, ...requestCommons(method, header, contextValues), method, message: input },
      next: (req) => this.#runStream<I, O>(req.method, req.signal, deadlineMs, req.header, req.message),
    });
  }

  #deadline(timeoutMs: number | undefined): number | undefined {
    const deadlineMs = timeoutMs ?? this.#defaultTimeoutMs;
    return deadlineMs !== undefined && deadlineMs > 0 ? deadlineMs : undefined;
  }

  async #runUnary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: Headers | undefined,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    const request = encode(method.input, input);
    const { promise, resolve, reject } = Promise.withResolvers<UnaryResponse<I, O>>();
    let message: MessageShape<O> | undefined;
    const call = this.createCall(
      { method, signal, timeoutMs, header },
      {
        onOpen: () => call.sendLast(request),
        onHeader() {},
        onMessage(bytes) {
          if (message === undefined) {
            try {
              message = decode(method.output, bytes);
            } catch (error) {
              call.cancel(ConnectError.from(error, Code.Internal));
            }
          } else {
            const problem = `${method.toString()} answered with more than one message`;
            call.cancel(new ConnectError(problem, Code.Unimplemented));
          }
        },
        onEnd(error) {
          if (error !== undefined) reject(error);
          else if (message === undefined) {
            reject(new ConnectError(`${method.toString()} answered without a message`, Code.Unimplemented));
          } else resolve(unaryResponse(method, call, message));
        },
      },
    );
    call.start();
    return await promise;
  }

  async #runStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: Headers | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
  ): Promise<StreamResponse<I, O>> {
    const { promise: headerArrived, resolve, reject } = Promise.withResolvers<void>();
    const messages = new MessageQueue<MessageShape<O>>(
      { pause: () => call.pause(), resume: () => call.resume(), cancel: (error) => call.cancel(error) },
      (bytes) => decode(method.output, bytes),
    );
    // One object from the start, because interceptors may copy the response before the trailers are there.
    const trailer = new Headers();
    let stopSending = (): void => {};
    const call = this.createCall(
      { method, signal, timeoutMs, header },
      {
        onOpen() {
          stopSending = sendAll(call, method, input);
        },
        onHeader: resolve,
        onMessage: (bytes) => messages.push(bytes),
        onEnd(error, isOwnDoing) {
          stopSending();
          for (const [name, value] of call.trailer) trailer.append(name, value);
          messages.end(error, isOwnDoing);
          // A call can end with a status alone; then nothing else says so. After the header these do nothing.
          if (error === undefined) resolve();
          else reject(error);
        },
      },
    );
    call.start();
    await headerArrived;
    return {
      stream: true,
      service: method.parent,
      method,
      header: call.header,
      trailer,
      message: messages,
    };
  }
}

/**
 * Sends what the caller gives, as fast as the peer takes it. Whatever goes wrong on the caller's side cancels the call.
 * Returns what stops it and closes the input.
 */
function sendAll<I extends DescMessage>(
  call: WireCall,
  method: DescMethodStreaming<I>,
  input: AsyncIterable<MessageInitShape<I>>,
): () => void {
  let iterator: AsyncIterator<MessageInitShape<I>> | undefined;
  let isStopped = false;
  async function run(): Promise<void> {
    try {
      const opened = input[Symbol.asyncIterator]();
      iterator = opened;
      for await (const message of { [Symbol.asyncIterator]: () => opened }) {
        if (isStopped) return;
        if (!call.send(encode(method.input, message))) await call.drained();
      }
      iterator = undefined;
      if (!isStopped) call.halfClose();
    } catch (cause) {
      iterator = undefined;
      call.cancel(ConnectError.from(cause, Code.Canceled));
    }
  }
  void run();
  return () => {
    isStopped = true;
    // An input that waits for something would otherwise learn of the end with its next message, which may never come.
    void closeQuietly(iterator);
  };
}

async function closeQuietly(iterator: AsyncIterator<unknown> | undefined): Promise<void> {
  try {
    await iterator?.return?.();
  } catch {
    // The call is over; nobody is left to tell.
  }
}

function encode<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Uint8Array {
  try {
    return toBinary(schema, create(schema, input));
  } catch (cause) {
    const problem = cause instanceof Error ? `: ${cause.message}` : "";
    const message = `the request is not a ${schema.typeName}${problem}`;
    throw new ConnectError(message, Code.InvalidArgument, undefined, undefined, cause);
  }
}

function decode<O extends DescMessage>(schema: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const message = `the mod sent ${bytes.byteLength} bytes that are not a ${schema.typeName}`;
    throw new ConnectError(message, Code.Internal, undefined, undefined, cause);
  }
}

function unaryResponse<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  call: WireCall,
  message: MessageShape<O>,
): UnaryResponse<I, O> {
  // Making a Headers object costs more than the rest of a ping, and hardly any caller looks at it.
  return {
    stream: false,
    service: method.parent,
    method,
    message,
    get header() {
      return call.header;
    },
    get trailer() {
      return call.trailer;
    },
  };
}

/** What ends a call for its interceptors. Connect would take a time that is too long for a timer for the shortest. */
function runnerLimits(signal: AbortSignal | undefined, timeoutMs: number | undefined) {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined || timeoutMs > maxTimerMs ? {} : { timeoutMs }),
  };
}

function requestCommons(
  method: DescMethod,
  header: HeadersInit | undefined,
  contextValues: ContextValues | undefined,
): Pick<UnaryRequest, "service" | "requestMethod" | "url" | "header" | "contextValues"> {
  return {
    service: method.parent,
    requestMethod: "POST",
    url: `http://localhost${pathOf(method)}`,
    header: new Headers(header),
    contextValues: contextValues ?? createContextValues(),
  };
}

function toHeaders(header: HeadersInit | undefined): Headers | undefined {
  return header === undefined ? undefined : new Headers(header);
}

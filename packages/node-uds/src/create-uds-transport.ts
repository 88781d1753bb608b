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
import { MessageQueue, maxTimerMs } from "@resoio/core/internal";
import { GrpcCall, type GrpcCallListener } from "./grpc/grpc-call.js";
import { watchCancellation } from "./grpc/watch-cancellation.js";
import { Http2Connection } from "./http2/http2-connection.js";

/** Options of {@link createUdsTransport}. */
export interface UdsTransportOptions {
  /** Path of the socket, or a function that finds it. The function is called for every new connection. */
  readonly socketPath: string | (() => string | Promise<string>);
  /**
   * The largest message that is accepted, in bytes. Default 64 MiB, enough for a 5K picture. A larger one fails its call
   * with `ResourceExhausted` before any memory is taken for it.
   */
  readonly readMaxBytes?: number;
  /** How long connecting and the HTTP/2 handshake may take together, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Deadline of calls that name none, in milliseconds. Default, and 0: none. */
  readonly defaultTimeoutMs?: number;
  /** How much the mod may send ahead on one call, in bytes. Default 16 MiB. */
  readonly streamWindowBytes?: number;
  /** How much the mod may send ahead on all calls together, in bytes. Default 32 MiB. */
  readonly connectionWindowBytes?: number;
  /** Connect interceptors, the first outermost. Default none. */
  readonly interceptors?: readonly Interceptor[];
}

/** A Connect transport that speaks gRPC over a Unix domain socket. */
export interface UdsTransport extends Transport, AsyncDisposable {
  /**
   * Opens the connection now instead of at the first call, so that a mod that is not there is noticed at once.
   *
   * Fails with `Unavailable` when nobody listens, `PermissionDenied` when the socket may not be opened, `DeadlineExceeded`
   * when the handshake takes longer than `connectTimeoutMs`, and `Unknown` when something else than gRPC listens.
   */
  open(options?: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined }): Promise<void>;
  /** Cancels the calls in flight and closes the connection. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Makes the transport that carries calls to a mod on this machine.
 *
 * All calls share one HTTP/2 connection. It is opened when it is first needed; after it was lost, the calls on it fail with
 * `Unavailable` and the next call opens a new one. An open connection without calls does not keep the process alive.
 */
export function createUdsTransport(options: UdsTransportOptions): UdsTransport {
  return new UdsTransportImpl(options);
}

const mebibyte = 1024 * 1024;

class UdsTransportImpl implements UdsTransport {
  readonly #connection: Http2Connection;
  readonly #readMaxBytes: number;
  readonly #defaultTimeoutMs: number | undefined;
  readonly #interceptors: readonly Interceptor[];
  readonly #calls = new Set<GrpcCall>();

  constructor(options: UdsTransportOptions) {
    const { socketPath, readMaxBytes = 64 * mebibyte, connectTimeoutMs = 5_000, defaultTimeoutMs } = options;
    const { streamWindowBytes = 16 * mebibyte, connectionWindowBytes = 32 * mebibyte, interceptors = [] } = options;
    this.#readMaxBytes = readMaxBytes;
    this.#defaultTimeoutMs = defaultTimeoutMs;
    this.#interceptors = interceptors;
    this.#connection = new Http2Connection({
      resolvePath: typeof socketPath === "string" ? () => socketPath : socketPath,
      connectTimeoutMs,
      streamWindowBytes,
      connectionWindowBytes,
    });
  }

  async open(options: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {}): Promise<void> {
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const stopWatching = watchCancellation(options.signal, options.timeoutMs, reject, "connecting");
    try {
      // Who has given up already must not make anything open.
      await Promise.race(options.signal?.aborted === true ? [cancelled] : [this.#connection.open(), cancelled]);
    } finally {
      stopWatching();
    }
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.cancel(new ConnectError("the transport was closed", Code.Canceled));
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

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
    const call = this.#createCall(method, signal, timeoutMs, header, {
      onOpen: () => call.sendLast(request),
      onHeader() {},
      onMessage(bytes) {
        if (message !== undefined) {
          call.cancel(new ConnectError(`${method.toString()} answered with more than one message`, Code.Unimplemented));
        } else message = decode(method.output, bytes);
      },
      onEnd(error) {
        if (error !== undefined) reject(error);
        else if (message === undefined) {
          reject(new ConnectError(`${method.toString()} answered without a message`, Code.Unimplemented));
        } else resolve(unaryResponse(method, call, message));
      },
    });
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
    const call = this.#createCall(method, signal, timeoutMs, header, {
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
    });
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

  #createCall(
    method: DescMethod,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: Headers | undefined,
    listener: GrpcCallListener,
  ): GrpcCall {
    const path = `/${method.parent.typeName}/${method.name}`;
    const request = { path, header, signal, timeoutMs, readMaxBytes: this.#readMaxBytes };
    const call = new GrpcCall(this.#connection, request, {
      ...listener,
      onEnd: (error, isOwnDoing) => {
        this.#calls.delete(call);
        listener.onEnd(error, isOwnDoing);
      },
    });
    this.#calls.add(call);
    return call;
  }
}

/**
 * Sends what the caller gives, as fast as the peer takes it. Whatever goes wrong on the caller's side cancels the call.
 * Returns what stops it and closes the input.
 */
function sendAll<I extends DescMessage>(
  call: GrpcCall,
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
  call: GrpcCall,
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
    url: `http://localhost/${method.parent.typeName}/${method.name}`,
    header: new Headers(header),
    contextValues: contextValues ?? createContextValues(),
  };
}

function toHeaders(header: HeadersInit | undefined): Headers | undefined {
  return header === undefined ? undefined : new Headers(header);
}

import type { IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
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
import type { Http2Connection } from "../http2/http2-connection.js";
import type { RequestStream, Session, StreamClosing } from "../http2/session.js";
import { errorFromReset } from "./error-from-reset.js";
import { errorFromResponse, errorFromTrailer } from "./error-from-response.js";
import { requestFields } from "./request-fields.js";

/** A call, and how it is made. */
export interface GrpcCallRequest extends WireCallRequest {
  /** The largest message that is accepted, in bytes. */
  readonly readMaxBytes: number;
}

/** One gRPC call on one HTTP/2 stream. */
export class GrpcCall implements WireCall {
  readonly #connection: Http2Connection;
  readonly #path: string;
  readonly #request: GrpcCallRequest;
  readonly #listener: WireCallListener;
  #assembler: MessageAssembler | undefined;
  #session: Session | undefined;
  #stream: RequestStream | undefined;
  #header: IncomingHttpHeaders = {};
  #trailer: IncomingHttpHeaders | undefined;
  #stopWatching = (): void => {};
  #isEnded = false;

  constructor(connection: Http2Connection, request: GrpcCallRequest, listener: WireCallListener) {
    this.#connection = connection;
    this.#request = request;
    this.#path = pathOf(request.method);
    this.#listener = listener;
  }

  /** The response's headers; empty before they came. */
  get header(): Headers {
    return toHeaders(this.#header);
  }

  /** The response's trailers; empty before the end. */
  get trailer(): Headers {
    return toHeaders(this.#trailer ?? {});
  }

  /** Starts the call, on the connection's session or, when there is none, as soon as one is open. */
  start(): void {
    const { signal, timeoutMs } = this.#request;
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (this.#isEnded) return;
    const session = this.#connection.current;
    if (session !== undefined) this.#openStream(session);
    else {
      this.#connection.open().then(
        (opened) => this.#openStream(opened),
        (error: unknown) => this.#end(asConnectError(error)),
      );
    }
  }

  /** Sends a message. False means that the peer is behind: wait for {@link drained} before the next one. */
  send(message: Uint8Array): boolean {
    return this.#stream?.write(frameMessage(message)) ?? true;
  }

  /** Sends the only message and half-closes, in one go. */
  sendLast(message: Uint8Array): void {
    this.#stream?.end(frameMessage(message));
  }

  /** Resolves when the peer has caught up, or the call is over. */
  async drained(): Promise<void> {
    if (!this.#isEnded) await this.#stream?.drained();
  }

  /** Says that no message follows. */
  halfClose(): void {
    this.#stream?.end();
  }

  /** Stops taking messages, so that the peer is slowed down once the stream's window is used up. */
  pause(): void {
    this.#stream?.pause();
  }

  /** Takes messages again. */
  resume(): void {
    this.#stream?.resume();
  }

  /** Ends the call with `error` and tells the peer that it is cancelled. Does nothing when the call is over. */
  cancel(error: ConnectError): void {
    if (this.#isEnded) return;
    this.#stream?.cancel();
    this.#end(error, true);
  }

  #openStream(session: Session): void {
    if (this.#isEnded) return;
    const memory = new MessageMemory((byteLength) => Buffer.allocUnsafeSlow(byteLength).buffer);
    this.#assembler = new MessageAssembler(this.#request.readMaxBytes, {
      allocate: (byteLength) => memory.allocate(byteLength),
      reusesChunks: session.reusesChunks,
    });
    try {
      this.#stream = session.request(requestFields(this.#request), {
        onHeaders: (headers) => this.#onResponse(headers),
        onData: (bytes) => this.#onData(bytes),
        onTrailers: (trailers) => {
          this.#trailer = trailers;
        },
        onEnd: () => this.#onStreamEnd(),
        onClose: (closing) => this.#onStreamClose(closing),
      });
    } catch (cause) {
      this.#end(new ConnectError(`${this.#path} could not be sent`, Code.Unavailable, undefined, undefined, cause));
      return;
    }
    this.#session = session;
    this.#connection.retain(session);
    this.#listener.onOpen();
  }

  #onResponse(headers: IncomingHttpHeaders): void {
    if (this.#isEnded) return;
    this.#header = headers;
    const error = errorFromResponse(headers);
    // Cancelled, because a peer that is no gRPC server may go on sending for ever.
    if (error !== undefined) this.cancel(error);
    else if (headers["grpc-status"] === undefined) this.#listener.onHeader();
    else this.#trailer = headers;
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isEnded) return;
    try {
      this.#assembler?.push(chunk, (message) => {
        if (!this.#isEnded) this.#listener.onMessage(message);
      });
    } catch (error) {
      this.cancel(asConnectError(error, `${this.#path}: `));
    }
  }

  /** The peer has said all: the trailers came before this. */
  #onStreamEnd(): void {
    if (this.#isEnded) return;
    // A request that is still being sent is cut off, as the peer no longer wants it.
    this.#stream?.stopSending();
    // Without trailers this is the end of the connection, or a broken peer; the close that follows tells which.
    if (this.#trailer === undefined) return;
    const error = errorFromTrailer(this.#trailer);
    if (error !== undefined || this.#isBetweenMessages) this.#end(error);
    else this.#end(new ConnectError(`${this.#path} ended within a message`, Code.DataLoss));
  }

  #onStreamClose({ cause, isAllRead, isLost, resetCode }: StreamClosing): void {
    if (this.#isEnded) return;
    if (this.#trailer !== undefined && isAllRead && this.#isBetweenMessages && cause === undefined) {
      this.#end(errorFromTrailer(this.#trailer));
    } else if (isLost) {
      this.#end(this.#lossError(cause));
    } else {
      this.#end(errorFromReset(this.#path, resetCode, cause));
    }
  }

  get #isBetweenMessages(): boolean {
    return this.#assembler?.isBetweenMessages !== false;
  }

  #lossError(cause: Error | undefined): ConnectError {
    const reason = this.#session === undefined ? undefined : this.#connection.causeOfLoss(this.#session, cause);
    const what = reason?.rawMessage ?? "the connection was lost";
    return new ConnectError(`${what} (during ${this.#path})`, Code.Unavailable, undefined, undefined, reason ?? cause);
  }

  #end(error: ConnectError | undefined, isOwnDoing = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopWatching();
    // Lets what is still buffered flow out, so that the stream can close.
    this.#stream?.resume();
    if (this.#session !== undefined) this.#connection.release(this.#session);
    // Who keeps the error keeps this call, by the error's stack, and need not keep a connection that is gone with it.
    this.#session = undefined;
    this.#stream = undefined;
    this.#listener.onEnd(error, isOwnDoing);
  }
}

function toHeaders(source: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(source)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) headers.append(name, item);
  }
  return headers;
}

function asConnectError(error: unknown, prefix = ""): ConnectError {
  if (!(error instanceof ConnectError)) return ConnectError.from(error, Code.Unavailable);
  return prefix === ""
    ? error
    : new ConnectError(prefix + error.rawMessage, error.code, undefined, undefined, error.cause);
}

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { HeaderSchema, OpenSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import {
  pathOf,
  type WireCall,
  type WireCallListener,
  type WireCallRequest,
  watchCancellation,
} from "@resoio/core/internal";
import { encodeCredit } from "../wire/credit-payload.js";
import { decodeEnd } from "../wire/end-payload.js";
import { fromHeaderFields, toHeaderFields } from "../wire/header-fields.js";
import { MessageReceiver } from "../wire/message-receiver.js";
import { MessageSender } from "../wire/message-sender.js";
import { closeCodes, frameTypes, maxFrameBytes } from "../wire/protocol.js";
import { ProtocolError } from "../wire/protocol-error.js";
import type { GreetedSession, WebSocketConnection } from "./web-socket-connection.js";
import type { SessionCall } from "./web-socket-session.js";

/** A call, and how it is made. */
export interface WebSocketCallRequest extends WireCallRequest {
  /** The largest message that is accepted, in bytes. */
  readonly readMaxBytes: number;
  /** How much the proxy may send ahead, in bytes. */
  readonly receiveWindowBytes: number;
}

/** What a call has while it is open. */
interface OpenCall extends GreetedSession {
  readonly id: number;
  readonly sender: MessageSender;
  readonly receiver: MessageReceiver;
}

const maxUint32 = 0xffff_ffff;

/** One call on the WebSocket. */
export class WebSocketCall implements WireCall, SessionCall {
  readonly #connection: WebSocketConnection;
  readonly #request: WebSocketCallRequest;
  readonly #path: string;
  readonly #listener: WireCallListener;
  readonly #startMs = performance.now();
  #header: Headers | undefined;
  #trailer: Headers | undefined;
  #open: OpenCall | undefined;
  #stopWatching = (): void => {};
  #drained: PromiseWithResolvers<void> | undefined;
  #isPaused = false;
  #isHalfClosing = false;
  #hasHeader = false;
  #isEnded = false;

  constructor(connection: WebSocketConnection, request: WebSocketCallRequest, listener: WireCallListener) {
    this.#connection = connection;
    this.#request = request;
    this.#path = pathOf(request.method);
    this.#listener = listener;
  }

  // Made when they are asked for, which hardly any caller does.
  get header(): Headers {
    this.#header ??= new Headers();
    return this.#header;
  }

  get trailer(): Headers {
    this.#trailer ??= new Headers();
    return this.#trailer;
  }

  start(): void {
    const { signal, timeoutMs } = this.#request;
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (this.#isEnded) return;
    const { current } = this.#connection;
    if (current !== undefined) this.#begin(current);
    else {
      this.#connection.open().then(
        (opened) => this.#begin(opened),
        (error: unknown) => this.#end(ConnectError.from(error, Code.Unavailable)),
      );
    }
  }

  send(message: Uint8Array): boolean {
    const open = this.#open;
    if (open === undefined || this.#isEnded || this.#isHalfClosing) return true;
    const { maxMessageBytes } = open.hello;
    if (message.byteLength > maxMessageBytes) {
      const problem = `a request of ${message.byteLength} bytes is larger than the ${maxMessageBytes} that the proxy takes`;
      this.cancel(new ConnectError(problem, Code.ResourceExhausted));
      return true;
    }
    open.sender.add(message);
    open.session.requestTurn(this);
    return open.sender.isIdle;
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {
    if (this.#isEnded || this.#open === undefined || this.#open.sender.isIdle) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  halfClose(): void {
    const open = this.#open;
    if (open === undefined || this.#isEnded || this.#isHalfClosing) return;
    this.#isHalfClosing = true;
    if (open.sender.isIdle) open.session.write(frameTypes.halfClose, open.id);
  }

  pause(): void {
    this.#isPaused = true;
    this.#open?.receiver.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isEnded) this.#open?.receiver.resume();
  }

  cancel(error: ConnectError): void {
    if (this.#isEnded) return;
    const open = this.#open;
    if (open !== undefined) {
      open.session.write(frameTypes.cancel, open.id);
      open.session.forget(open.id, this);
    }
    this.#end(error, true);
  }

  writePiece(): boolean {
    const open = this.#open;
    const piece = open?.sender.take();
    if (open === undefined || piece === undefined) return false;
    open.session.write(frameTypes.data, open.id, piece.bytes);
    if (open.sender.isIdle) {
      if (this.#isHalfClosing) open.session.write(frameTypes.halfClose, open.id);
      this.#drained?.resolve();
      this.#drained = undefined;
    }
    return open.sender.isReady;
  }

  onHeader(payload: Uint8Array): void {
    if (this.#hasHeader) throw new ProtocolError(closeCodes.badCallId, "HEADER came twice, or behind DATA");
    this.#header = decodeHeader(payload);
    this.#tellHeader();
  }

  onData(payload: Uint8Array): void {
    // A call without headers may do without the frame.
    if (!this.#hasHeader) this.#tellHeader();
    if (this.#isEnded) return;
    try {
      this.#open?.receiver.push(payload);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      const { rawMessage, code, cause } = ConnectError.from(error, Code.Internal);
      this.cancel(new ConnectError(`${this.#path}: ${rawMessage}`, code, undefined, undefined, cause));
    }
  }

  onCredit(byteCount: number): void {
    const open = this.#open;
    if (open === undefined) return;
    open.sender.addCredit(byteCount);
    if (open.sender.isReady) open.session.requestTurn(this);
  }

  onEnd(payload: Uint8Array): void {
    const { error, trailer } = decodeEnd(payload);
    const open = this.#open;
    if (open === undefined) return;
    open.session.forget(open.id, this);
    this.#trailer = trailer;
    if (error !== undefined || open.receiver.isBetweenMessages) this.#end(error);
    else this.#end(new ConnectError(`${this.#path} ended within a message`, Code.DataLoss));
  }

  onLost(error: ConnectError): void {
    this.#end(new ConnectError(`${error.rawMessage} (during ${this.#path})`, error.code, undefined, undefined, error));
  }

  #begin({ session, hello }: GreetedSession): void {
    if (this.#isEnded) return;
    const payload = this.#openPayload();
    if (payload.byteLength > maxFrameBytes) {
      const problem = `the request headers take ${payload.byteLength} bytes, which is above ${maxFrameBytes}`;
      this.#end(new ConnectError(problem, Code.ResourceExhausted), true);
      return;
    }
    const id = session.open(this, payload);
    if (this.#isEnded) return;
    const receiver = new MessageReceiver({
      windowBytes: this.#request.receiveWindowBytes,
      maxMessageBytes: this.#request.readMaxBytes,
      giveCredit: (byteCount) => {
        if (!this.#isEnded) session.write(frameTypes.credit, id, encodeCredit(byteCount));
      },
      onMessage: (message) => {
        if (!this.#isEnded) this.#listener.onMessage(message);
      },
    });
    if (this.#isPaused) receiver.pause();
    this.#open = { session, hello, id, receiver, sender: new MessageSender(hello.sendCredit) };
    this.#listener.onOpen();
  }

  #openPayload(): Uint8Array<ArrayBuffer> {
    const { header, timeoutMs, receiveWindowBytes } = this.#request;
    const open = create(OpenSchema, {
      path: this.#path,
      headers: header === undefined ? [] : toHeaderFields(header),
      timeoutMs: timeoutMs === undefined ? 0 : this.#remainingMs(timeoutMs),
      sendCredit: receiveWindowBytes,
    });
    return toBinary(OpenSchema, open);
  }

  /** What connecting has left of the call's time. */
  #remainingMs(timeoutMs: number): number {
    const remainingMs = Math.ceil(timeoutMs - (performance.now() - this.#startMs));
    return Math.min(Math.max(remainingMs, 1), maxUint32);
  }

  #tellHeader(): void {
    this.#hasHeader = true;
    if (!this.#isEnded) this.#listener.onHeader();
  }

  #end(error: ConnectError | undefined, isOwnDoing = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopWatching();
    this.#open?.sender.clear();
    this.#drained?.resolve();
    this.#listener.onEnd(error, isOwnDoing);
  }
}

function decodeHeader(payload: Uint8Array): Headers {
  try {
    return fromHeaderFields(fromBinary(HeaderSchema, payload).headers);
  } catch {
    throw new ProtocolError(closeCodes.protocolError, "a HEADER frame cannot be decoded");
  }
}

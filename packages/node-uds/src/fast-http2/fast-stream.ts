import type { IncomingHttpHeaders } from "node:http2";
import type { HeaderField, RequestListener, RequestStream, StreamClosing } from "../http2/session.js";
import { errorCodes, maxWindowBytes } from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";
import { isWellFormed } from "./is-well-formed.js";

/** What a stream needs from its session. */
export interface FastStreamOwner {
  /** Sends what the stream has, as far as the windows allow. */
  send(stream: FastStream): void;
  /** Tells the peer that the stream is over. */
  reset(stream: FastStream, errorCode: number): void;
  /** Lets the peer send so many bytes more. */
  update(streamId: number, byteCount: number): void;
}

/** What waits to be sent, and how far it has been. */
interface Outgoing {
  readonly bytes: Uint8Array;
  offset: number;
}

/** One request and its answer on a `FastSession`. The methods of `RequestStream` are for its user, the others for the session. */
export class FastStream implements RequestStream {
  /** 0 until the peer takes it. */
  id = 0;
  readonly headerBlock: Uint8Array;
  readonly #owner: FastStreamOwner;
  readonly #listener: RequestListener;
  readonly #outgoing: Outgoing[] = [];
  readonly #fullReceiveWindow: number;
  #receiveWindow: number;
  #sendWindow: number;
  #isEnding = false;
  #isEndSent = false;
  #isEndReceived = false;
  #hasHeaders = false;
  #isOver = false;
  #isCancelled = false;
  #isPaused = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(
    owner: FastStreamOwner,
    headerBlock: Uint8Array,
    windows: { readonly sendWindow: number; readonly receiveWindow: number },
    listener: RequestListener,
  ) {
    this.#owner = owner;
    this.headerBlock = headerBlock;
    this.#sendWindow = windows.sendWindow;
    this.#fullReceiveWindow = windows.receiveWindow;
    this.#receiveWindow = windows.receiveWindow;
    this.#listener = listener;
  }

  /** Whether both sides are done, or one has reset it. */
  get isOver(): boolean {
    return this.#isOver || (this.#isEndSent && this.#isEndReceived);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isWritingOver) return true;
    this.#push(bytes);
    this.#owner.send(this);
    return this.#outgoing.length === 0;
  }

  end(bytes?: Uint8Array): void {
    if (this.#isWritingOver) return;
    if (bytes !== undefined) this.#push(bytes);
    this.#isEnding = true;
    this.#owner.send(this);
  }

  async drained(): Promise<void> {
    if (this.#isOver || this.#outgoing.length === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#updateWindow();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#reset(errorCodes.cancel);
  }

  stopSending(): void {
    if (!this.#isEndSent) this.#reset(errorCodes.noError);
  }

  /** The next bytes to send, and whether they are the last. `undefined` when there is nothing to send, or no window for it. */
  take(limit: number): { readonly bytes: Uint8Array; readonly isLast: boolean } | undefined {
    if (this.#isOver || this.#isEndSent) return undefined;
    const next = this.#outgoing[0];
    if (next === undefined) {
      if (!this.#isEnding) return undefined;
      this.#isEndSent = true;
      return { bytes: new Uint8Array(), isLast: true };
    }
    // A window is negative when the peer has made it smaller than what was sent already.
    const byteCount = Math.min(limit, this.#sendWindow, next.bytes.byteLength - next.offset);
    if (byteCount <= 0) return undefined;
    const bytes = next.bytes.subarray(next.offset, next.offset + byteCount);
    next.offset += byteCount;
    this.#sendWindow -= byteCount;
    if (next.offset === next.bytes.byteLength) this.#outgoing.shift();
    const isLast = this.#isEnding && this.#outgoing.length === 0;
    if (isLast) this.#isEndSent = true;
    if (this.#outgoing.length === 0) this.#resolveDrained();
    return { bytes, isLast };
  }

  /** Adds to what may be sent, or takes away. Throws {@link Http2Error} when that is more than a window can be. */
  addSendWindow(byteCount: number): void {
    this.#sendWindow += byteCount;
    if (this.#sendWindow > maxWindowBytes) {
      throw new Http2Error(errorCodes.flowControlError, "the peer opened a window beyond its largest size");
    }
  }

  /** Data has come: `bytes`, and `flowBytes` with its padding, which counts for the window. */
  receive(bytes: Uint8Array, flowBytes: number): void {
    if (this.#isEndReceived) throw new Http2Error(errorCodes.streamClosed, "data came after the end of an answer");
    if (!this.#hasHeaders) {
      throw new Http2Error(errorCodes.protocolError, "data came before the headers of an answer");
    }
    this.#receiveWindow -= flowBytes;
    if (this.#receiveWindow < 0) {
      throw new Http2Error(errorCodes.flowControlError, "the peer sent more than its window on a stream");
    }
    if (bytes.byteLength > 0) this.#listener.onData(bytes);
    this.#updateWindow();
  }

  /** A header block has come. False means that it is malformed, so that the stream cannot go on. */
  receiveFields(fields: readonly HeaderField[], isLast: boolean): boolean {
    if (this.#isEndReceived) throw new Http2Error(errorCodes.streamClosed, "headers came after the end of an answer");
    if (!isWellFormed(fields, this.#hasHeaders ? "trailers" : "answer")) return false;
    if (this.#hasHeaders) {
      if (!isLast) return false;
      this.#listener.onTrailers(toHeaders(fields));
    } else if (isInformational(fields)) {
      return !isLast;
    } else {
      this.#hasHeaders = true;
      this.#listener.onHeaders(toHeaders(fields));
    }
    if (isLast) this.receiveEnd();
    return true;
  }

  /** The peer has said all. Without trailers this is a peer that does not know how to end. */
  receiveEnd(): void {
    // The listener may have cancelled when it was told what came with the end.
    if (this.#isOver) return;
    this.#isEndReceived = true;
    this.#listener.onEnd();
    if (!this.#isCancelled) {
      this.#listener.onClose({ resetCode: errorCodes.noError, isLost: false, isAllRead: true, cause: undefined });
    }
  }

  /** The peer has reset it, or the connection is gone. */
  close(closing: StreamClosing): void {
    if (this.#isOver) return;
    this.#finish();
    if (!this.#isEndReceived) this.#listener.onClose(closing);
  }

  get #isWritingOver(): boolean {
    return this.#isOver || this.#isEnding;
  }

  #push(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#outgoing.push({ bytes, offset: 0 });
  }

  #reset(errorCode: number): void {
    if (this.isOver) return;
    this.#finish();
    this.#owner.reset(this, errorCode);
  }

  #finish(): void {
    this.#isOver = true;
    this.#outgoing.length = 0;
    this.#resolveDrained();
  }

  #resolveDrained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** Gives back what was used, in few and large parts. */
  #updateWindow(): void {
    const used = this.#fullReceiveWindow - this.#receiveWindow;
    if (this.#isPaused || this.#isOver || this.#isEndReceived || used * 2 < this.#fullReceiveWindow) return;
    this.#receiveWindow += used;
    this.#owner.update(this.id, used);
  }
}

/** Whether these are headers before the headers, such as those of status 103. */
function isInformational(fields: readonly HeaderField[]): boolean {
  return fields[0]?.[1].startsWith("1") === true;
}

/** The fields by name, as Node's HTTP/2 gives them: what comes more than once is joined. */
function toHeaders(fields: readonly HeaderField[]): IncomingHttpHeaders {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of fields) {
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  return headers;
}

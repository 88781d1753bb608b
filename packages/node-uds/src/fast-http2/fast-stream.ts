import type { HeaderField } from "./hpack/hpack-decoder.js";
import { errorCodes, maxWindowBytes } from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";

/** Told what the peer says on a stream. Nothing follows `onEnd` or `onClose`, and nothing follows a `reset` from this side. */
export interface FastStreamListener {
  /** The answer begins. */
  onHeaders(fields: readonly HeaderField[]): void;
  /** The next bytes of the answer. A view that is valid during the call only. */
  onData(bytes: Uint8Array): void;
  onTrailers(fields: readonly HeaderField[]): void;
  /** The peer has said all. */
  onEnd(): void;
  /** The peer has reset the stream, with an error code of HTTP/2, or the connection is gone, without one. */
  onClose(errorCode: number | undefined): void;
}

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

/** One request and its answer on a `FastSession`. */
export class FastStream {
  /** 0 until the peer takes it. */
  id = 0;
  /** What may still be sent on it. */
  sendWindow: number;
  readonly headerBlock: Uint8Array;
  readonly listener: FastStreamListener;
  readonly #owner: FastStreamOwner;
  readonly #outgoing: Outgoing[] = [];
  readonly #fullReceiveWindow: number;
  #receiveWindow: number;
  #isEnding = false;
  #isEndSent = false;
  #isEndReceived = false;
  #hasHeaders = false;
  #isOver = false;
  #isPaused = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(
    owner: FastStreamOwner,
    headerBlock: Uint8Array,
    windows: { readonly sendWindow: number; readonly receiveWindow: number },
    listener: FastStreamListener,
  ) {
    this.#owner = owner;
    this.headerBlock = headerBlock;
    this.sendWindow = windows.sendWindow;
    this.#fullReceiveWindow = windows.receiveWindow;
    this.#receiveWindow = windows.receiveWindow;
    this.listener = listener;
  }

  /** Whether both sides are done, or one has reset it. */
  get isOver(): boolean {
    return this.#isOver || (this.#isEndSent && this.#isEndReceived);
  }

  /** Whether no more can be written. */
  get isWritingOver(): boolean {
    return this.#isOver || this.#isEnding;
  }

  /** Whether something that was written has not gone out yet. */
  get hasUnsent(): boolean {
    return this.#outgoing.length > 0;
  }

  /** Sends bytes. False means that they wait for the peer: wait for {@link drained} before the next. */
  write(bytes: Uint8Array): boolean {
    if (this.isWritingOver) return true;
    this.#outgoing.push({ bytes, offset: 0 });
    this.#owner.send(this);
    return this.#outgoing.length === 0;
  }

  /** Says that nothing follows, after `bytes` if there are any. */
  end(bytes?: Uint8Array): void {
    if (this.isWritingOver) return;
    if (bytes !== undefined) this.#outgoing.push({ bytes, offset: 0 });
    this.#isEnding = true;
    this.#owner.send(this);
  }

  /** Resolves when everything written has gone out, or the stream is over. */
  async drained(): Promise<void> {
    if (this.#isOver || this.#outgoing.length === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Lets the peer send no more than its window. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#updateWindow();
  }

  /** Ends it from this side. The listener is told nothing. */
  reset(errorCode: number): void {
    if (this.isOver) return;
    this.#finish();
    this.#owner.reset(this, errorCode);
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
    const byteCount = Math.min(limit, this.sendWindow, next.bytes.byteLength - next.offset);
    if (byteCount <= 0 && next.bytes.byteLength > next.offset) return undefined;
    const bytes = next.bytes.subarray(next.offset, next.offset + byteCount);
    next.offset += byteCount;
    this.sendWindow -= byteCount;
    if (next.offset === next.bytes.byteLength) this.#outgoing.shift();
    const isLast = this.#isEnding && this.#outgoing.length === 0;
    if (isLast) this.#isEndSent = true;
    if (this.#outgoing.length === 0) this.#resolveDrained();
    return { bytes, isLast };
  }

  /** Adds to what may be sent. Throws {@link Http2Error} when that is more than a window can be. */
  addSendWindow(byteCount: number): void {
    this.sendWindow += byteCount;
    if (this.sendWindow > maxWindowBytes) {
      throw new Http2Error(errorCodes.flowControlError, "the peer opened a window beyond its largest size");
    }
  }

  /** Data has come: `bytes`, and `flowBytes` with its padding, which counts for the window. */
  receive(bytes: Uint8Array, flowBytes: number): void {
    if (this.#isOver) return;
    if (this.#isEndReceived || !this.#hasHeaders) {
      throw new Http2Error(errorCodes.protocolError, "data came before the headers of an answer, or after its end");
    }
    this.#receiveWindow -= flowBytes;
    if (this.#receiveWindow < 0) {
      throw new Http2Error(errorCodes.flowControlError, "the peer sent more than its window on a stream");
    }
    if (bytes.byteLength > 0) this.listener.onData(bytes);
    this.#updateWindow();
  }

  /** A header block has come. Throws {@link Http2Error} for one where none may be. */
  receiveFields(fields: readonly HeaderField[], isLast: boolean): void {
    if (this.#isOver) return;
    if (this.#isEndReceived) throw new Http2Error(errorCodes.streamClosed, "headers came after the end of an answer");
    if (this.#hasHeaders) {
      if (!isLast) throw new Http2Error(errorCodes.protocolError, "headers came in the middle of an answer");
      this.listener.onTrailers(fields);
    } else if (!isInformational(fields)) {
      this.#hasHeaders = true;
      this.listener.onHeaders(fields);
    }
    if (isLast) this.receiveEnd();
  }

  /** The peer has said all. */
  receiveEnd(): void {
    if (this.#isOver || this.#isEndReceived) return;
    this.#isEndReceived = true;
    this.listener.onEnd();
  }

  /** The peer has reset it, or the connection is gone. */
  close(errorCode: number | undefined): void {
    if (this.#isOver) return;
    const isNews = !this.#isEndReceived;
    this.#finish();
    if (isNews) this.listener.onClose(errorCode);
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
  const [name, value] = fields[0] ?? [];
  return name === ":status" && value?.startsWith("1") === true;
}

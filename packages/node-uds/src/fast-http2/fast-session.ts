import * as net from "node:net";
import type {
  HeaderField,
  RequestListener,
  RequestStream,
  Session,
  SessionOptions,
  StreamClosing,
} from "../http2/session.js";
import { FastStream, type FastStreamOwner } from "./fast-stream.js";
import { FloodLimit } from "./flood-limit.js";
import { type FrameHeader, FrameReader } from "./frame-reader.js";
import { createFrame, createNumberFrame } from "./frame-writer.js";
import { HpackDecoder } from "./hpack/hpack-decoder.js";
import { tableIsUnused } from "./hpack/hpack-encoder.js";
import {
  defaultMaxFrameBytes,
  defaultWindowBytes,
  errorCodes,
  frameFlags,
  frameHeaderBytes,
  frameTypes,
  maxWindowBytes,
  settingIds,
} from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";
import { requestBlock } from "./request-block.js";

/** What begins every HTTP/2 connection. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** How much is read from the socket at once, into the one buffer that is used again and again. */
const readBufferBytes = 256 * 1024;

/** The largest list of header fields that a peer may send, in bytes. */
const maxHeaderListBytes = 64 * 1024;

/** How many of our answers to pings and settings may wait for a peer that does not read them. */
const maxUnsentAnswers = 1_000;

/** Options of {@link FastSession}. */
export interface FastSessionOptions extends SessionOptions {
  /** Number of the first stream, odd. Default 1; tests begin near the end. */
  readonly firstStreamId?: number;
}

/**
 * One HTTP/2 connection over a Unix domain socket, client side (RFC 9113), made for few streams with large answers: frames are taken
 * apart straight from one reused read buffer, and the bytes of an answer are copied once, into their message.
 *
 * Pushes are refused and priorities ignored: no gRPC server needs them.
 */
export class FastSession implements Session {
  readonly reusesChunks = true;
  readonly #options: FastSessionOptions;
  readonly #socket: net.Socket;
  readonly #reader: FrameReader;
  readonly #hpack = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: maxHeaderListBytes });
  readonly #streams = new Map<number, FastStream>();
  /** Streams that wait because the peer takes only so many at once. */
  readonly #waiting = new Set<FastStream>();
  readonly #pings = new Map<bigint, () => void>();
  #lastPing = 0n;
  readonly #floodLimit = new FloodLimit();
  readonly #owner: FastStreamOwner = {
    send: (stream) => this.#sendFrom(stream),
    reset: (stream, errorCode) => this.#reset(stream, errorCode),
    update: (id, byteCount) => this.#write(createNumberFrame(frameTypes.windowUpdate, id, byteCount)),
  };
  #nextStreamId: number;
  #isReady = false;
  #isGoingAway = false;
  #isClosed = false;
  #peerInitialWindow = defaultWindowBytes;
  #peerMaxFrameBytes = defaultMaxFrameBytes;
  #peerMaxStreams = Number.POSITIVE_INFINITY;
  /** What may still be sent on all streams together. */
  #sendWindow = defaultWindowBytes;
  /** What the peer may send on all streams together, and what of it is left. */
  readonly #fullReceiveWindow: number;
  #receiveWindow: number;
  /** A header block that is still coming, and the frame that began it. */
  #block: { readonly header: FrameHeader; readonly parts: Uint8Array[]; byteCount: number } | undefined;
  /** What is left of the data, without its padding, in the DATA frame that is being read; `undefined` between two. */
  #dataLeft: number | undefined;
  #unsentAnswers = 0;
  #isTableSizeSaid = false;
  #isCorked = false;
  #cause: Error | undefined;

  constructor(options: FastSessionOptions) {
    this.#options = options;
    this.#nextStreamId = options.firstStreamId ?? 1;
    // A connection begins with the default, and there is no frame that takes of it.
    this.#fullReceiveWindow = Math.max(options.connectionWindowBytes, defaultWindowBytes);
    this.#receiveWindow = this.#fullReceiveWindow;
    this.#reader = new FrameReader({
      onDataPart: (header, part, isLast) => this.#onDataPart(header, part, isLast),
      onFrame: (header, payload) => this.#onFrame(header, payload),
    });
    this.#socket = net.connect({
      path: options.path,
      onread: {
        buffer: new Uint8Array(readBufferBytes),
        callback: (byteCount, buffer) => {
          this.#onBytes(buffer.subarray(0, byteCount));
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => {
      this.#cause ??= error;
    });
    this.#socket.on("drain", () => this.#sendAll());
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#finish());
    this.#begin();
  }

  get isUsable(): boolean {
    return !this.isOver && !this.#isGoingAway;
  }

  get isOver(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Starts a request. It waits while the peer takes no more streams. Throws for fields that HTTP/2 has no place for. */
  request(fields: readonly HeaderField[], listener: RequestListener): RequestStream {
    if (!this.isUsable) throw new Error("the connection takes no more requests");
    const windows = { sendWindow: this.#peerInitialWindow, receiveWindow: this.#options.streamWindowBytes };
    const stream = new FastStream(this.#owner, requestBlock(fields), windows, listener);
    this.#waiting.add(stream);
    this.#openWaiting();
    return stream;
  }

  ping(onAnswer: () => void): void {
    const id = ++this.#lastPing;
    this.#pings.set(id, onAnswer);
    const frame = createFrame(frameTypes.ping, 0, 0, 8);
    frame.writeBigUInt64BE(id, frameHeaderBytes);
    this.#write(frame);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  destroy(cause?: Error): void {
    if (this.#isClosed) return;
    this.#cause ??= cause;
    this.#sayGoodbye(
      cause instanceof Http2Error
        ? cause.errorCode
        : cause === undefined
          ? errorCodes.noError
          : errorCodes.internalError,
    );
    this.#isClosed = true;
    this.#closeStreams();
    // What was written last is on its way by the next turn; a peer that does not read must not keep the socket.
    setImmediate(() => this.#socket.destroy());
  }

  #sayGoodbye(errorCode: number): void {
    const frame = createFrame(frameTypes.goaway, 0, 0, 8);
    frame.writeUInt32BE(0, frameHeaderBytes);
    frame.writeUInt32BE(errorCode, frameHeaderBytes + 4);
    this.#write(frame);
  }

  #begin(): void {
    const settings: readonly (readonly [id: number, value: number])[] = [
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, this.#options.streamWindowBytes],
      [settingIds.maxHeaderListSize, maxHeaderListBytes],
    ];
    const frame = createFrame(frameTypes.settings, 0, 0, settings.length * 6);
    settings.forEach(([id, value], position) => {
      frame.writeUInt16BE(id, frameHeaderBytes + position * 6);
      frame.writeUInt32BE(value, frameHeaderBytes + position * 6 + 2);
    });
    this.#write(preface);
    this.#write(frame);
    const growth = this.#receiveWindow - defaultWindowBytes;
    if (growth > 0) this.#write(createNumberFrame(frameTypes.windowUpdate, 0, growth));
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onDataPart(header: FrameHeader, part: Uint8Array, isLast: boolean): void {
    if (this.#isClosed) return;
    if (this.#dataLeft === undefined) this.#checkOrder(header);
    const data = this.#withoutPadding(header, part);
    this.#receiveWindow -= part.byteLength;
    if (!this.#wasOpened(header.streamId)) {
      throw new Http2Error(errorCodes.protocolError, `data came on stream ${header.streamId}, which was never opened`);
    }
    // One that was reset from this side may still get data, which counts for the connection all the same.
    const stream = this.#streams.get(header.streamId);
    if (data.byteLength === 0) this.#floodLimit.add();
    else if (stream !== undefined) this.#floodLimit.reset();
    stream?.receive(data, part.byteLength);
    this.#updateWindow();
    if (!isLast) return;
    this.#dataLeft = undefined;
    if ((header.flags & frameFlags.endStream) !== 0) {
      stream?.receiveEnd();
      this.#forgetIfOver(stream);
    }
  }

  /** The data in a part of a DATA frame. The first byte of a padded frame tells how many follow its data. */
  #withoutPadding(header: FrameHeader, part: Uint8Array): Uint8Array {
    let data = part;
    if (this.#dataLeft === undefined) {
      this.#dataLeft = header.length;
      if (isPadded(header)) {
        const padBytes = part[0] ?? 0;
        if (padBytes >= header.length) {
          throw new Http2Error(errorCodes.protocolError, "a frame has more padding than bytes");
        }
        this.#dataLeft = header.length - 1 - padBytes;
        data = part.subarray(1);
      }
    }
    if (data.byteLength > this.#dataLeft) data = data.subarray(0, this.#dataLeft);
    this.#dataLeft -= data.byteLength;
    return data;
  }

  #onFrame(header: FrameHeader, payload: Uint8Array): void {
    if (this.#isClosed) return;
    this.#checkOrder(header);
    this.#floodLimit.add();
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    switch (header.type) {
      case frameTypes.headers:
        this.#onHeaders(header, payload);
        break;
      case frameTypes.continuation:
        this.#onContinuation(header, payload);
        break;
      case frameTypes.priority:
        checkLength(header, header.length === 5);
        checkIsOnStream(header, true);
        break;
      case frameTypes.rstStream:
        checkLength(header, header.length === 4);
        this.#onReset(header, view.getUint32(0));
        break;
      case frameTypes.settings:
        checkIsOnStream(header, false);
        this.#onSettings(header, view);
        break;
      case frameTypes.pushPromise:
        throw new Http2Error(errorCodes.protocolError, "the peer pushes, which was refused");
      case frameTypes.ping:
        checkLength(header, header.length === 8);
        checkIsOnStream(header, false);
        this.#onPing(header, view.getBigUint64(0));
        break;
      case frameTypes.goaway:
        checkLength(header, header.length >= 8);
        checkIsOnStream(header, false);
        this.#onGoaway(view.getUint32(0) & 0x7fffffff);
        break;
      case frameTypes.windowUpdate:
        checkLength(header, header.length === 4);
        this.#onWindowUpdate(header, view.getUint32(0) & 0x7fffffff);
        break;
      default:
      // Unknown kinds are to be ignored.
    }
  }

  /** What may come now: settings first of all, and nothing but its continuation within a header block. */
  #checkOrder(header: FrameHeader): void {
    if (!this.#isReady && header.type !== frameTypes.settings) {
      throw new Http2Error(errorCodes.protocolError, "the peer did not begin with its settings");
    }
    const isContinuation = header.type === frameTypes.continuation;
    const isInBlock = this.#block !== undefined;
    if (isContinuation !== isInBlock || (isInBlock && this.#block?.header.streamId !== header.streamId)) {
      throw new Http2Error(
        errorCodes.protocolError,
        "a header block was interrupted, or continued without a beginning",
      );
    }
  }

  #onHeaders(header: FrameHeader, payload: Uint8Array): void {
    if (!this.#wasOpened(header.streamId)) {
      throw new Http2Error(
        errorCodes.protocolError,
        `headers came on stream ${header.streamId}, which was never opened`,
      );
    }
    let start = 0;
    let end = payload.byteLength;
    if (isPadded(header)) {
      start = 1;
      end -= payload[0] ?? 0;
    }
    if ((header.flags & frameFlags.priority) !== 0) start += 5;
    if (start > end) throw new Http2Error(errorCodes.protocolError, "a frame has more padding than bytes");
    this.#block = { header, parts: [], byteCount: 0 };
    this.#addToBlock(payload.subarray(start, end), (header.flags & frameFlags.endHeaders) !== 0);
  }

  #onContinuation(header: FrameHeader, payload: Uint8Array): void {
    this.#addToBlock(payload, (header.flags & frameFlags.endHeaders) !== 0);
  }

  #addToBlock(part: Uint8Array, isLast: boolean): void {
    const block = this.#block;
    if (block === undefined) return;
    // A frame counts even when it is empty, so that there cannot be endlessly many.
    block.byteCount += frameHeaderBytes + part.byteLength;
    if (block.byteCount > maxHeaderListBytes) {
      throw new Http2Error(errorCodes.enhanceYourCalm, `a header block is larger than ${maxHeaderListBytes} bytes`);
    }
    // What is handed in may lie in the read buffer, which is used again before the next part comes.
    block.parts.push(isLast ? part : part.slice());
    if (!isLast) return;
    this.#block = undefined;
    const whole = block.parts.length === 1 ? part : Buffer.concat(block.parts);
    const fields = this.#hpack.decode(whole);
    const stream = this.#streams.get(block.header.streamId);
    if (stream === undefined) return;
    if (!stream.receiveFields(fields, (block.header.flags & frameFlags.endStream) !== 0)) {
      // The others go on.
      this.#write(createNumberFrame(frameTypes.rstStream, stream.id, errorCodes.protocolError));
      stream.close(this.#closing(errorCodes.protocolError));
    }
    this.#forgetIfOver(stream);
  }

  #onReset(header: FrameHeader, errorCode: number): void {
    if (!this.#wasOpened(header.streamId)) {
      throw new Http2Error(errorCodes.protocolError, `stream ${header.streamId} was reset but never opened`);
    }
    const stream = this.#streams.get(header.streamId);
    stream?.close(this.#closing(errorCode));
    this.#forgetIfOver(stream);
  }

  #onSettings(header: FrameHeader, view: DataView): void {
    if ((header.flags & frameFlags.ack) !== 0) {
      checkLength(header, header.length === 0);
      if (!this.#isReady) throw new Http2Error(errorCodes.protocolError, "the peer did not begin with its settings");
      return;
    }
    checkLength(header, header.length % 6 === 0);
    for (let offset = 0; offset < view.byteLength; offset += 6) {
      this.#onSetting(view.getUint16(offset), view.getUint32(offset + 2));
    }
    this.#answer(createFrame(frameTypes.settings, frameFlags.ack, 0, 0));
    if (!this.#isReady) {
      this.#isReady = true;
      this.#options.onReady();
    }
    this.#openWaiting();
    this.#sendAll();
  }

  #onSetting(id: number, value: number): void {
    switch (id) {
      case settingIds.enablePush:
        if (value !== 0) throw new Http2Error(errorCodes.protocolError, "a server cannot allow pushes");
        break;
      case settingIds.maxConcurrentStreams:
        this.#peerMaxStreams = value;
        break;
      case settingIds.initialWindowSize: {
        if (value > maxWindowBytes) throw new Http2Error(errorCodes.flowControlError, "a window is too large");
        const growth = value - this.#peerInitialWindow;
        this.#peerInitialWindow = value;
        for (const stream of [...this.#streams.values(), ...this.#waiting]) stream.addSendWindow(growth);
        break;
      }
      case settingIds.maxFrameSize:
        if (value < defaultMaxFrameBytes || value > 16_777_215) {
          throw new Http2Error(errorCodes.protocolError, `frames cannot have a limit of ${value} bytes`);
        }
        this.#peerMaxFrameBytes = value;
        break;
      default:
      // The table size concerns an encoder that uses the table; unknown settings are to be ignored.
    }
  }

  #onPing(header: FrameHeader, content: bigint): void {
    if ((header.flags & frameFlags.ack) !== 0) {
      this.#pings.get(content)?.();
      this.#pings.delete(content);
      return;
    }
    const frame = createFrame(frameTypes.ping, frameFlags.ack, 0, 8);
    frame.writeBigUInt64BE(content, frameHeaderBytes);
    this.#answer(frame);
  }

  /** Streams above `lastStreamId` were not seen; those below may come to their end. */
  #onGoaway(lastStreamId: number): void {
    this.#goAway();
    for (const stream of this.#streams.values()) {
      if (stream.id > lastStreamId) {
        this.#streams.delete(stream.id);
        stream.close(this.#closing(errorCodes.refusedStream));
      }
    }
    this.#closeIfIdle();
  }

  /** Takes no new streams any more, not even those that wait. */
  #goAway(): void {
    if (this.#isGoingAway) return;
    this.#isGoingAway = true;
    // Said at once: Node's server reads nothing more once its last stream is over.
    this.#sayGoodbye(errorCodes.noError);
    this.#options.onGoaway();
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      stream.close(this.#closing(errorCodes.refusedStream));
    }
  }

  #onWindowUpdate(header: FrameHeader, byteCount: number): void {
    if (byteCount === 0) throw new Http2Error(errorCodes.protocolError, "a window was opened by nothing");
    if (header.streamId === 0) {
      this.#sendWindow += byteCount;
      if (this.#sendWindow > maxWindowBytes) {
        throw new Http2Error(errorCodes.flowControlError, "the peer opened a window beyond its largest size");
      }
      this.#sendAll();
      return;
    }
    if (!this.#wasOpened(header.streamId)) {
      throw new Http2Error(errorCodes.protocolError, `stream ${header.streamId} got a window but was never opened`);
    }
    const stream = this.#streams.get(header.streamId);
    if (stream === undefined) return;
    stream.addSendWindow(byteCount);
    this.#sendFrom(stream);
  }

  #openWaiting(): void {
    for (const stream of this.#waiting) {
      if (this.#streams.size >= this.#peerMaxStreams || !this.isUsable) return;
      this.#waiting.delete(stream);
      stream.id = this.#nextStreamId;
      this.#nextStreamId += 2;
      this.#streams.set(stream.id, stream);
      this.#writeHeaderBlock(stream);
      this.#sendFrom(stream);
      // The numbers are used up after a billion calls: the next call needs a new connection.
      if (this.#nextStreamId > maxWindowBytes) this.#goAway();
    }
  }

  #writeHeaderBlock({ id, headerBlock }: FastStream): void {
    const block = this.#isTableSizeSaid ? headerBlock : Buffer.concat([tableIsUnused, headerBlock]);
    this.#isTableSizeSaid = true;
    for (let start = 0; start < block.byteLength; start += this.#peerMaxFrameBytes) {
      const part = block.subarray(start, start + this.#peerMaxFrameBytes);
      const isLast = start + part.byteLength === block.byteLength;
      const type = start === 0 ? frameTypes.headers : frameTypes.continuation;
      const frame = createFrame(type, isLast ? frameFlags.endHeaders : 0, id, part.byteLength);
      frame.set(part, frameHeaderBytes);
      this.#write(frame);
    }
  }

  /** Sends what the streams have, in turns: one that has sent moves to the end of the map, where the loop meets it again. */
  #sendAll(): void {
    for (const stream of this.#streams.values()) {
      if (this.#sendFrame(stream) && this.#streams.delete(stream.id)) this.#streams.set(stream.id, stream);
      this.#forgetIfOver(stream);
    }
  }

  /** Sends what a stream has, as far as the windows allow. */
  #sendFrom(stream: FastStream): void {
    while (this.#sendFrame(stream));
    this.#forgetIfOver(stream);
  }

  /** Sends a frame of what a stream has. False when it has nothing, a window is used up, or the peer does not read. */
  #sendFrame(stream: FastStream): boolean {
    if (stream.id === 0 || this.#isClosed || this.#socket.writableNeedDrain) return false;
    const next = stream.take(Math.min(this.#peerMaxFrameBytes, this.#sendWindow));
    if (next === undefined) return false;
    this.#sendWindow -= next.bytes.byteLength;
    const flags = next.isLast ? frameFlags.endStream : 0;
    const frame = createFrame(frameTypes.data, flags, stream.id, next.bytes.byteLength);
    frame.set(next.bytes, frameHeaderBytes);
    this.#write(frame);
    this.#floodLimit.reset();
    return true;
  }

  #reset(stream: FastStream, errorCode: number): void {
    if (this.#waiting.delete(stream)) return;
    if (!this.#streams.delete(stream.id)) return;
    this.#write(createNumberFrame(frameTypes.rstStream, stream.id, errorCode));
    this.#afterStream();
  }

  #forgetIfOver(stream: FastStream | undefined): void {
    if (stream?.isOver !== true || !this.#streams.delete(stream.id)) return;
    this.#afterStream();
  }

  #afterStream(): void {
    this.#floodLimit.reset();
    this.#openWaiting();
    this.#closeIfIdle();
  }

  /** Does not wait for the peer to hang up too, which may be never. */
  #closeIfIdle(): void {
    if (this.#isGoingAway && !this.#isClosed && this.#streams.size === 0) this.#socket.destroySoon();
  }

  #wasOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.#nextStreamId;
  }

  /**
   * Gives back what was used on the connection, in few and large parts. What the streams hold is bounded by their own windows, so
   * this one never runs out.
   */
  #updateWindow(): void {
    const used = this.#fullReceiveWindow - this.#receiveWindow;
    if (used * 2 < this.#fullReceiveWindow) return;
    this.#receiveWindow += used;
    this.#write(createNumberFrame(frameTypes.windowUpdate, 0, used));
  }

  /** Writes a frame that the peer has asked for, and may ask for again and again. */
  #answer(frame: Uint8Array): void {
    if (this.#socket.writableEnded) return;
    if (++this.#unsentAnswers > maxUnsentAnswers) {
      throw new Http2Error(errorCodes.enhanceYourCalm, "the peer does not read what it asked for");
    }
    this.#write(frame, () => {
      this.#unsentAnswers--;
    });
  }

  /** Writes a frame. The frames of one turn leave together. */
  #write(frame: Uint8Array, onSent?: () => void): void {
    // A connection that was going away may have said its last while the peer still talks.
    if (this.#isClosed || this.#socket.writableEnded) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frame, onSent);
  }

  #finish(): void {
    this.#isClosed = true;
    this.#closeStreams();
    this.#options.onClose(this.#cause);
  }

  /** How a stream ends that the peer has reset, or that the connection has left without a code. */
  #closing(resetCode: number | undefined): StreamClosing {
    // A connection that is going away lets its streams come to an end, if the peer has seen them.
    const isRefused = resetCode === errorCodes.refusedStream && !this.isUsable;
    return {
      resetCode: resetCode ?? errorCodes.noError,
      isLost: resetCode === undefined || isRefused,
      isAllRead: true,
      cause: this.#cause,
    };
  }

  #closeStreams(): void {
    const streams = [...this.#streams.values(), ...this.#waiting];
    this.#streams.clear();
    this.#waiting.clear();
    for (const stream of streams) stream.close(this.#closing(undefined));
  }
}

function isPadded({ flags }: FrameHeader): boolean {
  return (flags & frameFlags.padded) !== 0;
}

function checkLength(header: FrameHeader, isRight: boolean): void {
  if (isRight) return;
  throw new Http2Error(errorCodes.frameSizeError, `a frame of type ${header.type} has ${header.length} bytes`);
}

/** Some frames belong to a stream, others to the connection, which is number 0. */
function checkIsOnStream({ type, streamId }: FrameHeader, isExpected: boolean): void {
  if ((streamId !== 0) === isExpected) return;
  throw new Http2Error(errorCodes.protocolError, `a frame of type ${type} came on stream ${streamId}`);
}

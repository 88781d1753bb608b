import * as net from "node:net";
import { FastStream, type FastStreamListener } from "./fast-stream.js";
import { type FrameHeader, FrameReader } from "./frame-reader.js";
import { createFrame, createNumberFrame } from "./frame-writer.js";
import { type HeaderField, HpackDecoder } from "./hpack/hpack-decoder.js";
import { encodeHeaderBlock } from "./hpack/hpack-encoder.js";
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

/** What begins every HTTP/2 connection. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** How much is read from the socket at once, into the one buffer that is used again and again. */
const readBufferBytes = 256 * 1024;

/** The largest list of header fields that a peer may send, in bytes. */
const maxHeaderListBytes = 64 * 1024;

/** How many frames may come in a row without a byte of an answer, so that a flood of them ends the connection. */
const maxIdleFrames = 10_000;

/** Options of {@link FastSession}. */
export interface FastSessionOptions {
  readonly path: string;
  /** How much the peer may send ahead on one stream, in bytes. */
  readonly streamWindowBytes: number;
  /** How much the peer may send ahead on all streams together, in bytes. */
  readonly connectionWindowBytes: number;
  /** The peer's settings have come: it speaks HTTP/2. */
  readonly onReady: () => void;
  /** The peer takes no new streams. */
  readonly onGoaway: () => void;
  /** It is over. Without a cause the peer hung up, or `destroy` was called without one. */
  readonly onClose: (cause: Error | undefined) => void;
}

/**
 * One HTTP/2 connection over a Unix domain socket, client side (RFC 9113), made for few streams with large answers: frames are taken
 * apart straight from one reused read buffer, and the bytes of an answer are copied once, into their message.
 *
 * Pushes are refused and priorities ignored: no gRPC server needs them.
 */
export class FastSession {
  readonly #options: FastSessionOptions;
  readonly #socket: net.Socket;
  readonly #reader: FrameReader;
  readonly #hpack = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: maxHeaderListBytes });
  readonly #streams = new Map<number, FastStream>();
  /** Streams that wait because the peer takes only so many at once. */
  readonly #waiting = new Set<FastStream>();
  readonly #pings = new Map<bigint, () => void>();
  #lastPing = 0n;
  #nextStreamId = 1;
  #isReady = false;
  #isGoingAway = false;
  #isClosed = false;
  #peerInitialWindow = defaultWindowBytes;
  #peerMaxFrameBytes = defaultMaxFrameBytes;
  #peerMaxStreams = Number.POSITIVE_INFINITY;
  /** What may still be sent on all streams together. */
  #sendWindow = defaultWindowBytes;
  /** What the peer may still send on all streams together. */
  #receiveWindow: number;
  /** A header block that is still coming, and the frame that began it. */
  #block: { readonly header: FrameHeader; readonly parts: Uint8Array[]; byteCount: number } | undefined;
  /** What is left of the data, without its padding, in the DATA frame that is being read; `undefined` between two. */
  #dataLeft: number | undefined;
  #idleFrames = 0;
  #isCorked = false;
  #cause: Error | undefined;

  constructor(options: FastSessionOptions) {
    this.#options = options;
    this.#receiveWindow = Math.max(options.connectionWindowBytes, defaultWindowBytes);
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
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#finish());
    this.#begin();
  }

  /** Whether new streams can be opened. */
  get isUsable(): boolean {
    return !this.#isClosed && !this.#isGoingAway;
  }

  /** Whether it is over, not just closed to new streams. */
  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  /** Why it is over, if there is a reason. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** How many bytes have come, for those who want to know whether any come. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Starts a request. It waits while the peer takes no more streams. */
  request(fields: Iterable<HeaderField>, listener: FastStreamListener): FastStream {
    const owner = {
      send: (sender: FastStream) => this.#sendFrom(sender),
      reset: (sender: FastStream, errorCode: number) => this.#reset(sender, errorCode),
      update: (id: number, byteCount: number) => this.#write(createNumberFrame(frameTypes.windowUpdate, id, byteCount)),
    };
    const windows = { sendWindow: this.#peerInitialWindow, receiveWindow: this.#options.streamWindowBytes };
    const stream = new FastStream(owner, encodeHeaderBlock(fields), windows, listener);
    this.#waiting.add(stream);
    this.#openWaiting();
    return stream;
  }

  /** Asks the peer for a sign of life. */
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

  /** Ends it at once; streams that are open learn of it. `onClose` follows when the socket is gone. */
  destroy(cause?: Error): void {
    if (this.#isClosed) return;
    this.#cause ??= cause;
    this.#sayGoodbye(cause instanceof Http2Error ? cause.errorCode : errorCodes.noError);
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
    this.#idleFrames = 0;
    this.#receiveWindow -= part.byteLength;
    if (this.#receiveWindow < 0) {
      throw new Http2Error(errorCodes.flowControlError, "the peer sent more than its window on the connection");
    }
    const stream = this.#streams.get(header.streamId);
    // One that was reset from this side may still get data, which counts for the connection all the same.
    if (stream !== undefined) stream.receive(data, part.byteLength);
    else if (!this.#wasOpened(header.streamId)) {
      throw new Http2Error(errorCodes.protocolError, `data came on stream ${header.streamId}, which was never opened`);
    }
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
    if (++this.#idleFrames > maxIdleFrames) {
      throw new Http2Error(errorCodes.enhanceYourCalm, `${maxIdleFrames} frames came without any data`);
    }
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
        break;
      case frameTypes.rstStream:
        checkLength(header, header.length === 4);
        this.#onReset(header, view.getUint32(0));
        break;
      case frameTypes.settings:
        this.#onSettings(header, view);
        break;
      case frameTypes.pushPromise:
        throw new Http2Error(errorCodes.protocolError, "the peer pushes, which was refused");
      case frameTypes.ping:
        checkLength(header, header.length === 8);
        this.#onPing(header, view.getBigUint64(0));
        break;
      case frameTypes.goaway:
        checkLength(header, header.length >= 8);
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
    block.byteCount += part.byteLength;
    if (block.byteCount > maxHeaderListBytes) {
      throw new Http2Error(errorCodes.enhanceYourCalm, `a header block is larger than ${maxHeaderListBytes} bytes`);
    }
    // A copy: what is handed in lies in the read buffer.
    block.parts.push(isLast && block.parts.length === 0 ? part : part.slice());
    if (!isLast) return;
    this.#block = undefined;
    const whole = block.parts.length === 1 ? block.parts[0] : Buffer.concat(block.parts);
    const fields = this.#decode(whole ?? new Uint8Array());
    const stream = this.#streams.get(block.header.streamId);
    stream?.receiveFields(fields, (block.header.flags & frameFlags.endStream) !== 0);
    this.#forgetIfOver(stream);
  }

  #decode(block: Uint8Array): HeaderField[] {
    try {
      return this.#hpack.decode(block);
    } catch (error) {
      throw new Http2Error(errorCodes.compressionError, error instanceof Error ? error.message : String(error));
    }
  }

  #onReset(header: FrameHeader, errorCode: number): void {
    if (!this.#wasOpened(header.streamId)) {
      throw new Http2Error(errorCodes.protocolError, `stream ${header.streamId} was reset but never opened`);
    }
    const stream = this.#streams.get(header.streamId);
    stream?.close(errorCode);
    this.#forgetIfOver(stream);
  }

  #onSettings(header: FrameHeader, view: DataView): void {
    if (header.streamId !== 0) throw new Http2Error(errorCodes.protocolError, "settings came on a stream");
    if ((header.flags & frameFlags.ack) !== 0) {
      checkLength(header, header.length === 0);
      if (!this.#isReady) throw new Http2Error(errorCodes.protocolError, "the peer did not begin with its settings");
      return;
    }
    checkLength(header, header.length % 6 === 0);
    for (let offset = 0; offset < view.byteLength; offset += 6) {
      this.#onSetting(view.getUint16(offset), view.getUint32(offset + 2));
    }
    this.#write(createFrame(frameTypes.settings, frameFlags.ack, 0, 0));
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
    if (header.streamId !== 0) throw new Http2Error(errorCodes.protocolError, "a ping came on a stream");
    if ((header.flags & frameFlags.ack) !== 0) {
      this.#pings.get(content)?.();
      this.#pings.delete(content);
      return;
    }
    const frame = createFrame(frameTypes.ping, frameFlags.ack, 0, 8);
    frame.writeBigUInt64BE(content, frameHeaderBytes);
    this.#write(frame);
  }

  /** Streams above `lastStreamId` were not seen; those below may come to their end. */
  #onGoaway(lastStreamId: number): void {
    const isNews = !this.#isGoingAway;
    this.#isGoingAway = true;
    if (isNews) {
      // Said at once: Node's server reads nothing more once its last stream is over.
      this.#sayGoodbye(errorCodes.noError);
      this.#options.onGoaway();
    }
    const refused = [...this.#streams.values()].filter(({ id }) => id > lastStreamId);
    for (const stream of [...refused, ...this.#waiting]) {
      this.#streams.delete(stream.id);
      this.#waiting.delete(stream);
      stream.close(errorCodes.refusedStream);
    }
    this.#closeIfIdle();
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
      if (this.#nextStreamId > maxWindowBytes) this.#isGoingAway = true;
    }
  }

  #writeHeaderBlock({ id, headerBlock }: FastStream): void {
    for (let start = 0; start === 0 || start < headerBlock.byteLength; start += this.#peerMaxFrameBytes) {
      const part = headerBlock.subarray(start, start + this.#peerMaxFrameBytes);
      const isLast = start + part.byteLength >= headerBlock.byteLength;
      const type = start === 0 ? frameTypes.headers : frameTypes.continuation;
      const frame = createFrame(type, isLast ? frameFlags.endHeaders : 0, id, part.byteLength);
      frame.set(part, frameHeaderBytes);
      this.#write(frame);
    }
  }

  #sendAll(): void {
    for (const stream of this.#streams.values()) this.#sendFrom(stream);
  }

  /** Sends what a stream has, as far as the windows allow. */
  #sendFrom(stream: FastStream): void {
    if (stream.id === 0 || this.#isClosed) return;
    for (;;) {
      const next = stream.take(Math.min(this.#peerMaxFrameBytes, this.#sendWindow));
      if (next === undefined) break;
      this.#sendWindow -= next.bytes.byteLength;
      const flags = next.isLast ? frameFlags.endStream : 0;
      const frame = createFrame(frameTypes.data, flags, stream.id, next.bytes.byteLength);
      frame.set(next.bytes, frameHeaderBytes);
      this.#write(frame);
    }
    this.#forgetIfOver(stream);
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
    this.#openWaiting();
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#isGoingAway && !this.#isClosed && this.#streams.size === 0) this.#socket.end();
  }

  #wasOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.#nextStreamId;
  }

  /** Gives back what was used on the connection, in few and large parts. What the streams hold is bounded by their own windows. */
  #updateWindow(): void {
    const full = Math.max(this.#options.connectionWindowBytes, defaultWindowBytes);
    const used = full - this.#receiveWindow;
    if (used * 2 < full) return;
    this.#receiveWindow += used;
    this.#write(createNumberFrame(frameTypes.windowUpdate, 0, used));
  }

  /** Writes a frame. The frames of one turn leave together. */
  #write(frame: Uint8Array): void {
    if (this.#isClosed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frame);
  }

  #finish(): void {
    this.#isClosed = true;
    this.#closeStreams();
    this.#options.onClose(this.#cause);
  }

  #closeStreams(): void {
    const streams = [...this.#streams.values(), ...this.#waiting];
    this.#streams.clear();
    this.#waiting.clear();
    for (const stream of streams) stream.close(undefined);
  }
}

function isPadded({ flags }: FrameHeader): boolean {
  return (flags & frameFlags.padded) !== 0;
}

function checkLength(header: FrameHeader, isRight: boolean): void {
  if (isRight) return;
  throw new Http2Error(errorCodes.frameSizeError, `a frame of type ${header.type} has ${header.length} bytes`);
}

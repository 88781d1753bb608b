import type { Duplex } from "node:stream";
import type { Clock } from "@resoio/core/internal";
import type { WebSocket } from "ws";
import { encodeFrames, type Frame, frameHeaderBytes, writeFrameHeader } from "../../wire/frames.js";
import type { Piece } from "../../wire/message-sender.js";
import { type FrameType, frameTypes } from "../../wire/protocol.js";
import { StallWatch } from "./stall-watch.js";

/** Has DATA to send: a call. */
export interface OutputSource {
  readonly id: number;
  /** Whether {@link take} has something. */
  readonly isReady: boolean;
  /** The next piece. Frames that must come behind it are given to {@link OutputScheduler.sendControl} meanwhile. */
  take(): Piece | undefined;
  /** What could be sent now has been sent: time to slow down or speed up who gives the data. */
  settle(): void;
}

/** Options of {@link OutputScheduler}. */
export interface OutputSchedulerOptions {
  readonly socket: WebSocket;
  /** What is below {@link socket}. */
  readonly stream: Duplex;
  readonly clock: Clock;
  /** How long nothing may be taken before {@link onNotReading}, in milliseconds. */
  readonly notReadingTimeoutMs: number;
  /** The client takes nothing. Its only sensible answer is to close the connection. */
  readonly onNotReading: () => void;
  /** The client has begun to close the connection, or it is lost: nothing can be sent any more. May be told more than once. */
  readonly onClosing: () => void;
}

/** DATA waits while the socket holds this much: what a call that comes now has to wait for. */
const maxBufferedBytes = 128 * 1024;
/** The most that may wait for a client that reads slowly and makes the proxy answer all the same. */
const maxWaitingBytes = 1024 * 1024;
/** Frames are put together into one message up to this. */
const maxBatchBytes = 64 * 1024;
/** Longer pieces are not worth a copy: they go out from where they lie. */
const maxCopiedBytes = 4 * 1024;

const emptyPayload = new Uint8Array(0);

/**
 * Decides what a connection sends next. Control frames come first, so that they never wait for more than what the socket already
 * holds; the calls that have DATA take turns, a piece each. What is given within one turn of the event loop leaves as one message.
 */
export class OutputScheduler {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #stallWatch: StallWatch;
  readonly #onNotReading: () => void;
  readonly #onClosing: () => void;
  readonly #control: Frame[] = [];
  /** In the order of their turns. */
  readonly #ready = new Set<OutputSource>();
  readonly #unsettled = new Set<OutputSource>();
  #batch: Frame[] = [];
  #batchBytes = 0;
  /** Told when the batch was sent. */
  #batchSent: (() => void)[] = [];
  #nextFlush: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(options: OutputSchedulerOptions) {
    this.#socket = options.socket;
    this.#stream = options.stream;
    this.#onNotReading = options.onNotReading;
    this.#onClosing = options.onClosing;
    this.#stallWatch = new StallWatch({
      clock: options.clock,
      timeoutMs: options.notReadingTimeoutMs,
      onStall: options.onNotReading,
    });
  }

  /** Sends a frame before all DATA that waits. */
  sendControl(type: FrameType, callId: number, payload: Uint8Array = emptyPayload): void {
    if (this.#isClosed) return;
    this.#control.push({ type, callId, payload });
    this.#schedule();
  }

  /** Something has changed for `source`: it has more to send, or may send more. */
  wake(source: OutputSource): void {
    if (this.#isClosed) return;
    this.#unsettled.add(source);
    if (source.isReady) this.#ready.add(source);
    this.#schedule();
  }

  /** Forgets `source`. */
  remove(source: OutputSource): void {
    this.#ready.delete(source);
    this.#unsettled.delete(source);
  }

  /** Sends the control frames that wait, and nothing after them. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearImmediate(this.#nextFlush);
    this.#stallWatch.stop();
    this.#ready.clear();
    this.#unsettled.clear();
    this.#takeControl();
    this.#sendBatch();
  }

  #schedule(): void {
    // After everything that the network has brought in this turn: the header, the message and the end of a call that is answered
    // at once are then one WebSocket message, one system call, and one event for the page.
    this.#nextFlush ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#stream.cork();
    this.#takeControl();
    while (this.#socket.bufferedAmount + this.#batchBytes < maxBufferedBytes) {
      const [source] = this.#ready;
      if (source === undefined) break;
      this.#ready.delete(source);
      this.#unsettled.add(source);
      const piece = source.take();
      if (piece !== undefined) this.#addData(source.id, piece);
      if (source.isReady) this.#ready.add(source);
      this.#takeControl();
    }
    this.#sendBatch();
    this.#stream.uncork();
    this.#nextFlush = undefined;
    this.#settle();
    if (this.#socket.bufferedAmount > maxWaitingBytes) this.#onNotReading();
  }

  #settle(): void {
    const sources = [...this.#unsettled];
    this.#unsettled.clear();
    for (const source of sources) source.settle();
  }

  #takeControl(): void {
    for (const frame of this.#control) this.#addFrame(frame);
    this.#control.length = 0;
  }

  #addData(callId: number, { bytes, onSent }: Piece): void {
    if (bytes.byteLength <= maxCopiedBytes) {
      this.#addFrame({ type: frameTypes.data, callId, payload: bytes });
      // Not before what was sent of the message from where it lies.
      if (onSent !== undefined) this.#batchSent.push(onSent);
      return;
    }
    const header = new Uint8Array(frameHeaderBytes);
    writeFrameHeader(new DataView(header.buffer), 0, frameTypes.data, callId, bytes.byteLength);
    if (this.#batch.length > 0) this.#writeBatch(false);
    this.#write(header, false);
    this.#write(bytes, true, onSent === undefined ? [] : [onSent]);
  }

  #addFrame(frame: Frame): void {
    const byteLength = frameHeaderBytes + frame.payload.byteLength;
    if (this.#batchBytes + byteLength > maxBatchBytes) this.#sendBatch();
    this.#batch.push(frame);
    this.#batchBytes += byteLength;
  }

  #sendBatch(): void {
    if (this.#batch.length > 0) this.#writeBatch(true);
  }

  #writeBatch(fin: boolean): void {
    const bytes = encodeFrames(this.#batch);
    const onSent = this.#batchSent;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#batchSent = [];
    this.#write(bytes, fin, onSent);
  }

  /** Sends a whole message, or a fragment of the one that `fin` ends. */
  #write(bytes: Uint8Array, fin: boolean, onSent: readonly (() => void)[] = []): void {
    this.#stallWatch.sent();
    this.#socket.send(bytes, { binary: true, fin }, (error) => {
      this.#stallWatch.taken();
      if (!error) for (const told of onSent) told();
      if (error && !this.#isClosed) this.#onClosing();
      else if (this.#ready.size > 0) this.#schedule();
    });
  }
}

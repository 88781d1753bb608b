import { encodeFrames, type Frame, frameHeaderBytes } from "./frames.js";
import type { FrameType } from "./protocol.js";

/** Options of {@link FrameWriter}. */
export interface FrameWriterOptions {
  /** Sends one WebSocket message. */
  readonly send: (message: Uint8Array<ArrayBuffer>) => void;
  /** How much one message may hold, in bytes. A single frame that is larger goes alone. */
  readonly maxMessageBytes: number;
}

const emptyPayload = new Uint8Array(0);

/** Collects the frames of a tick and sends them as one WebSocket message at its end. */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  #frames: Frame[] = [];
  #byteLength = 0;
  #isScheduled = false;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
  }

  /** What is collected and not sent yet, in bytes. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Adds a frame. Its payload must not change before the end of the tick. */
  write(type: FrameType, callId: number, payload: Uint8Array = emptyPayload): void {
    const byteLength = frameHeaderBytes + payload.byteLength;
    if (this.#byteLength + byteLength > this.#options.maxMessageBytes) this.flush();
    this.#frames.push({ type, callId, payload });
    this.#byteLength += byteLength;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Sends what is collected now. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const message = encodeFrames(this.#frames);
    this.#frames = [];
    this.#byteLength = 0;
    this.#options.send(message);
  }
}

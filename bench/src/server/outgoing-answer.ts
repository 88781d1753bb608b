import { createFrame, defaultMaxFrameBytes, frameHeaderBytes, frameTypes } from "@resoio/node-uds/internal";
import type { Answer } from "./answers.ts";

/** Answers that repeat are made so long that one write is worth its system call, in bytes. */
const minRoundBytes = 256 * 1024;

/** DATA to write, and how much of the windows it takes. */
export interface OutgoingData {
  readonly parts: readonly Buffer[];
  readonly byteCount: number;
}

/** An answer cut into DATA frames beforehand: as many as a window allows are taken at once, and none is touched. */
export class OutgoingAnswer {
  readonly #streamId: number;
  readonly #repeats: boolean;
  /** The frames, one behind the other. */
  readonly #bytes: Buffer;
  /** Where each frame begins, and where the last one ends. */
  readonly #starts: readonly number[];
  #frame = 0;
  /** How much of the current frame's payload was sent, when the window cut it. */
  #cut = 0;
  #isSent = false;

  constructor(streamId: number, { message, repeats }: Answer) {
    this.#streamId = streamId;
    this.#repeats = repeats;
    const copies = repeats ? Math.max(1, Math.ceil(minRoundBytes / message.byteLength)) : 1;
    const parts: Buffer[] = [];
    const starts = [0];
    for (let copy = 0; copy < copies; copy++) {
      for (let offset = 0; offset < message.byteLength; offset += defaultMaxFrameBytes) {
        const payload = message.subarray(offset, offset + defaultMaxFrameBytes);
        parts.push(createFrame(frameTypes.data, 0, streamId, 0), payload);
        parts.at(-2)?.writeUIntBE(payload.byteLength, 0, 3);
        starts.push((starts.at(-1) ?? 0) + frameHeaderBytes + payload.byteLength);
      }
    }
    this.#bytes = Buffer.concat(parts);
    this.#starts = starts;
  }

  /** Whether everything was taken. Never for what repeats. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** As much as a window allows, up to the end of the message; `undefined` when that is nothing. */
  take(window: number): OutgoingData | undefined {
    if (window <= 0 || this.#isSent) return undefined;
    const first = this.#frame;
    if (this.#cut > 0 || this.#payloadBytes(first) > window) return this.#takePart(window);
    let byteCount = 0;
    let end = first;
    while (end + 1 < this.#starts.length && byteCount + this.#payloadBytes(end) <= window) {
      byteCount += this.#payloadBytes(end++);
    }
    this.#goTo(end);
    return { parts: [this.#bytes.subarray(this.#starts[first], this.#starts[end])], byteCount };
  }

  /** What the window allows of a frame that does not fit, or the rest of one. */
  #takePart(window: number): OutgoingData {
    const payloadBytes = this.#payloadBytes(this.#frame);
    const byteCount = Math.min(window, payloadBytes - this.#cut);
    const start = (this.#starts[this.#frame] ?? 0) + frameHeaderBytes + this.#cut;
    const header = createFrame(frameTypes.data, 0, this.#streamId, 0);
    header.writeUIntBE(byteCount, 0, 3);
    this.#cut += byteCount;
    if (this.#cut === payloadBytes) this.#goTo(this.#frame + 1);
    return { parts: [header, this.#bytes.subarray(start, start + byteCount)], byteCount };
  }

  #payloadBytes(frame: number): number {
    return (this.#starts[frame + 1] ?? 0) - (this.#starts[frame] ?? 0) - frameHeaderBytes;
  }

  #goTo(frame: number): void {
    this.#cut = 0;
    this.#frame = frame;
    if (frame + 1 < this.#starts.length) return;
    this.#frame = 0;
    this.#isSent = !this.#repeats;
  }
}

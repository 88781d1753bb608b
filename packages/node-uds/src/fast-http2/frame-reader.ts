import { defaultMaxFrameBytes, errorCodes, frameHeaderBytes, frameTypes } from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";

/** What a frame says about itself. */
export interface FrameHeader {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/** Told what was read. What is a view is valid during the call only: the buffer is used again. */
export interface FrameListener {
  /** A part of a DATA frame, in order; the last of the frame when `isLast`. Padding is still in it. */
  onDataPart(header: FrameHeader, part: Uint8Array, isLast: boolean): void;
  /** A whole frame of any other kind. */
  onFrame(header: FrameHeader, payload: Uint8Array): void;
}

/**
 * Takes HTTP/2 frames apart, straight from the buffer that the socket reads into. DATA is handed on in whatever parts it arrives, so
 * its bytes are not touched here; other frames are small and are put together when they were cut. `bench/` shows what it saves.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #headerBytes = new Uint8Array(frameHeaderBytes);
  #headerLength = 0;
  #header: FrameHeader | undefined;
  /** How much of the current frame has been read. */
  #payloadLength = 0;
  #payload: Uint8Array | undefined;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Reads what has arrived. Throws {@link Http2Error} for a frame that is too large, and what the listener throws. */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.byteLength || this.#isEmptyFrame()) {
      if (this.#header === undefined) {
        offset = this.#readHeader(chunk, offset);
        continue;
      }
      const header = this.#header;
      const take = Math.min(header.length - this.#payloadLength, chunk.byteLength - offset);
      const part = chunk.subarray(offset, offset + take);
      offset += take;
      this.#payloadLength += take;
      const isComplete = this.#payloadLength === header.length;
      if (header.type === frameTypes.data) {
        if (isComplete) this.#reset();
        this.#listener.onDataPart(header, part, isComplete);
      } else this.#collect(header, part, isComplete);
    }
  }

  #isEmptyFrame(): boolean {
    return this.#header !== undefined && this.#header.length === 0;
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    // Most headers lie in one piece.
    if (this.#headerLength === 0 && chunk.byteLength - start >= frameHeaderBytes) {
      this.#header = parseHeader(chunk, start);
      return start + frameHeaderBytes;
    }
    let offset = start;
    while (this.#headerLength < frameHeaderBytes && offset < chunk.byteLength) {
      this.#headerBytes[this.#headerLength++] = chunk[offset++] ?? 0;
    }
    if (this.#headerLength === frameHeaderBytes) this.#header = parseHeader(this.#headerBytes, 0);
    return offset;
  }

  #collect(header: FrameHeader, part: Uint8Array, isComplete: boolean): void {
    if (isComplete && this.#payload === undefined) {
      this.#reset();
      this.#listener.onFrame(header, part);
      return;
    }
    this.#payload ??= new Uint8Array(header.length);
    this.#payload.set(part, this.#payloadLength - part.byteLength);
    if (!isComplete) return;
    const payload = this.#payload;
    this.#reset();
    this.#listener.onFrame(header, payload);
  }

  #reset(): void {
    this.#header = undefined;
    this.#headerLength = 0;
    this.#payloadLength = 0;
    this.#payload = undefined;
  }
}

function parseHeader(bytes: Uint8Array, offset: number): FrameHeader {
  const length = uint16(bytes, offset) * 0x100 + uint8(bytes, offset + 2);
  if (length > defaultMaxFrameBytes) {
    throw new Http2Error(
      errorCodes.frameSizeError,
      `a frame of ${length} bytes came; ${defaultMaxFrameBytes} are allowed`,
    );
  }
  return {
    length,
    type: uint8(bytes, offset + 3),
    flags: uint8(bytes, offset + 4),
    // The highest bit is reserved.
    streamId: (uint16(bytes, offset + 5) & 0x7fff) * 0x10000 + uint16(bytes, offset + 7),
  };
}

function uint16(bytes: Uint8Array, offset: number): number {
  return uint8(bytes, offset) * 0x100 + uint8(bytes, offset + 1);
}

function uint8(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

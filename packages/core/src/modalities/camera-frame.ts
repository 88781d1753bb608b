import { NotInBrowserError } from "../errors/not-in-browser-error.js";
import type { CameraFrame as WireFrame } from "../gen/resonite_io/v1/camera_pb.js";
import type { StreamGap } from "../streams/resumed-stream.js";
import type { SharedHold } from "../streams/shared-hold.js";
import type { SharedMessage } from "../streams/stream-reader.js";

/** One picture of the game's window. */
export interface CameraFrame {
  /** Width in pixels. Follows the window, so it may change from frame to frame. */
  readonly width: number;
  /** Height in pixels. Follows the window, so it may change from frame to frame. */
  readonly height: number;
  /**
   * `width * height * 4` bytes in the order R, G, B, A, rows from top to bottom without padding. The alpha byte means
   * nothing; treat the picture as opaque.
   *
   * A view of the message as it was received: nothing was copied, and keeping the view keeps the whole message in memory. Other
   * streams of the program see the same bytes, so do not write to them. They never change; after {@link release} there are none.
   */
  readonly pixels: Uint8Array;
  /** When the renderer captured the picture: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
  /**
   * Number of this frame in its call: 0, 1, 2, ... The mod numbers what it sends, so frames it skipped leave no gap. A stream
   * that joins the call of another begins in the middle, and numbers begin again when the call is made anew.
   */
  readonly frameId: bigint;
  /** How many frames this stream skipped since the one before, because the loop was busy. Always 0 in the mode `"every"`. */
  readonly skippedFrames: number;
  /** The interruption in front of this frame, in a stream that resumes. `undefined` for all other frames. */
  readonly gap: StreamGap | undefined;
  /**
   * The picture for a canvas: `context.putImageData(frame.toImageData(), 0, 0)`. It shares the memory of {@link pixels}. The
   * alpha byte is as the game left it, often below 255, which shows on a canvas that is not opaque.
   *
   * Throws {@link NotInBrowserError} where there is no `ImageData`, as in Node.
   */
  toImageData(): ImageData;
  /**
   * Says that the pixels are not needed any more, so that a later frame can come in their memory: that saves more than half of
   * what a large frame costs. Afterwards {@link pixels} is empty, and so is every view of it that was kept, as soon as all
   * streams of the program have released the frame. Nobody has to call this; it may be called again.
   */
  release(): void;
  /** The same as {@link release}: `for await (using frame of camera.stream()) { ... }`. */
  [Symbol.dispose](): void;
}

/** Makes a {@link CameraFrame} of a frame whose size was checked. */
export function createCameraFrame(shared: SharedMessage<WireFrame>, gap: StreamGap | undefined): CameraFrame {
  return new Frame(shared, gap);
}

const noPixels = new Uint8Array(0);

class Frame implements CameraFrame {
  readonly width: number;
  readonly height: number;
  pixels: Uint8Array;
  readonly unixNanos: bigint;
  readonly frameId: bigint;
  readonly skippedFrames: number;
  readonly gap: StreamGap | undefined;
  #hold: SharedHold | undefined;

  constructor({ message, skipped, hold }: SharedMessage<WireFrame>, gap: StreamGap | undefined) {
    this.width = message.width;
    this.height = message.height;
    this.pixels = message.pixels;
    this.unixNanos = message.unixNanos;
    this.frameId = message.frameId;
    this.skippedFrames = skipped;
    this.gap = gap;
    this.#hold = hold;
  }

  release(): void {
    const hold = this.#hold;
    this.#hold = undefined;
    this.pixels = noPixels;
    hold?.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  toImageData(): ImageData {
    if (typeof ImageData === "undefined") throw new NotInBrowserError("ImageData");
    const { buffer, byteOffset, byteLength } = this.pixels;
    // A canvas cannot take memory that threads share. No transport of ours hands such memory out.
    const bytes =
      buffer instanceof ArrayBuffer
        ? new Uint8ClampedArray(buffer, byteOffset, byteLength)
        : Uint8ClampedArray.from(this.pixels);
    return new ImageData(bytes, this.width, this.height);
  }
}

import type { Clock } from "@resoio/core/internal";
import { encodeImage } from "../format/picture-image.js";
import type { CameraEncoder } from "./camera-encoder.js";
import type { ReservedPlace } from "./recording-queue.js";

/** Options of {@link FrameEncoder}. */
export interface FrameEncoderOptions {
  readonly encode: CameraEncoder;
  readonly clock: Clock;
  /** How long one frame may take, in milliseconds. */
  readonly timeoutMs: number;
  /** A frame could not be encoded. */
  readonly onError: (error: unknown) => void;
  /** A place was filled, or given up. */
  readonly onDone: () => void;
}

/** Encodes frames for their places in the recording: one at a time, and of those that wait only the newest. */
export class FrameEncoder {
  readonly #options: FrameEncoderOptions;
  #isBusy = false;
  #next: { readonly frame: Uint8Array; readonly place: ReservedPlace } | undefined;

  constructor(options: FrameEncoderOptions) {
    this.#options = options;
  }

  encode(frame: Uint8Array, place: ReservedPlace): void {
    if (this.#next !== undefined) {
      this.#next.place.giveUp();
      this.#options.onDone();
    }
    this.#next = { frame, place };
    if (!this.#isBusy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      try {
        const picture = await this.#encodeInTime(next.frame);
        if (picture === undefined) next.place.giveUp();
        else next.place.fill(picture);
      } catch (error) {
        next.place.giveUp();
        this.#options.onError(error);
      }
      this.#options.onDone();
    }
    this.#isBusy = false;
  }

  async #encodeInTime(frame: Uint8Array): Promise<Uint8Array | undefined> {
    const { encode, clock, timeoutMs } = this.#options;
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = clock.schedule(timeoutMs, () => reject(new Error(`a camera frame took more than ${timeoutMs} ms`)));
    try {
      const picture = await Promise.race([encode(frame), promise]);
      return picture && encodeImage(picture);
    } finally {
      cancel();
    }
  }
}

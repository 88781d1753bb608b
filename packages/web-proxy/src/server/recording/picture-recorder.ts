import type { Clock } from "@resoio/core/internal";
import type { CameraEncoder } from "@resoio/recording";
import { encodeFrame } from "../encode-frame.js";
import { nameOfSettings, type PictureSettings } from "../picture-settings.js";
import { Slots } from "../slots.js";

/** Encodes the camera for recordings: each frame once for all that want it in the same way. */
export class PictureRecorder {
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #encoders = new Map<string, CameraEncoder>();

  /** At most `maxEncodings` pictures are encoded at once. */
  constructor(maxEncodings: number, clock: Clock) {
    this.#slots = new Slots(maxEncodings);
    this.#clock = clock;
  }

  /** What encodes with these settings. */
  encoderFor(settings: PictureSettings): CameraEncoder {
    const name = nameOfSettings(settings);
    const known = this.#encoders.get(name);
    if (known !== undefined) return known;
    const encoder = remembering((frame) => this.#slots.run(() => this.#encode(frame, settings)));
    this.#encoders.set(name, encoder);
    return encoder;
  }

  async #encode(frame: Uint8Array, settings: PictureSettings): Promise<Uint8Array | undefined> {
    return (await encodeFrame(frame, settings, this.#clock))?.message.bytesFor(0);
  }
}

/** Remembers what was made of the same bytes, for as long as somebody has them. */
function remembering(encode: CameraEncoder): CameraEncoder {
  const made = new WeakMap<Uint8Array, ReturnType<CameraEncoder>>();
  return (frame) => {
    let picture = made.get(frame);
    if (picture === undefined) {
      picture = encode(frame);
      made.set(frame, picture);
    }
    return picture;
  };
}

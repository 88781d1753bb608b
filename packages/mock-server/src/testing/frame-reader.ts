import { services } from "@resoio/core";
import type { CameraFrame } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { VirtualClock } from "../engine/clock.js";
import type { OpenMod } from "./open-mod.js";

/** Reads a camera stream over the socket in virtual time. */
export class FrameReader {
  readonly #call: AsyncIterable<CameraFrame> & { cancel(): void };
  readonly #frames: AsyncIterator<CameraFrame>;
  readonly #clock: VirtualClock;

  constructor(test: OpenMod, fpsLimit = 0) {
    this.#call = test.raw.serverStream(services.camera.method.streamFrames, { fpsLimit });
    this.#frames = this.#call[Symbol.asyncIterator]();
    this.#clock = test.clock;
  }

  /** The next frame; moves time forward by `stepMs` at a time until it is there. */
  async next(stepMs = 5): Promise<CameraFrame> {
    let isThere = false;
    const result = this.#frames.next().finally(() => {
      isThere = true;
    });
    // Whoever awaits the result hears of a failure.
    result.catch(() => {});
    while (!isThere) await this.#clock.advance(stepMs);
    const { value, done } = await result;
    if (done === true) throw new Error("the stream has ended");
    return value;
  }

  /** Cancels the call. */
  cancel(): void {
    this.#call.cancel();
  }
}

/** What the camera shows now. Time does not move, so a period of the camera must have passed since the last picture. */
export async function shot(test: OpenMod): Promise<CameraFrame> {
  const { journal } = test.engine;
  const calls = journal.calls("camera.streamFrames").length;
  const reader = new FrameReader(test);
  const frame = await reader.next(0);
  reader.cancel();
  await test.engine.until(() => journal.calls("camera.streamFrames").length > calls);
  return frame;
}

/** How much two pictures differ: the mean difference of their bytes, 0 to 255. Infinite when their sizes differ. */
export function difference(one: CameraFrame, other: CameraFrame): number {
  if (one.width !== other.width || one.height !== other.height) return Number.POSITIVE_INFINITY;
  const sum = one.pixels.reduce((total, byte, index) => total + Math.abs(byte - (other.pixels[index] ?? 0)), 0);
  return sum / one.pixels.length;
}

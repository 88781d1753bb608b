import { errorCodes } from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";

/** How many frames may come within {@link windowMs} while no call gets any further. */
const maxIdleFrames = 10_000;
const windowMs = 10_000;

/** Tells a peer that only keeps this side busy from one that is quiet for days, and sends a ping now and then. */
export class FloodLimit {
  #count = 0;
  #since = performance.now();

  /** A frame that brings no call any further. Throws {@link Http2Error} when there were too many. */
  add(): void {
    if (++this.#count <= maxIdleFrames) return;
    const now = performance.now();
    if (now - this.#since < windowMs) {
      throw new Http2Error(errorCodes.enhanceYourCalm, `${maxIdleFrames} frames came that bring no call any further`);
    }
    this.#count = 0;
    this.#since = now;
  }

  /** A call got further. */
  reset(): void {
    this.#count = 0;
  }
}

import { ResoioError } from "./resoio-error.js";

/**
 * A stream was accepted but its first message did not come in time. The mod itself would wait for ever, for example while
 * the renderer is not up.
 */
export class FirstFrameTimeoutError extends ResoioError {
  readonly code = "FIRST_FRAME_TIMEOUT";
  /** The limit that passed, in milliseconds. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(
      `the camera sent no frame within ${timeoutMs} ms. The renderer may still be starting, or its window is not drawn; ` +
        "try again, or raise firstFrameTimeoutMs.",
    );
    this.timeoutMs = timeoutMs;
  }
}

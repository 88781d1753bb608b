import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { FirstFrameTimeoutError } from "../errors/first-frame-timeout-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { StreamEndedError } from "../errors/stream-ended-error.js";
import { Camera, type CameraFrame as WireFrame } from "../gen/resonite_io/v1/camera_pb.js";
import { maxTimerMs } from "../max-timer-ms.js";
import { createServerStream, type ServerStream } from "../streams/server-stream.js";

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
   * A view of the message as it was received: nothing was copied, and keeping the view keeps the whole message in memory.
   */
  readonly pixels: Uint8Array;
  /** When the renderer captured the picture: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
  /** Number of this frame in its call: 0, 1, 2, ... The mod numbers what it sends, so frames it skipped leave no gap. */
  readonly frameId: bigint;
}

/** Options of {@link CameraClient.stream}. */
export interface CameraStreamOptions extends CallOptions {
  /** At most this many frames per second, counted from capture to capture. Default 0: as many as the renderer gives. */
  readonly fpsLimit?: number;
}

/** Options of {@link CameraClient.shot}. */
export interface CameraShotOptions extends CallOptions {
  /** How long to wait for the frame, in milliseconds. Default 10,000. `Infinity` waits as the mod does: for ever. */
  readonly firstFrameTimeoutMs?: number;
}

const defaultFirstFrameTimeoutMs = 10_000;

/**
 * Shows what the game's window shows.
 *
 * The mod has one camera for all callers. Two streams, also of two programs, share its frames: each frame goes to one of
 * them. The picture's size is that of the window.
 */
export class CameraClient implements Covers<typeof Camera, { streamFrames: "stream" }> {
  readonly #rpc: Client<typeof Camera>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Camera, transport);
  }

  /**
   * Streams frames until the loop is left. The mod keeps only the newest frame, so a slow loop skips frames and never
   * falls behind.
   *
   * Fails with `Unavailable` when the mod has no camera bridge, `FailedPrecondition` when the game shuts down, and
   * `Internal` when the bridge throws. Throws {@link InvalidOptionsError} at once for an `fpsLimit` that is negative or not
   * a number, and {@link MalformedResponseError} for a frame whose pixels do not fit its size.
   */
  stream(options: CameraStreamOptions = {}): ServerStream<CameraFrame> {
    const { fpsLimit = 0, signal, ...call } = options;
    if (!(fpsLimit >= 0 && fpsLimit < Infinity)) {
      throw new InvalidOptionsError(`fpsLimit must be a number from 0 upwards, not ${fpsLimit}`);
    }
    return createServerStream(
      (streamSignal) => frames(this.#rpc.streamFrames({ fpsLimit }, { ...call, signal: streamSignal })),
      signal,
    );
  }

  /**
   * Takes one picture: the newest that the mod has, which may be from just before the call.
   *
   * Fails as {@link stream} does, and throws {@link FirstFrameTimeoutError} when no frame comes in time and
   * {@link StreamEndedError} when the mod ends the stream without one.
   */
  async shot(options: CameraShotOptions = {}): Promise<CameraFrame> {
    const { firstFrameTimeoutMs = defaultFirstFrameTimeoutMs, ...call } = options;
    if (!(firstFrameTimeoutMs > 0)) {
      throw new InvalidOptionsError(`firstFrameTimeoutMs must be above 0, not ${firstFrameTimeoutMs}`);
    }
    await using stream = this.stream(call);
    const result = await beforeTimeout(stream.next(), firstFrameTimeoutMs);
    if (result.done === true) throw new StreamEndedError("the camera stream ended before its first frame");
    return result.value;
  }
}

async function* frames(messages: AsyncIterable<WireFrame>): AsyncGenerator<CameraFrame> {
  for await (const { width, height, pixels, unixNanos, frameId } of messages) {
    if (width < 0 || height < 0 || pixels.byteLength !== width * height * 4) {
      throw new MalformedResponseError(
        `camera frame ${frameId} has ${pixels.byteLength} bytes of pixels, but ${width} x ${height} RGBA8 takes ` +
          `${width * height * 4}`,
      );
    }
    yield { width, height, pixels, unixNanos, frameId };
  }
}

async function beforeTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  if (timeoutMs > maxTimerMs) return await promise;
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new FirstFrameTimeoutError(timeoutMs)), timeoutMs);
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

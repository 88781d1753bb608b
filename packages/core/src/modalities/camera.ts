import { type CallOptions, createClient, type Transport } from "@connectrpc/connect";
import type { ReconnectPolicy } from "../connection/reconnect-policy.js";
import type { Covers } from "../covers.js";
import { FirstFrameTimeoutError } from "../errors/first-frame-timeout-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { StreamEndedError } from "../errors/stream-ended-error.js";
import { Camera, type CameraFrame as WireFrame } from "../gen/resonite_io/v1/camera_pb.js";
import { maxTimerMs } from "../max-timer-ms.js";
import { type ResumedMessage, resumedStream } from "../streams/resumed-stream.js";
import { createServerStream, type ServerStream } from "../streams/server-stream.js";
import { shareByTransport } from "../streams/share-by-transport.js";
import { SharedStream } from "../streams/shared-stream.js";
import type { SharedMessage } from "../streams/stream-reader.js";
import { giveBack } from "../wire/message-memory.js";
import { type CameraFrame, createCameraFrame } from "./camera-frame.js";

/** Options of {@link CameraClient.stream}. */
export interface CameraStreamOptions extends CallOptions {
  /**
   * What a loop gets that is slower than the camera. `"latest"`: always the newest frame; what it skipped is counted in
   * `skippedFrames`. `"every"`: every frame, in order; the camera waits, and so do the other streams of this program, and
   * {@link CameraClient.shot}. Frames on their way are lost when the call is made anew, see `fpsLimit`. Default `"latest"`.
   */
  readonly mode?: "latest" | "every";
  /**
   * At most this many frames per second, on average, by the time of capture. Default 0: as many as the renderer gives.
   *
   * The mod is asked for the highest limit among the streams that share a call, and the call is made anew when that changes. A
   * stream that asked for less leaves frames out, which it does not count as skipped.
   */
  readonly fpsLimit?: number;
  /**
   * Whether the stream goes on by itself after the connection broke or the game was restarted; the first frame afterwards says so
   * in `gap`. `true` stands for `createReconnectPolicy()`. The first call must work. Default false.
   */
  readonly resume?: boolean | ReconnectPolicy;
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
 * The mod has one camera for all callers: each frame goes to one of its calls. So all streams of a program over one transport
 * share one call, and each of them sees every frame. Two programs still take frames from each other, as in the game, and so do
 * streams with headers or context values of their own, which have a call of their own. The picture's size is that of the window.
 */
export class CameraClient implements Covers<typeof Camera, { streamFrames: "stream" }> {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Streams frames until the loop is left. A slow loop never falls behind and never grows memory; see the option `mode`.
   *
   * Fails with `Unavailable` when the mod has no camera bridge or the connection breaks, `FailedPrecondition` when the game
   * shuts down, `Internal` when the bridge throws, and `DeadlineExceeded` after `timeoutMs`, in which all calls and pauses of
   * a stream that resumes have to fit. Throws
   * {@link InvalidOptionsError} at once for an `fpsLimit` that is negative, not a number or above 3.4e38, and
   * {@link MalformedResponseError} for a frame whose pixels do not fit its size.
   */
  stream(options: CameraStreamOptions = {}): ServerStream<CameraFrame> {
    const { fpsLimit = 0, ...others } = options;
    // What does not fit into the request would fail the call, also for those who share it.
    if (!(fpsLimit >= 0 && Math.fround(fpsLimit) < Infinity)) {
      throw new InvalidOptionsError(`fpsLimit must be a number from 0 to 3.4e38, not ${fpsLimit}`);
    }
    return this.#stream(others, fpsLimit);
  }

  /**
   * Takes one picture: the next of the program's other streams if there are any, and otherwise the newest that the mod has, which
   * may be from just before the call.
   *
   * Fails as {@link stream} does, and throws {@link FirstFrameTimeoutError} when no frame comes in time and
   * {@link StreamEndedError} when the mod ends the stream without one.
   */
  async shot(options: CameraShotOptions = {}): Promise<CameraFrame> {
    const { firstFrameTimeoutMs = defaultFirstFrameTimeoutMs, ...call } = options;
    if (!(firstFrameTimeoutMs > 0)) {
      throw new InvalidOptionsError(`firstFrameTimeoutMs must be above 0, not ${firstFrameTimeoutMs}`);
    }
    // Whatever rate the program's other streams have is right for one picture.
    await using stream = this.#stream(call, undefined);
    const result = await beforeTimeout(stream.next(), firstFrameTimeoutMs);
    if (result.done === true) throw new StreamEndedError("the camera stream ended before its first frame");
    return result.value;
  }

  #stream(options: Omit<CameraStreamOptions, "fpsLimit">, demand: number | undefined): ServerStream<CameraFrame> {
    const { mode = "latest", resume, signal, timeoutMs, ...call } = options;
    const source = sourceOf(this.#transport, call);
    const read = {
      capacity: 1,
      whenFull: mode === "latest" ? "replace" : "hold",
      ...(demand === undefined ? {} : { demand }),
    } as const;
    return createServerStream((streamSignal) => {
      const open = (readSignal: AbortSignal) => source.read({ ...read, signal: readSignal });
      return frames(resumedStream(open, { resume, signal: streamSignal, timeoutMs }));
    }, signal);
  }
}

const sourceOf = shareByTransport((transport, call) => {
  const rpc = createClient(Camera, transport);
  return new SharedStream({
    open: (signal, fpsLimit) => checkedFrames(rpc.streamFrames({ fpsLimit }, { ...call, signal })),
    nanosOf: (frame) => frame.unixNanos,
    onFree: ({ pixels }) => giveBack(pixels),
  });
});

async function* checkedFrames(messages: AsyncIterable<WireFrame>): AsyncGenerator<WireFrame> {
  for await (const frame of messages) {
    const { width, height, pixels, frameId } = frame;
    if (width < 0 || height < 0 || pixels.byteLength !== width * height * 4) {
      throw new MalformedResponseError(
        `camera frame ${frameId} has ${pixels.byteLength} bytes of pixels, but ${width} x ${height} RGBA8 takes ` +
          `${width * height * 4}`,
      );
    }
    yield frame;
  }
}

async function* frames(messages: AsyncIterable<ResumedMessage<SharedMessage<WireFrame>>>): AsyncGenerator<CameraFrame> {
  for await (const { message, gap } of messages) yield createCameraFrame(message, gap);
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

import { Code, ConnectError } from "@connectrpc/connect";
import { CameraFrameFormat } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { maxTimerMs } from "@resoio/core/internal";
import type { Engine } from "../engine/engine.js";
import { sleep } from "../engine/sleep.js";
import type { CameraHandlers } from "../gen/handlers.js";

/** Sends what the camera shows. The size that the request wishes is ignored, as the real mod does. */
export const cameraService = (engine: Engine): CameraHandlers => ({
  async *streamFrames({ fpsLimit }, { signal }) {
    const periodMs = fpsLimit > 0 ? 1000 / fpsLimit : 0;
    for (let frameId = 0n; ; frameId++) {
      const startMs = engine.clock.nowMs();
      const { width, height, pixels, unixNanos } = await engine.camera.capture(signal);
      yield { width, height, pixels, unixNanos, frameId, format: CameraFrameFormat.RGBA8 };
      // The period counts from capture to capture; time lost in a slow write is not made up for.
      const restMs = startMs + periodMs - engine.clock.nowMs();
      // The mod does not translate the error of a timer that cannot be set.
      if (restMs > maxTimerMs) throw new ConnectError("Exception was thrown by handler.", Code.Unknown);
      if (restMs > 0) await sleep(engine.clock, restMs, signal);
    }
  },
});

import { CameraFrameFormat } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { Engine } from "../engine/engine.js";
import type { CameraHandlers } from "../gen/handlers.js";
import { paced } from "./paced.js";

/** Sends what the camera shows. The size that the request wishes is ignored, as the real mod does. */
export const cameraService = (engine: Engine): CameraHandlers => ({
  async *streamFrames({ fpsLimit }, { signal }) {
    const { clock } = engine;
    let frameId = 0n;
    for await (const captured of paced(() => engine.camera.capture(signal), { clock, fpsLimit, signal })) {
      const { width, height, pixels, unixNanos } = captured;
      yield { width, height, pixels, unixNanos, frameId: frameId++, format: CameraFrameFormat.RGBA8 };
    }
  },
});

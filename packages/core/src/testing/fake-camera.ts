import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Camera,
  CameraFrameFormat,
  type CameraFrameSchema,
  type CameraStreamRequestSchema,
} from "../gen/resonite_io/v1/camera_pb.js";
import { CameraClient } from "../modalities/camera.js";
import { fakeMod } from "./fake-mod.js";
import { ScriptedCalls } from "./scripted-calls.js";

/** A mod whose camera sends what the test tells it to. */
export function fakeCamera() {
  const calls = new ScriptedCalls<typeof CameraStreamRequestSchema, typeof CameraFrameSchema>();
  const { transport } = fakeMod(Camera, { streamFrames: calls.handle });
  return { transport, camera: new CameraClient(transport), calls };
}

/** A picture of one pixel, captured `atMs` milliseconds after the first: by default a hundred of them in a second. */
export function cameraFrame(frameId: number, atMs = frameId * 10): MessageInitShape<typeof CameraFrameSchema> {
  return {
    width: 1,
    height: 1,
    format: CameraFrameFormat.RGBA8,
    unixNanos: 1_700_000_000_000_000_000n + BigInt(atMs) * 1_000_000n,
    frameId: BigInt(frameId),
    pixels: Uint8Array.of(frameId, 0, 0, 255),
  };
}

/** Frames number `from` to `to`, both included. */
export function cameraFrames(from: number, to: number): readonly MessageInitShape<typeof CameraFrameSchema>[] {
  return Array.from({ length: to - from + 1 }, (_, i) => cameraFrame(from + i));
}

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { services } from "@resoio/core";
import {
  Picture,
  type PictureFrame,
  PictureFrameSchema,
  PictureWatchRequestSchema,
} from "@resoio/core/gen/resoio/web/v1/picture_pb";
import {
  type CameraFrame,
  CameraFrameFormat,
  CameraFrameSchema,
  CameraStreamRequestSchema,
} from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { WireCallRequest } from "@resoio/core/internal";
import type { Hub } from "../server/hub.js";
import type { ProxyClient } from "../server/proxy-client.js";
import { RecordedCall } from "./recorded-call.js";

type CallOptions = Omit<WireCallRequest, "method"> & { readonly client?: ProxyClient };

/** Calls Camera.StreamFrames. */
export function watchFrames(hub: Hub, options: CallOptions & { readonly fpsLimit?: number } = {}): RecordedCall {
  const { client, fpsLimit = 0, ...request } = options;
  const recorded = new RecordedCall(hub, { ...request, method: services.camera.method.streamFrames }, client);
  recorded.call.sendLast(toBinary(CameraStreamRequestSchema, create(CameraStreamRequestSchema, { fpsLimit })));
  return recorded;
}

/** Calls Speaker.StreamAudio. */
export function listen(hub: Hub, options: CallOptions = {}): RecordedCall {
  const { client, ...request } = options;
  const recorded = new RecordedCall(hub, { ...request, method: services.speaker.method.streamAudio }, client);
  recorded.call.sendLast(new Uint8Array(0));
  return recorded;
}

/** Calls Picture.Watch. */
export function watchPictures(
  hub: Hub,
  wish: MessageInitShape<typeof PictureWatchRequestSchema> = {},
  options: CallOptions = {},
): RecordedCall {
  const { client, ...request } = options;
  const recorded = new RecordedCall(hub, { ...request, method: Picture.method.watch }, client);
  recorded.call.sendLast(toBinary(PictureWatchRequestSchema, create(PictureWatchRequestSchema, wish)));
  return recorded;
}

/** The pictures that a watcher has got. */
export function picturesOf({ messages }: RecordedCall): readonly PictureFrame[] {
  return messages.map((message) => fromBinary(PictureFrameSchema, message));
}

/** The numbers of the camera frames that a watcher has got. */
export function frameIdsOf({ messages }: RecordedCall): readonly number[] {
  return messages.map((message) => Number(fromBinary(CameraFrameSchema, message).frameId));
}

/** The rate that a call of Camera.StreamFrames asks the mod for. */
export function fpsLimitOf({ sent }: { readonly sent: readonly Uint8Array[] }): number {
  const [request, ...others] = sent;
  if (request === undefined || others.length > 0) throw new Error(`${sent.length} requests instead of 1`);
  return fromBinary(CameraStreamRequestSchema, request).fpsLimit;
}

/** A camera frame as the mod would send it: 8 x 4 pixels of one colour, unless told otherwise. */
export function cameraFrame(frameId: number, fields: Partial<Omit<CameraFrame, "$typeName">> = {}): Uint8Array {
  const { width = 8, height = 4, pixels } = fields;
  return toBinary(
    CameraFrameSchema,
    create(CameraFrameSchema, {
      unixNanos: BigInt(frameId) * 1_000_000n + 1n,
      format: CameraFrameFormat.RGBA8,
      ...fields,
      width,
      height,
      frameId: BigInt(frameId),
      pixels: pixels ?? new Uint8Array(width * height * 4).fill(frameId % 256),
    }),
  );
}

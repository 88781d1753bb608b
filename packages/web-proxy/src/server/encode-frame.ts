import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PictureFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { type CameraFrame, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { Clock } from "@resoio/core/internal";
import { encodePicture } from "./picture-encoder.js";
import { PictureMessage } from "./picture-message.js";
import type { PictureSettings } from "./picture-settings.js";

/** What was made of a frame. */
export interface EncodedFrame {
  readonly message: PictureMessage;
  /** How long the encoding took, in milliseconds; 0 for raw pictures. */
  readonly encodeMs: number;
}

/**
 * Encodes what the mod has sent. `undefined` for a frame without a pixel, which no format can hold but the raw one.
 *
 * Fails as {@link encodePicture} does, and with `Internal` for what is no frame.
 */
export async function encodeFrame(
  bytes: Uint8Array,
  settings: PictureSettings,
  clock: Clock,
): Promise<EncodedFrame | undefined> {
  const frame = readFrame(bytes);
  const isEmpty = frame.width === 0 || frame.height === 0;
  if (isEmpty && settings.format !== PictureFormat.RAW) return undefined;
  const picture = await encodePicture(frame, settings);
  const { unixNanos, frameId, width: sourceWidth, height: sourceHeight } = frame;
  const message = new PictureMessage({
    ...picture,
    format: settings.format,
    unixNanos,
    frameId,
    sourceWidth,
    sourceHeight,
    sentUnixNanos: clock.unixNanos(),
  });
  return { message, encodeMs: picture.encodeMs };
}

function readFrame(bytes: Uint8Array): CameraFrame {
  try {
    return fromBinary(CameraFrameSchema, bytes);
  } catch (cause) {
    const problem = `the mod sent ${bytes.byteLength} bytes that are not a ${CameraFrameSchema.typeName}`;
    throw new ConnectError(problem, Code.Internal, undefined, undefined, cause);
  }
}

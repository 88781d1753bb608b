import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { CompressedImageSchema } from "@resoio/core/gen/foxglove/compressed_image_pb";
import { PictureFormat, type PictureFrame, PictureFrameSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";

/** As Foxglove calls them. What it cannot show has no name. */
const formatNames: ReadonlyMap<PictureFormat, string> = new Map([
  [PictureFormat.JPEG, "jpeg"],
  [PictureFormat.WEBP, "webp"],
]);

/** Made once for all recordings that have the same picture. */
const images = new WeakMap<Uint8Array, Uint8Array>();

/** What is recorded of an encoded `PictureFrame`: a message that Foxglove shows, with the picture in it once. */
export function encodeImage(picture: Uint8Array): Uint8Array {
  let image = images.get(picture);
  if (image === undefined) {
    const whole = fromBinary(PictureFrameSchema, picture);
    const { format, unixNanos, data } = whole;
    const timestamp = { seconds: unixNanos / 1_000_000_000n, nanos: Number(unixNanos % 1_000_000_000n) };
    image = toBinary(
      CompressedImageSchema,
      create(CompressedImageSchema, {
        timestamp: create(TimestampSchema, timestamp),
        data,
        format: formatNames.get(format) ?? "",
        frameId: "camera",
        picture: { ...whole, data: new Uint8Array(0) },
      }),
    );
    images.set(picture, image);
  }
  return image;
}

/** The picture of a message on the topic of encoded pictures. Its data is part of `image`. Throws for what is none. */
export function decodeImage(image: Uint8Array): PictureFrame {
  const { data, picture = create(PictureFrameSchema) } = fromBinary(CompressedImageSchema, image);
  return { ...picture, data };
}

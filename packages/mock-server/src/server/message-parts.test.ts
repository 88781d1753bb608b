import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CameraFrameFormat, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { encodeParts, joined, lengthOf } from "./message-parts.js";

const frame = (byteLength: number) =>
  create(CameraFrameSchema, {
    width: 3,
    height: 2,
    format: CameraFrameFormat.RGBA8,
    unixNanos: 5n,
    frameId: 7n,
    pixels: Uint8Array.from({ length: byteLength }, (_, index) => index),
  });

describe("encodeParts", () => {
  it("does not copy large bytes: they are a part by themselves, the very ones that it was given", () => {
    const message = frame(100_000);
    expect(encodeParts(CameraFrameSchema, message).at(-1)).toBe(message.pixels);
  });

  it.each([0, 1, 127, 128, 65_535, 65_536, 200_000])(
    "means the same as Protobuf's own encoding, with %d bytes of pixels",
    (byteLength) => {
      const message = frame(byteLength);
      const encoded = encodeParts(CameraFrameSchema, message);

      expect(lengthOf(encoded)).toBe(toBinary(CameraFrameSchema, message).byteLength);
      expect(joined(encoded)).toHaveLength(lengthOf(encoded));
      expect(fromBinary(CameraFrameSchema, joined(encoded))).toEqual(message);
    },
  );

  it("leaves the message as it was", () => {
    const message = frame(100_000);
    const { pixels } = message;
    encodeParts(CameraFrameSchema, message);
    expect(message.pixels).toBe(pixels);
  });

  it("makes one part of a message without bytes", () => {
    const message = create(PingResponseSchema, { message: "x".repeat(100_000) });
    const encoded = encodeParts(PingResponseSchema, message);
    expect(encoded).toHaveLength(1);
    expect(fromBinary(PingResponseSchema, joined(encoded))).toEqual(message);
  });
});

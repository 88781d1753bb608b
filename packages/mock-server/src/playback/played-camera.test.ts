import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { PictureFormat, PictureFrameSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { CameraFrameFormat, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { startMockServer } from "../start-mock-server.js";
import { RecordingMaker } from "../testing/make-recording.js";
import { openPlayed, watch } from "../testing/open-played.js";
import { loadPictureDecoder } from "./load-picture-decoder.js";
import { PictureDecoderMissingError } from "./picture-decoder-missing-error.js";

const size = { width: 32, height: 16 };

/** A picture that survives a lossy encoding: the left half red, the right half blue. */
const pixels = new Uint8Array(size.width * size.height * 4).map((_, index) => {
  const isLeft = Math.floor(index / 4) % size.width < size.width / 2;
  return [isLeft ? 250 : 10, 20, isLeft ? 10 : 250, 255][index % 4] ?? 0;
});

type Format = "jpeg" | "webp" | "raw" | "broken";

const formats = {
  jpeg: PictureFormat.JPEG,
  webp: PictureFormat.WEBP,
  raw: PictureFormat.RAW,
  broken: PictureFormat.JPEG,
};

/** A recording of one picture, encoded in that way. */
async function makeEncoded(format: Format): Promise<RecordingMaker> {
  const raw = { raw: { ...size, channels: 4 as const } };
  const maker = new RecordingMaker({
    async camera(bytes) {
      const frame = fromBinary(CameraFrameSchema, bytes);
      const image = sharp(frame.pixels, raw);
      const data =
        format === "raw"
          ? frame.pixels
          : format === "broken"
            ? new Uint8Array(40)
            : await (format === "jpeg" ? image.jpeg({ quality: 95 }) : image.webp({ quality: 95 })).toBuffer();
      const { unixNanos, frameId } = frame;
      const picture = create(PictureFrameSchema, { ...size, format: formats[format], data, unixNanos, frameId });
      return toBinary(PictureFrameSchema, picture);
    },
  });
  const frame = create(CameraFrameSchema, {
    ...size,
    format: CameraFrameFormat.RGBA8,
    frameId: 41n,
    unixNanos: 77_700n,
    pixels,
  });
  return maker
    .open("camera.streamFrames")
    .response("camera.streamFrames", toBinary(CameraFrameSchema, frame))
    .at(1_000);
}

describe("a camera that was recorded encoded", () => {
  it.each(["jpeg", "webp", "raw"] as const)("is decoded: %s", async (format) => {
    await using played = await openPlayed(await makeEncoded(format));
    await using camera = watch(played);
    const [seen] = await camera.take(1);
    expect(seen?.message).toMatchObject({
      ...size,
      format: CameraFrameFormat.RGBA8,
      frameId: 41n,
      unixNanos: 77_700n,
    });
    const shown = seen?.message.pixels ?? new Uint8Array(0);
    expect(shown.byteLength).toBe(pixels.byteLength);
    const mean = shown.reduce((sum, byte, index) => sum + Math.abs(byte - (pixels[index] ?? 0)), 0) / shown.length;
    // A lossy encoding changes little.
    expect(mean).toBeLessThan(format === "raw" ? 1e-9 : 6);
  });

  it("fails with DataLoss where a picture is none", async () => {
    await using played = await openPlayed(await makeEncoded("broken"));
    await using camera = watch(played);
    expect(await camera.ended).toMatchObject({
      code: Code.DataLoss,
      rawMessage: "picture 41 of the recording cannot be decoded",
    });
  });

  it("can be decoded by something else", async () => {
    const decodePicture = async () => ({ width: 1, height: 1, pixels: Uint8Array.of(9, 8, 7, 6) });
    await using played = await openPlayed(await makeEncoded("jpeg"), { play: { decodePicture } });
    await using camera = watch(played);
    expect(await camera.take(1)).toMatchObject([
      { message: { width: 1, height: 1, pixels: Uint8Array.of(9, 8, 7, 6) } },
    ]);
  });
});

describe("without sharp", () => {
  const missing = () => Promise.reject(new Error("Cannot find package 'sharp'"));

  it("says which recording needs it, and what to do", async () => {
    const loading = loadPictureDecoder("run.mcap", missing);
    await expect(loading).rejects.toThrow(PictureDecoderMissingError);
    await expect(loading).rejects.toMatchObject({ code: "PICTURE_DECODER_MISSING" });
    await expect(loading).rejects.toThrow(
      "the camera of run.mcap was recorded as JPEG or WebP, and sharp, which decodes them, could not be loaded: run " +
        "`npm install sharp`, give a `decodePicture` of your own, or record the camera raw",
    );
  });

  it("a mod in process fails the call", async () => {
    const decodePicture = () => loadPictureDecoder("run.mcap", missing).then((decode) => decode(new Uint8Array(0)));
    await using played = await openPlayed(await makeEncoded("jpeg"), { play: { decodePicture } });
    await using camera = watch(played);
    expect(await camera.ended).toMatchObject({
      code: Code.Unavailable,
      rawMessage: expect.stringContaining("npm install"),
    });
  });

  it("nothing is loaded for a camera that was recorded raw", async () => {
    const recording = await new RecordingMaker().open("camera.streamFrames").picture(1).at(1_000).reader();
    const decodePicture = () => Promise.reject(new Error("nobody should ask"));
    await using mod = await startMockServer({ play: { recording, decodePicture } });
    expect(mod.playback.state).toBe("waiting");
  });
});

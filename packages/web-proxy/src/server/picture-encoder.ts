import { Code, ConnectError } from "@connectrpc/connect";
import { PictureFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { type CameraFrame, CameraFrameFormat } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { Sharp, SharpOptions } from "sharp";
import type { PictureSettings } from "./picture-settings.js";

/** A picture in the form that was asked for. */
export interface EncodedPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** How long the encoding took, in milliseconds; 0 for raw pictures. */
  readonly encodeMs: number;
}

/** A size in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The size of a picture that is at most `maxWidth` wide; 0 stands for any width. Never larger than the source. */
export function fittingSize({ width, height }: PictureSize, maxWidth: number): PictureSize {
  if (maxWidth === 0 || width <= maxWidth) return { width, height };
  return { width: maxWidth, height: Math.max(1, Math.round((height * maxWidth) / width)) };
}

/**
 * Encodes a frame, off this thread. The frame is only read; a raw picture of the same size shares its bytes. The alpha of the
 * frame means nothing and is left out; a raw picture that was made smaller is opaque.
 *
 * Fails with `Internal` for a frame that is not what it says, or that the encoder refuses, and with `Unimplemented` where the
 * encoder cannot be loaded.
 */
export async function encodePicture(frame: CameraFrame, settings: PictureSettings): Promise<EncodedPicture> {
  checkFrame(frame);
  const { width, height, pixels } = frame;
  const size = fittingSize(frame, settings.maxWidth);
  const isSmaller = size.width < width;
  if (settings.format === PictureFormat.RAW && !isSmaller) return { width, height, data: pixels, encodeMs: 0 };
  const sharp = await loadSharp();
  const startMs = performance.now();
  try {
    let image = sharp(pixels, { raw: { width, height, channels: 4 } }).removeAlpha();
    if (isSmaller) {
      // In two steps: in one, the resizing would multiply the colours with the alpha before that is removed.
      const opaque = await image.raw().toBuffer();
      image = sharp(opaque, { raw: { width, height, channels: 3 } }).resize({ ...size, fit: "fill" });
    }
    const data = await withFormat(image, settings).toBuffer();
    const encodeMs = settings.format === PictureFormat.RAW ? 0 : performance.now() - startMs;
    return { ...size, data, encodeMs };
  } catch (cause) {
    const problem = `camera frame ${frame.frameId} of ${width} x ${height} could not be encoded`;
    throw new ConnectError(problem, Code.Internal, undefined, undefined, cause);
  }
}

function withFormat(image: Sharp, { format, quality }: PictureSettings): Sharp {
  switch (format) {
    case PictureFormat.JPEG:
      // Looking for the best code tables would double the time and save a tenth of the bytes.
      return image.jpeg({ quality, optimiseCoding: false });
    case PictureFormat.WEBP:
      return image.webp({ quality, effort: 0 });
    case PictureFormat.RAW:
      return image.ensureAlpha().raw();
  }
}

function checkFrame({ width, height, format, pixels, frameId }: CameraFrame): void {
  const byteLength = width * height * 4;
  if (format === CameraFrameFormat.RGBA8 && width >= 0 && height >= 0 && pixels.byteLength === byteLength) return;
  throw new ConnectError(
    `camera frame ${frameId} has ${pixels.byteLength} bytes in the format ${format}, but ${width} x ${height} RGBA8 takes ` +
      `${byteLength}`,
    Code.Internal,
  );
}

type CreateSharp = (input: Uint8Array, options: SharpOptions) => Sharp;

let loading: Promise<CreateSharp> | undefined;

/** Loaded when it is needed: a machine that it has no build for can still do all the rest. */
async function loadSharp(): Promise<CreateSharp> {
  loading ??= importSharp();
  return await loading;
}

async function importSharp(): Promise<CreateSharp> {
  try {
    const { default: sharp } = await import("sharp");
    // One thread for each picture: several settings are encoded at once anyway. No two frames are alike, so a cache is of no use.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    loading = undefined;
    const problem = "pictures cannot be encoded here, as sharp could not be loaded; the raw format works without it";
    throw new ConnectError(problem, Code.Unimplemented, undefined, undefined, cause);
  }
}

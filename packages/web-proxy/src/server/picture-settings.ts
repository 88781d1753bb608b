import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  PictureFormat,
  type PictureWatchRequest,
  PictureWatchRequestSchema,
} from "@resoio/core/gen/resoio/web/v1/picture_pb";

/** How pictures are made. Who has the same settings gets the same pictures. */
export interface PictureSettings {
  readonly format: PictureFormat.JPEG | PictureFormat.WEBP | PictureFormat.RAW;
  /** The largest width in pixels. 0: as it is. */
  readonly maxWidth: number;
  /** 1 to 100; 0 for the raw format, which has none. */
  readonly quality: number;
}

/** What one caller of Picture.Watch wants. */
export interface PictureWish {
  readonly settings: PictureSettings;
  /** The most pictures per second. */
  readonly fpsLimit: number;
}

const maxMaxWidth = 16_384;
const defaultQuality = 80;
const maxQuality = 100;
const defaultFpsLimit = 30;
const maxFpsLimit = 240;

/** Reads a request of Picture.Watch and puts the defaults in. Fails with `InvalidArgument`. */
export function readPictureWish(request: Uint8Array): PictureWish {
  const { format: wanted, maxWidth, quality, fpsLimit } = decode(request);
  const format = wanted === PictureFormat.UNSPECIFIED ? PictureFormat.JPEG : wanted;
  if (format !== PictureFormat.JPEG && format !== PictureFormat.WEBP && format !== PictureFormat.RAW) {
    throw invalid(`format must be one of 0 to 3, not ${format}`);
  }
  if (maxWidth > maxMaxWidth) throw invalid(`max_width must be at most ${maxMaxWidth} pixels, not ${maxWidth}`);
  if (quality > maxQuality) throw invalid(`quality must be from 1 to ${maxQuality}, or 0, not ${quality}`);
  if (!(fpsLimit >= 0 && fpsLimit <= maxFpsLimit)) {
    throw invalid(`fps_limit must be from 0 to ${maxFpsLimit} pictures per second, not ${fpsLimit}`);
  }
  return {
    settings: { format, maxWidth, quality: format === PictureFormat.RAW ? 0 : quality || defaultQuality },
    fpsLimit: fpsLimit || defaultFpsLimit,
  };
}

/** What is wrong with the settings of a program. `undefined`: nothing. */
export function problemOfPictures({ quality, maxWidth }: Omit<PictureSettings, "format">): string | undefined {
  if (!(Number.isInteger(quality) && quality >= 1 && quality <= maxQuality)) {
    return `quality must be a whole number from 1 to ${maxQuality}, not ${quality}`;
  }
  if (!(Number.isInteger(maxWidth) && maxWidth >= 0 && maxWidth <= maxMaxWidth)) {
    return `maxWidth must be a whole number from 0 to ${maxMaxWidth} pixels, not ${maxWidth}`;
  }
  return undefined;
}

/** A name for settings, the same for the same settings: `jpeg q80 w640`. */
export function nameOfSettings({ format, maxWidth, quality }: PictureSettings): string {
  const parts = [PictureFormat[format].toLowerCase()];
  if (quality > 0) parts.push(`q${quality}`);
  if (maxWidth > 0) parts.push(`w${maxWidth}`);
  return parts.join(" ");
}

function decode(request: Uint8Array): PictureWatchRequest {
  try {
    return fromBinary(PictureWatchRequestSchema, request);
  } catch (cause) {
    const problem = `the request is not a ${PictureWatchRequestSchema.typeName}`;
    throw new ConnectError(problem, Code.InvalidArgument, undefined, undefined, cause);
  }
}

function invalid(problem: string): ConnectError {
  return new ConnectError(problem, Code.InvalidArgument);
}

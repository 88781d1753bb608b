import { MalformedResponseError, NotInBrowserError } from "@resoio/core";
import { type PictureFrame, PictureFormat as WireFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";

/** How a picture is encoded. `"raw"` is RGBA8, rows from top to bottom without padding. */
export type PictureFormat = "jpeg" | "webp" | "raw";

/** A picture of the camera, as the proxy has encoded it. */
export interface Picture {
  readonly format: PictureFormat;
  /** Width in pixels. Follows the game's window, so it may change from picture to picture. */
  readonly width: number;
  /** Height in pixels. Follows the game's window, so it may change from picture to picture. */
  readonly height: number;
  /** Width in pixels of the frame that the mod sent. */
  readonly sourceWidth: number;
  /** Height in pixels of the frame that the mod sent. */
  readonly sourceHeight: number;
  /** The picture in its format. A view of the message as it was received: keeping it keeps the whole message in memory. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** When the renderer captured it: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
  /** Number of the frame in the proxy's own call to the mod. Gaps are frames that this stream did not get. */
  readonly frameId: bigint;
  /** How many pictures this stream has missed since it began, because the network or the loop was too slow for them. */
  readonly droppedCount: number;
  /** How long the encoding took, in milliseconds. 0 for raw pictures. */
  readonly encodeMs: number;
  /** When the proxy was done with it: the proxy's clock, Unix time in nanoseconds (UTC). Age at that time: this minus `unixNanos`. */
  readonly sentUnixNanos: bigint;
  /** The picture as a file in memory, as for `URL.createObjectURL`. A raw one is `application/octet-stream`. */
  toBlob(): Blob;
  /**
   * The picture for a canvas: `context.drawImage(await picture.bitmap(), 0, 0)`. `close()` it afterwards, as it holds memory outside
   * of JavaScript. The alpha of raw pictures is as the game left it, often below 255.
   *
   * Throws {@link NotInBrowserError} where there are no bitmaps, as in Node.
   */
  bitmap(): Promise<ImageBitmap>;
}

const formats: ReadonlyMap<WireFormat, PictureFormat> = new Map([
  [WireFormat.JPEG, "jpeg"],
  [WireFormat.WEBP, "webp"],
  [WireFormat.RAW, "raw"],
]);

const mediaTypes: Readonly<Record<PictureFormat, string>> = {
  jpeg: "image/jpeg",
  webp: "image/webp",
  raw: "application/octet-stream",
};

/**
 * Makes a {@link Picture} of what the proxy sent.
 *
 * Throws {@link MalformedResponseError} for a format that was never asked for and for raw pixels that do not fit the size.
 */
export function createPicture(wire: PictureFrame, skippedCount: number): Picture {
  const format = formats.get(wire.format);
  if (format === undefined) {
    throw new MalformedResponseError(`picture ${wire.frameId} has the unknown format ${wire.format}`);
  }
  const expectedLength = wire.width * wire.height * 4;
  if (format === "raw" && wire.data.byteLength !== expectedLength) {
    throw new MalformedResponseError(
      `picture ${wire.frameId} has ${wire.data.byteLength} bytes, but ${wire.width} x ${wire.height} RGBA8 takes ${expectedLength}`,
    );
  }
  return new PictureImpl(wire, format, skippedCount);
}

class PictureImpl implements Picture {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly unixNanos: bigint;
  readonly frameId: bigint;
  readonly droppedCount: number;
  readonly encodeMs: number;
  readonly sentUnixNanos: bigint;

  constructor(wire: PictureFrame, format: PictureFormat, skippedCount: number) {
    this.format = format;
    this.width = wire.width;
    this.height = wire.height;
    this.sourceWidth = wire.sourceWidth;
    this.sourceHeight = wire.sourceHeight;
    this.data = unshared(wire.data);
    this.unixNanos = wire.unixNanos;
    this.frameId = wire.frameId;
    this.droppedCount = Number(wire.droppedCount) + skippedCount;
    this.encodeMs = wire.encodeMs;
    this.sentUnixNanos = wire.sentUnixNanos;
  }

  toBlob(): Blob {
    return new Blob([this.data], { type: mediaTypes[this.format] });
  }

  async bitmap(): Promise<ImageBitmap> {
    if (typeof createImageBitmap === "undefined") throw new NotInBrowserError("createImageBitmap");
    if (this.format !== "raw") return await createImageBitmap(this.toBlob());
    const { buffer, byteOffset, byteLength } = this.data;
    const pixels = new Uint8ClampedArray(buffer, byteOffset, byteLength);
    return await createImageBitmap(new ImageData(pixels, this.width, this.height));
  }
}

/** Blobs and canvases cannot take memory that threads share. No transport of ours hands such memory out. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(bytes);
}

import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { InvalidOptionsError, type ServerStream } from "@resoio/core";
import { Picture as PictureService, PictureFormat as WireFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { createNewestStream } from "./newest-stream.js";
import { createPicture, type Picture, type PictureFormat } from "./picture.js";

/** Options of {@link PictureClient.watch}. */
export interface PictureWatchOptions extends CallOptions {
  /** The encoding. JPEG is the fastest, WebP smaller and several times slower, raw needs a fast network. Default `"jpeg"`. */
  readonly format?: PictureFormat;
  /** The largest width in pixels, 1 to 16,384: a wider picture is made smaller, in proportion. Default: as it is. */
  readonly maxWidth?: number;
  /** Quality of JPEG and WebP, 1 to 100. Default 80. */
  readonly quality?: number;
  /** At most this many pictures per second, above 0 and up to 240. Default 30. */
  readonly fpsLimit?: number;
}

const wireFormats: Readonly<Record<PictureFormat, WireFormat>> = {
  jpeg: WireFormat.JPEG,
  webp: WireFormat.WEBP,
  raw: WireFormat.RAW,
};

/**
 * Shows what the game's window shows, encoded by the proxy so that it fits a network. The proxy reads the camera once for
 * everybody and encodes once for all who watch with the same settings.
 *
 * Over any transport to a proxy; a mod itself has no such service.
 */
export class PictureClient {
  readonly #rpc: Client<typeof PictureService>;

  constructor(transport: Transport) {
    this.#rpc = createClient(PictureService, transport);
  }

  /**
   * Streams pictures until the loop is left. Always the newest: what the network or the loop is too slow for is counted in
   * `droppedCount`.
   *
   * Fails as `CameraClient.stream` does, with `Unimplemented` when the other end is no proxy, and with `Unavailable` when the
   * connection breaks. Throws {@link InvalidOptionsError} at once for settings out of range, and `MalformedResponseError` for a
   * picture that is none.
   */
  watch(options: PictureWatchOptions = {}): ServerStream<Picture> {
    const { format = "jpeg", maxWidth, quality, fpsLimit, signal, ...call } = options;
    checkSetting("maxWidth", maxWidth, 1, 16_384, true);
    checkSetting("quality", quality, 1, 100, true);
    checkSetting("fpsLimit", fpsLimit, Number.MIN_VALUE, 240, false);
    const request = {
      format: wireFormats[format],
      maxWidth: maxWidth ?? 0,
      quality: quality ?? 0,
      fpsLimit: fpsLimit ?? 0,
    };
    let skippedCount = 0;
    return createNewestStream({
      open: (streamSignal) => this.#rpc.watch(request, { ...call, signal: streamSignal }),
      convert(message, skipped) {
        skippedCount += skipped;
        return createPicture(message, skippedCount);
      },
      signal,
    });
  }
}

function checkSetting(name: string, value: number | undefined, min: number, max: number, isWhole: boolean): void {
  if (value === undefined || (value >= min && value <= max && (!isWhole || Number.isInteger(value)))) return;
  const range = isWhole ? `a whole number from ${min}` : "above 0 and";
  throw new InvalidOptionsError(`${name} must be ${range} to ${max}, not ${value}`);
}

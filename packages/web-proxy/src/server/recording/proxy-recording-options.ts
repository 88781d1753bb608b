import { InvalidOptionsError } from "@resoio/core";
import { PictureFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { maxTimerMs } from "@resoio/core/internal";
import type { RecordingOptions, RecordingSink } from "@resoio/recording";
import { fileSink } from "@resoio/recording/node";
import { type PictureSettings, problemOfPictures } from "../picture-settings.js";

/** How the camera is encoded for a recording. */
export interface RecordedPictures {
  /** `"jpeg"` is the fastest; `"webp"` is smaller, and several times slower. */
  readonly format: "jpeg" | "webp";
  /** 1 to 100. Default 80. */
  readonly quality?: number | undefined;
  /** The largest width in pixels; a wider picture is made smaller, in proportion. Default: as it is. */
  readonly maxWidth?: number | undefined;
}

/** What a recording of one client can be told. */
export interface ClientRecordingOptions
  extends Omit<RecordingOptions, "sink" | "camera" | "compression" | "crc32" | "onStop"> {
  /** The file to record to, which is replaced if it is there. Either this or {@link sink}. */
  readonly file?: string | undefined;
  /** Where else the bytes go. */
  readonly sink?: RecordingSink | undefined;
  /** How camera frames are recorded. Default `"raw"`: as they are, which takes the most room. */
  readonly camera?: "raw" | RecordedPictures | undefined;
  /** Which of the proxy's channels are recorded, by name. Default: all. */
  readonly channels?: readonly string[] | undefined;
  /**
   * How often what a channel keeps for those who come later is recorded too, at most, in milliseconds: from there a player restores it.
   * A state of more than a megabyte is recorded as often as that makes a megabyte a second. Default 5,000.
   */
  readonly keyframeIntervalMs?: number | undefined;
  /** How chunks are compressed. Default: zstd, on other threads, where Node has it, which it does from 22.15 on. */
  readonly compression?: RecordingOptions["compression"] | "none";
}

/** What a recording of all that goes through a proxy can be told. */
export interface ProxyRecordingOptions extends ClientRecordingOptions {
  /** Only calls to this upstream, by its name. Default: to all of them. */
  readonly upstream?: string | undefined;
  /**
   * Streams to read although no client does, so that they are in the recording from its start. `camera` may say how many frames per
   * second are enough. Default: what clients read is recorded.
   */
  readonly keepOpen?:
    | {
        readonly camera?: boolean | { readonly fpsLimit: number } | undefined;
        readonly speaker?: boolean | undefined;
      }
    | undefined;
}

/** How often keyframes are written. Throws {@link InvalidOptionsError} for what is no time. */
export function resolveKeyframeInterval({ keyframeIntervalMs = 5_000 }: ClientRecordingOptions): number {
  if (keyframeIntervalMs >= 1 && keyframeIntervalMs <= maxTimerMs) return keyframeIntervalMs;
  throw new InvalidOptionsError(`keyframeIntervalMs must be from 1 to ${maxTimerMs}, not ${keyframeIntervalMs}`);
}

/** Where the bytes go. Throws {@link InvalidOptionsError} unless there is exactly one answer. */
export function resolveSink({ file, sink }: ClientRecordingOptions): RecordingSink {
  if (file !== undefined && sink === undefined) return fileSink(file);
  if (sink !== undefined && file === undefined) return sink;
  throw new InvalidOptionsError("a recording goes to a file or to a sink: give one of them");
}

/** How the camera is encoded. `undefined`: not at all. Throws {@link InvalidOptionsError} for what cannot be. */
export function resolvePictures({ camera = "raw" }: ClientRecordingOptions): PictureSettings | undefined {
  if (camera === "raw") return undefined;
  const { format, quality = 80, maxWidth = 0 } = camera;
  const problem =
    format !== "jpeg" && format !== "webp"
      ? `format must be "jpeg" or "webp", not ${JSON.stringify(format)}`
      : problemOfPictures({ quality, maxWidth });
  if (problem !== undefined) throw new InvalidOptionsError(`camera: ${problem}`);
  return { format: format === "jpeg" ? PictureFormat.JPEG : PictureFormat.WEBP, quality, maxWidth };
}

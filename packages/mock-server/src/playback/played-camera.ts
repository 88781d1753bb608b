import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PictureFormat, type PictureFrame } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { CameraFrameFormat, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { decodeRecordedPicture, type RecordedMessage } from "@resoio/recording";
import { EncodedMessage } from "../server/encoded-message.js";
import { loadPictureDecoder } from "./load-picture-decoder.js";
import type { PictureDecoder } from "./picture-decoder.js";
import { PictureDecoderMissingError } from "./picture-decoder-missing-error.js";
import { SharedFrames } from "./shared-frames.js";

/** Options of {@link PlayedCamera}. */
export interface PlayedCameraOptions {
  /** How messages name the recording. */
  readonly name: string;
  /** Default: that of sharp, loaded when it is needed first. */
  readonly decodePicture: PictureDecoder | undefined;
}

/**
 * The camera of a recording: like that of the mod it holds the newest picture, which whoever takes it has alone. What was recorded as
 * it came goes out in the same bytes; what was encoded for the recording is decoded for whoever takes it.
 */
export class PlayedCamera {
  readonly frames = new SharedFrames<RecordedMessage>({ capacity: 1, whenFull: "drop-oldest" });
  readonly #options: PlayedCameraOptions;
  #decoder: Promise<PictureDecoder> | undefined;

  constructor(options: PlayedCameraOptions) {
    this.#options = options;
  }

  /** Loads what decodes pictures. Rejects with {@link PictureDecoderMissingError}. */
  async loadDecoder(): Promise<PictureDecoder> {
    const { name, decodePicture } = this.#options;
    if (decodePicture !== undefined) return decodePicture;
    this.#decoder ??= loadPictureDecoder(name);
    return await this.#decoder;
  }

  /**
   * Takes the newest picture, or waits for the next one. `undefined`: none will come any more.
   *
   * Fails with `Unavailable` when pictures cannot be decoded here, and with `DataLoss` for one that is none.
   */
  async take(signal: AbortSignal): Promise<EncodedMessage | undefined> {
    const frame = await this.frames.take(signal);
    return frame && (await this.#encode(frame));
  }

  /** The newest picture, also when somebody had it already. `undefined`: there was none yet. */
  async takeNewest(): Promise<EncodedMessage | undefined> {
    const frame = this.frames.takeNewest();
    return frame && (await this.#encode(frame));
  }

  async #encode({ topic, data }: RecordedMessage): Promise<EncodedMessage> {
    if (topic.typeName === CameraFrameSchema.typeName) return new EncodedMessage(data);
    const picture = decodeRecordedPicture(data);
    const { width, height, pixels } = await this.#decode(picture);
    const { unixNanos, frameId } = picture;
    const frame = create(CameraFrameSchema, {
      width,
      height,
      pixels,
      unixNanos,
      frameId,
      format: CameraFrameFormat.RGBA8,
    });
    return new EncodedMessage(toBinary(CameraFrameSchema, frame));
  }

  async #decode({ format, width, height, data, frameId }: PictureFrame) {
    if (format === PictureFormat.RAW) return { width, height, pixels: data };
    try {
      return await (await this.loadDecoder())(data);
    } catch (cause) {
      if (cause instanceof PictureDecoderMissingError) {
        throw new ConnectError(cause.message, Code.Unavailable, undefined, undefined, cause);
      }
      const problem = `picture ${frameId} of ${this.#options.name} cannot be decoded`;
      throw new ConnectError(problem, Code.DataLoss, undefined, undefined, cause);
    }
  }
}

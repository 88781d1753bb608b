import { ResoioError } from "@resoio/core";

/** The pictures of a recording are encoded, and nothing here can decode them. */
export class PictureDecoderMissingError extends ResoioError {
  readonly code = "PICTURE_DECODER_MISSING";

  constructor(recording: string, cause: unknown) {
    super(
      `the camera of ${recording} was recorded as JPEG or WebP, and sharp, which decodes them, could not be loaded: ` +
        "run `npm install sharp`, give a `decodePicture` of your own, or record the camera raw",
      { cause },
    );
  }
}

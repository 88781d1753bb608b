import type { PictureDecoder } from "./picture-decoder.js";
import { PictureDecoderMissingError } from "./picture-decoder-missing-error.js";

/**
 * The decoder of sharp, an optional dependency, which is loaded by this call.
 *
 * Rejects with {@link PictureDecoderMissingError}, naming the recording, where it cannot be loaded.
 */
export async function loadPictureDecoder(
  recording: string,
  importSharp: () => Promise<typeof import("sharp")> = () => import("sharp"),
): Promise<PictureDecoder> {
  let sharp: typeof import("sharp").default;
  try {
    ({ default: sharp } = await importSharp());
  } catch (cause) {
    throw new PictureDecoderMissingError(recording, cause);
  }
  return async (encoded) => {
    const { data, info } = await sharp(encoded).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  };
}

/**
 * Decodes a picture in JPEG or WebP. Gives its pixels: RGBA8, rows from top to bottom, without padding. Rejects for what is no such
 * picture.
 */
export type PictureDecoder = (data: Uint8Array) => Promise<{
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}>;

/**
 * Makes pictures smaller before they are recorded: takes a `resonite_io.v1.CameraFrame` and gives a `resoio.web.v1.PictureFrame`, both
 * encoded; `undefined` for a frame that is no picture. One frame at a time: of those that come meanwhile only the newest is encoded,
 * and the others are counted as missing.
 *
 * Several recordings that share an encoder encode each frame once if it remembers what it made of which bytes.
 */
export type CameraEncoder = (frame: Uint8Array) => Promise<Uint8Array | undefined>;

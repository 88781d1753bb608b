import { crc32Final, crc32Update } from "@foxglove/crc";

/** CRC-32 of `data`, or of `data` behind what had the CRC-32 `previous`. Node's `zlib.crc32` is one. */
export type Crc32 = (data: Uint8Array, previous?: number) => number;

/** In plain JavaScript, for browsers. */
export const portableCrc32: Crc32 = (data, previous = 0) =>
  // Turning the bits over is the first step as well as the last, so it gives back the state of before.
  crc32Final(crc32Update(crc32Final(previous), data));

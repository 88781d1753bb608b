import { encodeHeaderBlock } from "../fast-http2/hpack/hpack-encoder.js";
import { frameTypes } from "../fast-http2/http2-codes.js";
import type { HeaderField } from "../http2/session.js";

/** A frame as it stands on the wire; `length` for one that lies about it. */
export function rawFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(),
  length = payload.byteLength,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** Numbers of 32 bits, one behind the other. */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, position) => {
    bytes.writeUInt32BE(value, position * 4);
  });
  return bytes;
}

export function settingsFrame(settings: Readonly<Record<number, number>> = {}): Buffer {
  const payload = Object.entries(settings).map(([id, value]) => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16BE(Number(id));
    bytes.writeUInt32BE(value, 2);
    return bytes;
  });
  return rawFrame(frameTypes.settings, 0, 0, Buffer.concat(payload));
}

/** What begins and ends an answer. */
export const answerFields: readonly HeaderField[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
export const trailerFields: readonly HeaderField[] = [["grpc-status", "0"]];

/** A HEADERS frame with the whole block; END_HEADERS and END_STREAM in `flags`. */
export function headersFrame(streamId: number, fields: readonly HeaderField[], flags = 4): Buffer {
  return rawFrame(frameTypes.headers, flags, streamId, encodeHeaderBlock(fields));
}

export function dataFrame(streamId: number, bytes: Uint8Array, flags = 0): Buffer {
  return rawFrame(frameTypes.data, flags, streamId, bytes);
}

/** Puts `data` between the length of its padding and the padding. */
export function padded(data: Uint8Array, padBytes: number): Buffer {
  return Buffer.concat([Buffer.of(padBytes), data, Buffer.alloc(padBytes)]);
}

/** The headers, body and trailers of an answer to stream `streamId`. */
export function answerFrames(streamId: number, body = "body"): Buffer {
  return Buffer.concat([
    headersFrame(streamId, answerFields),
    dataFrame(streamId, Buffer.from(body)),
    headersFrame(streamId, trailerFields, 5),
  ]);
}

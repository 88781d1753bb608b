import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rawFrame } from "../testing/http2-frames.js";
import { FrameReader } from "./frame-reader.js";
import { defaultMaxFrameBytes, errorCodes, frameTypes } from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";

/** Reads `chunks` from one buffer that is used again for each, as the socket does, and returns the frames as they were written. */
function read(chunks: readonly Uint8Array[]): Buffer[] {
  const frames: Buffer[] = [];
  let parts: Uint8Array[] = [];
  const reader = new FrameReader({
    onDataPart({ type, flags, streamId }, part, isLast) {
      parts.push(Buffer.from(part));
      if (!isLast) return;
      frames.push(rawFrame(type, flags, streamId, Buffer.concat(parts)));
      parts = [];
    },
    onFrame({ type, flags, streamId }, payload) {
      frames.push(rawFrame(type, flags, streamId, Buffer.from(payload)));
    },
  });
  const buffer = new Uint8Array(Math.max(1, ...chunks.map(({ byteLength }) => byteLength)));
  for (const chunk of chunks) {
    buffer.fill(0xee);
    buffer.set(chunk);
    reader.push(buffer.subarray(0, chunk.byteLength));
  }
  return frames;
}

const frames = [
  rawFrame(frameTypes.settings, 0, 0),
  rawFrame(frameTypes.headers, 4, 1, Buffer.from("block")),
  rawFrame(frameTypes.data, 0, 1, Buffer.from("0123456789")),
  rawFrame(frameTypes.data, 0, 2 ** 31 - 1),
  rawFrame(0xfa, 0xff, 3, Buffer.from("unknown")),
  rawFrame(frameTypes.data, 1, 1, Buffer.from("!")),
  rawFrame(frameTypes.ping, 0, 0, Buffer.alloc(8, 7)),
];
const stream = Buffer.concat(frames);

describe("a frame reader", () => {
  it.each(Array.from({ length: stream.byteLength + 1 }, (_, cut) => cut))(
    "reads the same frames when the stream is cut at byte %i",
    (cut) => {
      expect(read([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(frames);
    },
  );

  it("reads the same frames byte by byte", () => {
    expect(read([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(frames);
  });

  it("reads the same frames however they are cut", () => {
    const anyFrame = fc
      .tuple(fc.nat(255), fc.nat(255), fc.nat(2 ** 31 - 1), fc.uint8Array({ maxLength: 60 }))
      .map(([type, flags, streamId, payload]) => rawFrame(type, flags, streamId, payload));
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 })), (sent, sizes) => {
        let rest = Buffer.concat(sent);
        const chunks: Uint8Array[] = [];
        for (const size of sizes) {
          chunks.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        expect(read([...chunks, rest])).toEqual(sent);
      }),
    );
  });

  it("ignores the reserved bit of a stream number", () => {
    const frame = rawFrame(frameTypes.data, 0, 5);
    frame[5] = 0x80;
    expect(read([frame])).toEqual([rawFrame(frameTypes.data, 0, 5)]);
  });

  it("takes a frame of the largest size", () => {
    const frame = rawFrame(frameTypes.headers, 0, 1, Buffer.alloc(defaultMaxFrameBytes, 1));
    expect(read([frame.subarray(0, 5_000), frame.subarray(5_000)])).toEqual([frame]);
  });

  it.each([frameTypes.data, frameTypes.headers, 99])(
    "refuses a larger frame of type %i by its header alone",
    (type) => {
      const header = rawFrame(type, 0, 1, undefined, defaultMaxFrameBytes + 1);
      const reason = new Http2Error(errorCodes.frameSizeError, "a frame of 16385 bytes came; 16384 are allowed");
      expect(() => read([header])).toThrow(reason);
    },
  );
});

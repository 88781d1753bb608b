import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrames, type Frame, readFrames } from "./frames.js";
import { closeCodes, frameTypes, maxFrameBytes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

const runs = { numRuns: 200, seed: 20_261_121 };

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(...Object.values(frameTypes)),
  callId: fc.integer({ min: 0, max: 0xffff_ffff }),
  payload: fc.uint8Array({ maxLength: 50 }),
});

describe("a frame", () => {
  it("is its type, its call, its length and its payload, big-endian", () => {
    const frame = { type: frameTypes.data, callId: 0x01020304, payload: Uint8Array.of(9, 8, 7) };
    expect([...encodeFrames([frame])]).toEqual([3, 1, 2, 3, 4, 0, 0, 0, 3, 9, 8, 7]);
  });

  it("is read as it was written, with any others in one message", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), (frames) => {
        expect([...readFrames(encodeFrames(frames))]).toEqual(frames);
      }),
      runs,
    );
  });

  it("is read out of the middle of a larger buffer, as a view of it", () => {
    const bytes = encodeFrames([{ type: frameTypes.data, callId: 1, payload: Uint8Array.of(5, 6) }]);
    const larger = new Uint8Array(bytes.byteLength + 10);
    larger.set(bytes, 4);
    const [frame] = readFrames(larger.subarray(4, 4 + bytes.byteLength));
    expect(frame?.payload).toEqual(Uint8Array.of(5, 6));
    expect(frame?.payload.buffer).toBe(larger.buffer);
  });

  it("may have a payload of 64 KiB, and not a byte more", () => {
    const largest = { type: frameTypes.data, callId: 1, payload: new Uint8Array(maxFrameBytes) };
    expect([...readFrames(encodeFrames([largest]))]).toHaveLength(1);
    const larger = { ...largest, payload: new Uint8Array(maxFrameBytes + 1) };
    expect(() => [...readFrames(encodeFrames([larger]))]).toThrow(`a frame of ${maxFrameBytes + 1} bytes`);
  });
});

describe("arbitrary bytes", () => {
  it("are frames, or a breach that closes with 4400; never more than what came", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        checkRead(message);
      }),
      runs,
    );
  });

  it("are the frames in front of the place where they were cut off, then a breach", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), fc.nat(), (frames, cut) => {
        const message = encodeFrames(frames);
        const length = cut % message.byteLength;
        const { read, error } = checkRead(message.subarray(0, length));
        expect(read).toEqual(frames.slice(0, read.length));
        const isWhole = encodeFrames(frames.slice(0, read.length)).byteLength === length;
        expect(error === undefined).toBe(isWhole);
      }),
      runs,
    );
  });

  it("are no frames when one byte of a header is another", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat({ max: 8 }), fc.integer({ min: 1, max: 255 }), (frame, at, change) => {
        const message = encodeFrames([frame]);
        message[at] = (message[at] ?? 0) ^ change;
        const { read } = checkRead(message);
        expect(read).not.toEqual([frame]);
      }),
      runs,
    );
  });
});

function checkRead(message: Uint8Array): {
  readonly read: readonly Frame[];
  readonly error: ProtocolError | undefined;
} {
  const read: Frame[] = [];
  try {
    for (const frame of readFrames(message)) read.push(frame);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(error.closeCode).toBe(closeCodes.protocolError);
    return { read, error };
  }
  const byteLength = read.reduce((sum, { payload }) => sum + 9 + payload.byteLength, 0);
  expect(byteLength).toBe(message.byteLength);
  return { read, error: undefined };
}

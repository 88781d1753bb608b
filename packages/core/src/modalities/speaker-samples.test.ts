import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { deinterleave, readSamples, speakerChannels, speakerSampleRateHz } from "./speaker-samples.js";

const values = [0, 1, -1, 0.1, 3.4028234663852886e38, Number.NaN];

describe("readSamples", () => {
  it.each([0, 1, 2, 3, 4, 5, 8])("reads little-endian floats at the offset %i of a buffer", (offset) => {
    expect(readSamples(bytesOf(values, offset))).toStrictEqual(Float32Array.from(values));
  });

  it.each([0, 1, 4])("reads them at the offset %i on a machine that is big-endian too", (offset) => {
    expect(readSamples(bytesOf(values, offset), false)).toStrictEqual(Float32Array.from(values));
  });

  it.each([0, 4, 8])(
    "copies nothing when they lie at a multiple of 4 (%i) and the machine is little-endian",
    (offset) => {
      const bytes = bytesOf(values, offset);

      const samples = readSamples(bytes, true);

      expect(samples.buffer).toBe(bytes.buffer);
      expect(samples.byteOffset).toBe(offset);
    },
  );

  it.each([
    ["they lie elsewhere", 1, true],
    ["the machine is big-endian", 0, false],
  ])("copies them when %s", (_, offset, isLittleEndian) => {
    const bytes = bytesOf(values, offset);

    expect(readSamples(bytes, isLittleEndian).buffer).not.toBe(bytes.buffer);
  });

  it("copies from a Node buffer, whose slices are views, when they lie elsewhere", () => {
    const { buffer, byteOffset, byteLength } = bytesOf(values, 1);

    expect(readSamples(Buffer.from(buffer, byteOffset, byteLength))).toStrictEqual(Float32Array.from(values));
  });

  it.each([0, 1])("reads no samples from no bytes (offset %i)", (offset) => {
    expect(readSamples(bytesOf([], offset))).toStrictEqual(new Float32Array(0));
  });
});

describe("deinterleave", () => {
  it("takes left and right apart", () => {
    expect(deinterleave(Float32Array.of(1, -1, 2, -2, 3, -3))).toStrictEqual({
      left: Float32Array.of(1, 2, 3),
      right: Float32Array.of(-1, -2, -3),
    });
  });

  it("takes nothing apart", () => {
    expect(deinterleave(new Float32Array(0))).toStrictEqual({ left: new Float32Array(0), right: new Float32Array(0) });
  });

  it("returns copies", () => {
    const samples = Float32Array.of(1, -1);
    const { left, right } = deinterleave(samples);

    samples.fill(0);

    expect([left[0], right[0]]).toEqual([1, -1]);
  });

  it("throws when the last pair is not whole", () => {
    expect(() => deinterleave(new Float32Array(3))).toThrow(InvalidOptionsError);
  });
});

it("knows the format of the contract", () => {
  expect({ speakerSampleRateHz, speakerChannels }).toEqual({ speakerSampleRateHz: 48_000, speakerChannels: 2 });
});

function bytesOf(samples: readonly number[], offset: number): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(offset + samples.length * 4);
  const view = new DataView(buffer);
  for (const [i, sample] of samples.entries()) view.setFloat32(offset + i * 4, sample, true);
  return new Uint8Array(buffer, offset);
}

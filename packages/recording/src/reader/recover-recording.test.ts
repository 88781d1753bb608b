import { McapIndexedReader } from "@mcap/core";
import { beforeAll, describe, expect, it } from "vitest";
import { collect } from "../collect.js";
import { MalformedRecordingError } from "../errors/malformed-recording-error.js";
import { zstdCompression } from "../node/zstd.js";
import { readWithMcap } from "../testing/mcap-own-reader.js";
import { recordSample, type Sample } from "../testing/record-sample.js";
import { openRecording } from "./open-recording.js";
import { bytesSource } from "./recording-source.js";

const compressions = [
  // A chunk of the sample is one block for zstd, and a block is all or nothing.
  { name: "uncompressed", compression: undefined, cutMessages: 3 },
  { name: "zstd", compression: zstdCompression(), cutMessages: 0 },
] as const;

describe.each(compressions)("a recording that was cut off, $name", ({ compression, cutMessages }) => {
  let sample: Sample;

  beforeAll(async () => {
    sample = await recordSample({ compression });
  });

  it("gives back what is before the cut, wherever that is", async () => {
    const { bytes } = sample;
    const whole = await contentOf(bytes);
    expect(whole.length).toBe(sample.summary.messages);
    // The same 200 places each time, so that a failure can be looked at.
    let state = 42;
    let mostInCutChunk = 0;
    for (let count = 0; count < 200; count++) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      const length = 8 + (state % (bytes.byteLength - 8));
      const found = await contentOf(bytes.subarray(0, length));
      expect(found).toEqual(whole.slice(0, found.length));
      const expected = await wholeChunkMessages(bytes, length);
      expect(found.length).toBeGreaterThanOrEqual(expected);
      mostInCutChunk = Math.max(mostInCutChunk, found.length - expected);
    }
    // Of a chunk that was cut through something is left, too.
    expect(mostInCutChunk).toBeGreaterThanOrEqual(cutMessages);
  });
});

it("gives back the blocks that are whole of a compressed chunk that was cut through", async () => {
  const { bytes, summary } = await recordSample({ compression: zstdCompression(), chunkBytes: 1e9, pixels: 8_000 });
  const { chunkIndexes } = await McapIndexedReader.Initialize({ readable: bytesSource(bytes) });
  const cut = bytes.subarray(0, Math.floor(Number(chunkIndexes[0]?.chunkLength) * 0.6));

  expect(await wholeChunkMessages(bytes, cut.byteLength)).toBe(0);
  const found = await contentOf(cut);
  expect(found.length).toBeGreaterThan(summary.messages / 4);
  expect(found).toEqual((await contentOf(bytes)).slice(0, found.length));
});

it("is one without messages when it breaks off before the first of them, in its header as well", async () => {
  const { bytes } = await recordSample({ compression: undefined });
  const { chunkIndexes } = await McapIndexedReader.Initialize({ readable: bytesSource(bytes) });
  const firstChunk = Number(chunkIndexes[0]?.chunkStartOffset);
  for (let length = 8; length <= firstChunk; length++) {
    const reader = await openRecording(bytesSource(bytes.subarray(0, length)));
    expect(reader.info).toMatchObject({ isComplete: false, messages: 0, durationMs: 0 });
  }
});

it("is refused when it does not begin like a recording", async () => {
  const opening = openRecording(bytesSource(new TextEncoder().encode("something else")));

  await expect(opening).rejects.toThrow(MalformedRecordingError);
});

it("says that it has no end, and what it has", async () => {
  const { bytes } = await recordSample();
  const { info } = await openRecording(bytesSource(bytes.subarray(0, bytes.byteLength / 2)));

  expect(info.isComplete).toBe(false);
  expect(info.messages).toBeGreaterThan(0);
});

it("is not looked through when that is not wanted", async () => {
  const { bytes } = await recordSample();
  const opening = openRecording(bytesSource(bytes.subarray(0, bytes.byteLength - 1)), { recover: "never" });

  await expect(opening).rejects.toThrow("has no end, or a damaged one");
});

it("gives back what is around a chunk that is damaged", async () => {
  const { bytes } = await recordSample();
  const whole = await contentOf(bytes);
  const damaged = bytes.slice();
  const middle = Math.floor(bytes.byteLength / 2);
  damaged.fill(0xff, middle, middle + 100);

  await expect(contentOf(damaged)).rejects.toThrow(MalformedRecordingError);
  const reader = await openRecording(bytesSource(damaged), { recover: "always" });
  expect(reader.info).toMatchObject({ lost: { bytes: 0, chunks: 1 }, isComplete: false });
  const found = await contentOf(damaged, "always");
  expect(found.length).toBeGreaterThan(whole.length / 2);
  expect(whole).toEqual(expect.arrayContaining(found));
});

/** All messages, each as one text. */
async function contentOf(bytes: Uint8Array, recover: "auto" | "always" = "auto"): Promise<string[]> {
  const reader = await openRecording(bytesSource(bytes), { recover });
  const messages = await collect(reader.messages());
  return messages.map(
    ({ topic, unixNanos, sequence, data }) =>
      `${topic.topic} ${unixNanos} ${sequence} ${Buffer.from(data).toString("base64")}`,
  );
}

/** How many messages MCAP's own reader finds in the chunks that are whole. */
async function wholeChunkMessages(bytes: Uint8Array, length: number): Promise<number> {
  const records = await readWithMcap(bytes.subarray(0, length));
  return records.filter(({ type }) => type === "Message").length;
}

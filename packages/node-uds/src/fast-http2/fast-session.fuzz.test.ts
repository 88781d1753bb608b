import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFrameConnection } from "../testing/frame-peer.js";
import { answerFields, rawFrame, settingsFrame, trailerFields } from "../testing/http2-frames.js";
import { encodeHeaderBlock } from "./hpack/hpack-encoder.js";

/** Says `bytes` to a client with two requests, hangs up, and checks that both ends come to an end. */
async function survives(bytes: Uint8Array, frameCount: number): Promise<void> {
  await using connection = await openFrameConnection({ settings: null, streamWindowBytes: 1_000 });
  const requests = [connection.start(), connection.start()];
  requests[0]?.stream.end(Buffer.alloc(100));
  requests[1]?.stream.write(Buffer.alloc(100_000));
  requests[1]?.stream.pause();
  connection.peer.socket.end(bytes);
  await connection.closed;
  expect(connection.closeCount).toBe(1);
  expect(connection.session.isUsable).toBe(false);
  for (const { stream, told } of requests) {
    expect(told.events.at(-1)).toBe("close");
    expect(told.events.filter((event) => event === "close" || event === "end").length).toBeLessThanOrEqual(2);
    expect(told.body.byteLength).toBeLessThanOrEqual(bytes.byteLength);
    await stream.drained();
  }
  const answers = connection.peer.frames.filter(({ type }) => type !== 0);
  // Each frame is answered by at most a frame and a window, beside what begins and ends a connection.
  expect(answers.length).toBeLessThanOrEqual(2 * frameCount + 10);
}

const blocks = [answerFields, trailerFields, [[":status", "103"]] as const].map(encodeHeaderBlock);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(...blocks),
  fc
    .constantFrom(0, 1, 2 ** 31 - 1, 2 ** 32 - 1)
    .map((value) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)),
  fc.tuple(fc.nat(9), fc.nat(2 ** 32 - 1)).map(([id, value]) => settingsFrame({ [id]: value }).subarray(9)),
  fc.constant(new Uint8Array(8)),
);
/** Frames that look as if they might be right, most on streams that are open. */
const frame = fc
  .tuple(fc.nat(11), fc.constantFrom(0, 1, 4, 5, 8, 12, 32, 255), fc.constantFrom(0, 1, 1, 3, 3, 5, 2), payload)
  .map(([type, flags, streamId, bytes]) => rawFrame(type, flags, streamId, bytes));
/** Frames that are right most of the time, to get further. */
const likelyFrame = fc.constantFrom(
  ...blocks.flatMap((block) => [1, 3].flatMap((id) => [4, 5, 0].map((flags) => rawFrame(1, flags, id, block)))),
  ...[1, 3].flatMap((id) => [rawFrame(0, 0, id, Buffer.alloc(50)), rawFrame(0, 1, id), rawFrame(9, 4, id)]),
  ...[0, 1, 3].map((id) => rawFrame(8, 0, id, Buffer.of(0, 0, 100, 0))),
  rawFrame(3, 0, 1, Buffer.of(0, 0, 0, 8)),
  rawFrame(6, 0, 0, Buffer.alloc(8)),
  rawFrame(7, 0, 0, Buffer.of(0, 0, 0, 1, 0, 0, 0, 0)),
  settingsFrame({ 3: 1, 4: 10 }),
  settingsFrame({ 4: 100_000 }),
);

describe("a client, whatever its peer says,", () => {
  it("comes to an end after any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.uint8Array({ maxLength: 300 }), async (isGreeted, bytes) => {
        await survives(Buffer.concat([isGreeted ? settingsFrame() : Buffer.alloc(0), bytes]), bytes.byteLength / 9 + 1);
      }),
      { numRuns: 100 },
    );
  });

  it("comes to an end after any frames", async () => {
    const frames = fc.array(fc.oneof({ weight: 1, arbitrary: frame }, { weight: 4, arbitrary: likelyFrame }), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(frames, async (sent) => {
        await survives(Buffer.concat([settingsFrame(), ...sent]), sent.length + 1);
      }),
      { numRuns: 300 },
    );
  });

  it("comes to an end after a megabyte of noise", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const noise = createHash("shake256", { outputLength: 2 ** 20 })
        .update(String(seed))
        .digest();
      await survives(Buffer.concat([settingsFrame(), noise]), 2 ** 20 / 9);
    }
  });
});

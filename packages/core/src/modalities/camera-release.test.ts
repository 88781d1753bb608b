import { describe, expect, it } from "vitest";
import { byteCamera, frameBytes, pixelBytes } from "../testing/byte-camera.js";
import { quiet } from "../testing/quiet.js";
import { take } from "../testing/take.js";
import type { CameraFrame } from "./camera-frame.js";

describe("release", () => {
  it("leaves the frame without pixels, and its memory to a later frame", async () => {
    const { frames, messages } = await readFrames([3]);
    const [frame] = frames;
    const kept = frame?.pixels;

    frame?.release();

    expect(frame?.pixels).toHaveLength(0);
    expect(kept).toHaveLength(0);
    expect(messages[0]).toHaveLength(0);
  });

  it("is what the end of a `using` block does", async () => {
    const { frames, messages } = await readFrames([3]);
    {
      using frame = frames[0];
      expect(frame?.pixels).toHaveLength(pixelBytes);
    }
    expect(messages[0]).toHaveLength(0);
  });

  it("takes nothing from a frame that was not released", async () => {
    const { frames } = await readFrames([0, 1, 2]);
    frames[1]?.release();

    expect(frames.map(({ pixels }) => [pixels.length, pixels[0]])).toEqual([
      [pixelBytes, 0],
      [0, undefined],
      [pixelBytes, 2],
    ]);
  });

  it("waits until all streams that have the frame have released it, and counts each of them once", async () => {
    const { camera, send } = byteCamera();
    await using one = camera.stream({ mode: "every" });
    await using two = camera.stream({ mode: "every" });
    const reads = [take(one), take(two)];
    await quiet();
    const message = frameBytes(5);
    send(message);
    const [first, second] = await Promise.all(reads);

    first?.release();
    first?.release();
    expect(first?.pixels).toHaveLength(0);
    expect(second?.pixels[0]).toBe(5);

    second?.release();
    expect(message).toHaveLength(0);
  });

  it("is not needed for frames that a loop skips", async () => {
    const { camera, send } = byteCamera();
    await using stream = camera.stream();
    const first = take(stream);
    await quiet();
    const messages = [0, 1, 2, 3].map(frameBytes);
    for (const message of messages) {
      send(message);
      await quiet();
    }
    await first;

    expect((await take(stream)).pixels[0]).toBe(3);
    expect(messages.map(({ length }) => length > 0)).toEqual([true, false, false, true]);
  });

  it("is not needed for a frame that nobody has asked for when the stream is left", async () => {
    const { camera, send } = byteCamera();
    const stream = camera.stream();
    const first = take(stream);
    await quiet();
    const messages = [1, 2].map(frameBytes);
    for (const message of messages) {
      send(message);
      await quiet();
    }
    await first;
    await stream.return?.();

    expect(messages.map(({ length }) => length > 0)).toEqual([true, false]);
  });

  it("does not wait for a stream for which the frame comes too early", async () => {
    const { camera, send } = byteCamera();
    await using slow = camera.stream({ mode: "every", fpsLimit: 10 });
    await using fast = camera.stream({ mode: "every" });
    const firsts = [take(slow), take(fast)];
    await quiet();
    send(frameBytes(1));
    await Promise.all(firsts);
    const message = frameBytes(2);
    const next = take(fast);
    send(message);

    const frame = await next;
    expect(message.length).toBeGreaterThan(0);
    frame.release();
    expect(message).toHaveLength(0);
  });
});

/** Reads a frame for each number. */
async function readFrames(ids: readonly number[]) {
  const { camera, send } = byteCamera();
  const stream = camera.stream({ mode: "every" });
  const messages = ids.map(frameBytes);
  const frames: CameraFrame[] = [];
  for (const message of messages) {
    const next = take(stream);
    await quiet();
    send(message);
    frames.push(await next);
  }
  return { frames, messages };
}

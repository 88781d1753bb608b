import { once } from "node:events";
import { services } from "@resoio/core";
import { type CameraFrame, CameraFrameFormat } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { describe, expect, it } from "vitest";
import { FrameReader } from "../testing/frame-reader.js";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { streamFrames } = services.camera.method;
const display = { width: 32, height: 24 };

async function take(reader: FrameReader, count: number): Promise<CameraFrame[]> {
  const frames: CameraFrame[] = [];
  while (frames.length < count) frames.push(await reader.next());
  return frames;
}

/** Nanoseconds from each frame to the next. */
function gapsOf(frames: readonly CameraFrame[]): number[] {
  return frames.slice(1).map(({ unixNanos }, index) => Number(unixNanos - (frames[index]?.unixNanos ?? 0n)));
}

async function firstOf(stream: AsyncIterable<CameraFrame>): Promise<CameraFrame> {
  for await (const frame of stream) return frame;
  throw new Error("the stream has ended");
}

describe("Camera.StreamFrames", () => {
  it("sends RGBA8 frames of the window's size, numbered from 0", async () => {
    await using test = await openMod({ scenario: { display } });
    const frames = await take(new FrameReader(test), 3);
    expect(frames.map(({ frameId }) => frameId)).toEqual([0n, 1n, 2n]);
    for (const { width, height, format, pixels, unixNanos } of frames) {
      expect({ width, height, format }).toEqual({ ...display, format: CameraFrameFormat.RGBA8 });
      expect(pixels).toHaveLength(32 * 24 * 4);
      expect(unixNanos % 100n).toBe(0n);
    }
    expect(Buffer.from(frames[0]?.pixels ?? []).equals(test.engine.draw().pixels)).toBe(true);
  });

  it.each([
    [64, 48],
    [0, 0],
    [-1, -1],
  ])("ignores a wish for %d x %d", async (width, height) => {
    await using test = await openMod({ scenario: { display } });
    const frame = await firstOf(test.raw.serverStream(streamFrames, { width, height }));
    expect(frame).toMatchObject(display);
  });

  it("counts from 0 in every call", async () => {
    await using test = await openMod({ scenario: { display } });
    await take(new FrameReader(test), 2);
    const second = new FrameReader(test);
    expect((await second.next()).frameId).toBe(0n);
  });

  it.each([10, 29, 0.5])("captures no faster than fps_limit %d", async (fpsLimit) => {
    await using test = await openMod({ scenario: { display } });
    const gaps = gapsOf(await take(new FrameReader(test, fpsLimit), 5));
    expect(Math.min(...gaps)).toBeGreaterThan(1e9 / fpsLimit - 200);
  });

  it.each([0, -5, Number.NaN, 1000])("captures as fast as it can with fps_limit %d", async (fpsLimit) => {
    await using test = await openMod({ scenario: { display } });
    const gaps = gapsOf(await take(new FrameReader(test, fpsLimit), 10));
    expect(gaps.reduce((sum, gap) => sum + gap)).toBeLessThan(9.5 * (1e9 / 30));
  });

  it("sends between 1 and 8 frames in half a second at fps_limit 10", async () => {
    await using test = await openMod({ scenario: { display } });
    const call = test.raw.serverStream(streamFrames, { fpsLimit: 10 });
    let count = 0;
    call.on("data", () => count++);
    call.on("error", () => {});
    await once(call, "data");
    for (let ms = 0; ms < 500; ms += 5) await test.clock.advance(5);
    expect(count).toBeGreaterThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(8);
    call.cancel();
  });

  it("fails with UNKNOWN after the first frame when the period is beyond what a timer can do", async () => {
    await using test = await openMod({ scenario: { display } });
    const reader = new FrameReader(test, 1e-9);
    expect((await reader.next()).frameId).toBe(0n);
    expect((await statusOf(reader.next())).code).toBe("UNKNOWN");
  });

  it("sends each picture to one of two callers", async () => {
    await using test = await openMod({ scenario: { display } });
    const one = new FrameReader(test);
    const other = new FrameReader(test);
    const stamps: bigint[] = [];
    for (let turn = 0; turn < 8; turn++) {
      stamps.push((await one.next()).unixNanos, (await other.next()).unixNanos);
    }
    expect(new Set(stamps).size).toBe(16);
  });

  it("skips pictures for a caller who reads slowly, without a gap in the numbers", async () => {
    await using test = await openMod({ scenario: { display: { width: 320, height: 240 } } });
    const reader = new FrameReader(test);
    const frames = [await reader.next()];
    for (let turn = 0; turn < 120; turn++) await test.clock.advance(100);
    for (let count = 1; count < 60; count++) frames.push(await reader.next());
    expect(frames.map(({ frameId }) => Number(frameId))).toEqual(frames.map((_, index) => index));
    expect(gapsOf(frames).filter((gap) => gap > 5e9)).toHaveLength(1);
  });

  it("takes the size of the window when a change of it has settled", async () => {
    await using test = await openMod({ scenario: { display: { ...display, settleMs: 200 } } });
    const reader = new FrameReader(test);
    await reader.next();
    await test.raw.unary(services.display.method.apply, { width: 48, height: 20 });
    expect(await reader.next()).toMatchObject(display);
    await test.clock.advance(250);
    // What was captured before is still on its way.
    let frame = await reader.next();
    for (let count = 0; count < 20 && frame.width !== 48; count++) frame = await reader.next();
    expect(frame).toMatchObject({ width: 48, height: 20 });
    expect(frame.pixels).toHaveLength(48 * 20 * 4);
  });

  it("stays open without a frame while the renderer gives none", async () => {
    await using test = await openMod({ scenario: { display, cameraFps: 0 } });
    const call = test.raw.serverStream(streamFrames, {});
    let count = 0;
    let isEnded = false;
    call.on("data", () => count++);
    call.on("error", () => {
      isEnded = true;
    });
    for (let minute = 0; minute < 3; minute++) await test.clock.advance(60_000);
    expect(test.mod.openCalls).toBe(1);
    expect({ count, isEnded }).toEqual({ count: 0, isEnded: false });
    call.cancel();
    await test.engine.until(({ journal }) => journal.calls("camera.streamFrames").length === 1);
  });

  it("sends its first frame when the engine has started", async () => {
    await using test = await openMod({ scenario: { display }, faults: { bootMs: 2000 } });
    const start = test.clock.unixNanos();
    const frame = await new FrameReader(test).next(50);
    expect(frame.unixNanos - start).toBe(2_000_000_000n);
  });

  it("fails with FAILED_PRECONDITION, now and later, when the game shuts down", async () => {
    await using test = await openMod({ scenario: { display } });
    const reader = new FrameReader(test);
    await reader.next();
    test.engine.camera.dispose();
    // The one frame that may already be on its way.
    const status = await statusOf(drain(reader));
    expect(status).toEqual({ code: "FAILED_PRECONDITION", details: expect.stringContaining("shutting down") });
    const later = await statusOf(drain(new FrameReader(test)));
    expect(later.code).toBe("FAILED_PRECONDITION");
  });

  it("hands out the unread picture before it fails", async () => {
    await using test = await openMod({ scenario: { display } });
    test.engine.camera.dispose();
    const reader = new FrameReader(test);
    expect((await reader.next()).frameId).toBe(0n);
    expect((await statusOf(reader.next())).code).toBe("FAILED_PRECONDITION");
  });

  it("fails with UNAVAILABLE without a bridge and with INTERNAL when it throws", async () => {
    await using test = await openMod({ scenario: { display }, faults: { absentBridges: ["camera"] } });
    const absent = await statusOf(firstOf(test.raw.serverStream(streamFrames, {})));
    expect(absent).toEqual({ code: "UNAVAILABLE", details: "Camera bridge is not configured." });
    test.mod.faults.set({ absentBridges: [], throwingBridges: ["camera"] });
    const throwing = await statusOf(firstOf(test.raw.serverStream(streamFrames, {})));
    expect(throwing).toEqual({ code: "INTERNAL", details: "Camera bridge faulted: injected bridge fault" });
  });
});

async function drain(reader: FrameReader): Promise<never> {
  for (;;) await reader.next();
}

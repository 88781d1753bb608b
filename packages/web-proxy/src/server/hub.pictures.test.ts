import { Code, ConnectError } from "@connectrpc/connect";
import { Picture, PictureFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { CameraFrameFormat } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { FakeUpstream } from "../testing/fake-upstream.js";
import { hubClient } from "../testing/hub-client.js";
import { RecordedCall } from "../testing/recorded-call.js";
import { TestClock } from "../testing/test-clock.js";
import { cameraFrame, fpsLimitOf, frameIdsOf, picturesOf, watchFrames, watchPictures } from "../testing/watchers.js";
import { createHub, type HubOptions } from "./hub.js";

const left = new ConnectError("left", Code.Canceled);
const { JPEG, WEBP, RAW, UNSPECIFIED } = PictureFormat;

function setUp(options: HubOptions = {}) {
  const upstream = new FakeUpstream();
  const clock = new TestClock();
  return { upstream, clock, hub: createHub(upstream, { clock, maxEncodings: 1, ...options }) };
}

/** Waits until a watcher has so many pictures, and returns the last. */
async function picture(watcher: RecordedCall, count: number) {
  await watcher.until(() => watcher.messages.length >= count || watcher.end !== undefined);
  expect(watcher.end).toBeUndefined();
  expect(watcher.messages).toHaveLength(count);
  const last = picturesOf(watcher).at(-1);
  if (last === undefined) throw new Error("there is no picture");
  return last;
}

/** Lets the promises settle of what does not wait for the encoder. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** 64 x 32 pixels of one colour. */
function coloured(frameId: number, rgba: readonly number[], size = { width: 64, height: 32 }): Uint8Array {
  const pixels = Uint8Array.from({ length: size.width * size.height * 4 }, (_, index) => rgba[index % 4] ?? 0);
  return cameraFrame(frameId, { ...size, pixels });
}

/** The colour in the middle of an encoded picture. */
async function colourOf(data: Uint8Array): Promise<readonly number[]> {
  const { data: bytes, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
  const start = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  return [...bytes.subarray(start, start + info.channels)];
}

describe("Picture.Watch", () => {
  it("encodes once for each setting and frame, however many watch", async () => {
    const { hub, upstream } = setUp();
    const same = [
      watchPictures(hub),
      watchPictures(hub, { format: JPEG }),
      watchPictures(hub, { format: UNSPECIFIED, quality: 80 }),
      watchPictures(hub, { format: JPEG, quality: 80, fpsLimit: 30 }),
    ];
    const others = [watchPictures(hub, { quality: 50 }), watchPictures(hub, { format: WEBP })];

    for (let i = 0; i < 3; i++) {
      upstream.openCall.emit(coloured(i, [200, 100, 50, 255]));
      await Promise.all([...same, ...others].map((watcher) => picture(watcher, i + 1)));
    }

    const { count, totalMs, perSetting } = hub.stats().encodings;
    expect(count).toBe(9);
    expect(totalMs).toBeGreaterThan(0);
    expect(perSetting).toEqual({
      "jpeg q80": { watchers: 4, count: 3, totalMs: expect.any(Number) },
      "jpeg q50": { watchers: 1, count: 3, totalMs: expect.any(Number) },
      "webp q80": { watchers: 1, count: 3, totalMs: expect.any(Number) },
    });
    for (const { messages } of same) for (const i of [0, 1, 2]) expect(messages[i]).toBe(same[0]?.messages[i]);
  });

  it("forgets a setting that nobody watches with", async () => {
    const { hub, upstream } = setUp();
    const [watcher, other] = [watchPictures(hub), watchPictures(hub, { quality: 1 })];
    upstream.openCall.emit(coloured(0, [1, 2, 3, 255]));
    await picture(watcher, 1);
    await picture(other, 1);

    watcher.call.cancel(left);

    expect(Object.keys(hub.stats().encodings.perSetting)).toEqual(["jpeg q1"]);
    expect(hub.stats().encodings.count).toBe(2);
  });

  it("tells what the mod said of the frame, and what became of it", async () => {
    const { hub, upstream, clock } = setUp();
    const watcher = watchPictures(hub, { maxWidth: 16 });

    upstream.openCall.emit(coloured(41, [200, 100, 50, 255]));
    const frame = await picture(watcher, 1);

    expect(frame).toMatchObject({
      format: JPEG,
      width: 16,
      height: 8,
      sourceWidth: 64,
      sourceHeight: 32,
      frameId: 41n,
      unixNanos: 41_000_001n,
      droppedCount: 0n,
      sentUnixNanos: clock.unixNanos(),
    });
    expect(frame.encodeMs).toBeGreaterThan(0);
    expect(await sharp(frame.data).metadata()).toMatchObject({ format: "jpeg", width: 16, height: 8 });
  });

  it.each([
    [JPEG, 0],
    [JPEG, 16],
    [WEBP, 0],
    [WEBP, 16],
  ])("shows the colours whatever the alpha (format %i, max_width %i)", async (format, maxWidth) => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub, { format, maxWidth, quality: 100 });

    upstream.openCall.emit(coloured(0, [200, 100, 50, 0]));
    const { data } = await picture(watcher, 1);

    const colour = await colourOf(data);
    expect(colour).toHaveLength(3);
    for (const [index, value] of [200, 100, 50].entries()) {
      expect(Math.abs((colour[index] ?? 0) - value)).toBeLessThan(6);
    }
  });

  it("does not touch the frame, which others see as well", async () => {
    const { hub, upstream } = setUp();
    const frame = coloured(0, [200, 100, 50, 7]);
    const before = frame.slice();
    const watchers = [JPEG, WEBP, RAW].map((format) => watchPictures(hub, { format, maxWidth: 16 }));

    upstream.openCall.emit(frame);
    for (const watcher of watchers) await picture(watcher, 1);

    expect(frame).toEqual(before);
  });

  it("passes the pixels on as they are in the raw format", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub, { format: RAW, quality: 3 });
    const pixels = Uint8Array.from({ length: 3 * 2 * 4 }, (_, index) => index);

    upstream.openCall.emit(cameraFrame(5, { width: 3, height: 2, pixels }));
    const frame = await picture(watcher, 1);

    expect(frame).toMatchObject({ format: RAW, width: 3, height: 2, sourceWidth: 3, frameId: 5n, encodeMs: 0 });
    expect(frame.data).toEqual(pixels);
    expect(Object.keys(hub.stats().encodings.perSetting)).toEqual(["raw"]);
  });

  it("makes raw pictures smaller, and opaque", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub, { format: RAW, maxWidth: 16 });

    upstream.openCall.emit(coloured(0, [200, 100, 50, 0]));
    const frame = await picture(watcher, 1);

    expect(frame).toMatchObject({ width: 16, height: 8, encodeMs: 0 });
    expect(frame.data).toEqual(
      Uint8Array.from({ length: 16 * 8 * 4 }, (_, index) => [200, 100, 50, 255][index % 4] ?? 0),
    );
  });

  it("follows the size of the window", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub, { maxWidth: 20 });

    upstream.openCall.emit(coloured(0, [9, 9, 9, 255], { width: 40, height: 30 }));
    expect(await picture(watcher, 1)).toMatchObject({ width: 20, height: 15, sourceWidth: 40, sourceHeight: 30 });
    upstream.openCall.emit(coloured(1, [9, 9, 9, 255], { width: 10, height: 30 }));
    expect(await picture(watcher, 2)).toMatchObject({ width: 10, height: 30, sourceWidth: 10 });
  });

  it.each([
    [{ format: 4 as PictureFormat }, "format"],
    [{ format: -1 as PictureFormat }, "format"],
    [{ maxWidth: 16_385 }, "max_width"],
    [{ quality: 101 }, "quality"],
    [{ format: RAW, quality: 101 }, "quality"],
    [{ fpsLimit: -1 }, "fps_limit"],
    [{ fpsLimit: 240.5 }, "fps_limit"],
    [{ fpsLimit: Number.NaN }, "fps_limit"],
    [{ fpsLimit: Number.POSITIVE_INFINITY }, "fps_limit"],
  ])("refuses %j", (wish, name) => {
    const { hub, upstream } = setUp();

    const { end } = watchPictures(hub, wish);

    expect(end).toMatchObject({ code: Code.InvalidArgument, isOwnDoing: false });
    expect(end?.error?.rawMessage).toContain(name);
    expect(upstream.calls).toHaveLength(0);
  });

  it.each([{}, { maxWidth: 16_384, quality: 100, fpsLimit: 240 }, { maxWidth: 1, quality: 1, fpsLimit: 0.1 }])(
    "accepts %j",
    (wish) => {
      const { hub } = setUp();
      expect(watchPictures(hub, wish).end).toBeUndefined();
    },
  );

  it("refuses what is no request", () => {
    const { hub } = setUp();
    const asking = new RecordedCall(hub, { method: Picture.method.watch });

    asking.call.sendLast(Uint8Array.of(10, 200));

    expect(asking.end?.code).toBe(Code.InvalidArgument);
  });

  it("takes the newest frame next of those that came during an encoding, which nobody is blamed for", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub);

    for (let i = 0; i < 10; i++) upstream.openCall.emit(coloured(i, [i, i, i, 255]));
    await picture(watcher, 2);

    expect(picturesOf(watcher).map(({ frameId }) => frameId)).toEqual([0n, 9n]);
    expect(picturesOf(watcher).at(-1)?.droppedCount).toBe(0n);
    expect(hub.stats().encodings.count).toBe(2);
  });

  it("lets settings take turns when only one picture may be encoded at a time", async () => {
    const { hub, upstream } = setUp({ maxEncodings: 1 });
    const watchers = [1, 2, 3].map((quality) => watchPictures(hub, { quality }));
    const order: number[] = [];
    for (const [index, watcher] of watchers.entries()) {
      watcher.onMessage = () => {
        order.push(index);
        upstream.openCall.emit(coloured(order.length, [0, 0, 0, 255]));
      };
    }

    upstream.openCall.emit(coloured(0, [0, 0, 0, 255]));
    for (const watcher of watchers) await watcher.until(() => watcher.messages.length >= 3);

    expect(order.slice(0, 9)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    for (const { call } of watchers) call.cancel(left);
  });

  it("holds the newest picture for who is slow, and counts for him alone what he missed", async () => {
    const { hub, upstream } = setUp();
    const fast = watchPictures(hub);
    const slow = watchPictures(hub);
    slow.call.pause();

    for (let i = 0; i < 5; i++) {
      upstream.openCall.emit(coloured(i, [i, i, i, 255]));
      await picture(fast, i + 1);
    }
    expect(slow.messages).toHaveLength(0);
    slow.call.resume();
    upstream.openCall.emit(coloured(5, [5, 5, 5, 255]));
    await picture(slow, 2);
    await picture(fast, 6);

    expect(picturesOf(slow).map(({ frameId, droppedCount }) => [frameId, droppedCount])).toEqual([
      [4n, 4n],
      [5n, 4n],
    ]);
    expect(slow.client.counters.droppedFrames).toBe(4);
    expect(picturesOf(fast).at(-1)?.droppedCount).toBe(0n);
    expect(fast.client.counters.droppedFrames).toBe(0);
    expect(hub.stats()).toMatchObject({ droppedPictures: 4, encodings: { count: 6 } });
  });

  it("encodes nothing while nobody takes pictures, then the newest, and counts what was missed", async () => {
    const { hub, upstream, clock } = setUp();
    const watchers = [watchPictures(hub), watchPictures(hub)];
    for (const { call } of watchers) call.pause();

    for (let i = 0; i < 10; i++) {
      upstream.openCall.emit(coloured(i, [i, i, i, 255]));
      clock.advance(1000 / 30);
    }
    await settle();
    expect(hub.stats().encodings.count).toBe(0);
    watchers[0]?.call.resume();

    const [first] = watchers;
    if (first === undefined) raise();
    expect(await picture(first, 1)).toMatchObject({ frameId: 9n, droppedCount: 9n });
    expect(hub.stats().encodings.count).toBe(1);
    expect(watchers[1]?.client.counters.droppedFrames).toBe(9);
  });

  it("does not go on with the next frame when all have paused during an encoding", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub, { format: RAW });
    upstream.openCall.emit(cameraFrame(0));
    upstream.openCall.emit(cameraFrame(1));

    watcher.call.pause();
    await settle();
    expect(hub.stats().encodings.count).toBe(1);
    watcher.call.resume();

    expect(await picture(watcher, 1)).toMatchObject({ frameId: 1n, droppedCount: 1n });
  });

  it("drops the picture that waited when there is a newer frame to encode", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub);
    upstream.openCall.emit(coloured(0, [0, 0, 0, 255]));
    // Paused while the encoding goes on, so the picture has to wait; the frame after it waits unencoded.
    watcher.call.pause();
    const other = watchPictures(hub);
    await picture(other, 1);
    other.call.cancel(left);
    upstream.openCall.emit(coloured(1, [1, 1, 1, 255]));

    watcher.call.resume();

    expect(await picture(watcher, 1)).toMatchObject({ frameId: 1n, droppedCount: 1n });
  });

  it("makes pictures at the highest rate of a setting, and thins them for the others", async () => {
    const { hub, upstream, clock } = setUp();
    const [fast, slow] = [watchPictures(hub, { fpsLimit: 60 }), watchPictures(hub, { fpsLimit: 15 })];
    expect(fpsLimitOf(upstream.openCall)).toBe(60);

    for (let i = 0; i < 12; i++) {
      upstream.openCall.emit(coloured(i, [i, i, i, 255]));
      await picture(fast, i + 1);
      clock.advance(1000 / 60);
    }

    expect(picturesOf(slow).map(({ frameId }) => Number(frameId))).toEqual([0, 4, 8]);
    expect(slow.client.counters.droppedFrames).toBe(0);
  });

  it("limits in how many settings pictures are made, naming those that can be had", () => {
    const { hub } = setUp({ maxPictureSettings: 3, maxPictureSettingsPerClient: 2 });
    const [one, other] = [hubClient(), hubClient()];
    watchPictures(hub, { quality: 1 }, { client: one });
    watchPictures(hub, { quality: 2 }, { client: one });

    const thirdOfOne = watchPictures(hub, { quality: 3 }, { client: one });
    const again = watchPictures(hub, { quality: 2 }, { client: one });
    const third = watchPictures(hub, { quality: 3 }, { client: other });
    const fourth = watchPictures(hub, { quality: 4 }, { client: other });

    expect(thirdOfOne.end?.code).toBe(Code.ResourceExhausted);
    expect(again.end).toBeUndefined();
    expect(third.end).toBeUndefined();
    expect(fourth.end?.code).toBe(Code.ResourceExhausted);
    expect(fourth.end?.error?.rawMessage).toContain("jpeg q1, jpeg q2, jpeg q3");
    third.call.cancel(left);
    expect(watchPictures(hub, { quality: 4 }, { client: other }).end).toBeUndefined();
  });

  it.each([
    ["has too few pixels", cameraFrame(7, { width: 8, height: 8, pixels: new Uint8Array(10) })],
    ["has another format", cameraFrame(7, { format: CameraFrameFormat.UNSPECIFIED })],
    ["is no frame at all", Uint8Array.of(10, 200)],
  ])("fails when what the mod sent %s; who watches raw frames may see for himself", async (_, frame) => {
    const { hub, upstream } = setUp();
    const raw = watchFrames(hub);
    const watchers = [watchPictures(hub), watchPictures(hub, { format: RAW })];

    upstream.openCall.emit(frame);

    for (const watcher of watchers) expect((await watcher.ended()).code).toBe(Code.Internal);
    expect(raw.messages).toEqual([frame]);
    expect(upstream.openCalls).toHaveLength(1);
    const next = watchPictures(hub);
    upstream.openCall.emit(coloured(8, [0, 0, 0, 255]));
    await picture(next, 1);
  });

  it("waits while the window has no size", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub);

    upstream.openCall.emit(cameraFrame(0, { width: 0, height: 0, pixels: new Uint8Array(0) }));
    await settle();
    upstream.openCall.emit(coloured(1, [0, 0, 0, 255]));

    expect(await picture(watcher, 1)).toMatchObject({ frameId: 1n });
  });

  it("ends cleanly when the watcher leaves, or the camera fails, during an encoding", async () => {
    const { hub, upstream } = setUp();
    const leaving = watchPictures(hub);
    const failing = watchPictures(hub, { quality: 50 });
    upstream.openCall.emit(coloured(0, [0, 0, 0, 255]));

    leaving.call.cancel(left);
    upstream.openCall.end(new ConnectError("gone", Code.Unavailable));
    const next = watchPictures(hub);
    upstream.openCall.emit(coloured(1, [0, 0, 0, 255]));
    await picture(next, 1);

    expect(leaving.messages).toHaveLength(0);
    expect(failing.messages).toHaveLength(0);
    expect(failing.end?.code).toBe(Code.Unavailable);
  });

  it("does not make raw watchers and pictures wait for each other", () => {
    const { hub, upstream } = setUp();
    const raw = watchFrames(hub);
    watchPictures(hub);

    for (let i = 0; i < 3; i++) upstream.openCall.emit(coloured(i, [0, 0, 0, 255]));

    expect(frameIdsOf(raw)).toEqual([0, 1, 2]);
  });
});

function raise(): never {
  throw new Error("this cannot be");
}

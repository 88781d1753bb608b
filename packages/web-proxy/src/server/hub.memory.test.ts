import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PictureFormat, PictureFrameSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { MessageMemory } from "@resoio/core/internal";
import { describe, expect, it } from "vitest";
import { FakeUpstream } from "../testing/fake-upstream.js";
import { TestClock } from "../testing/test-clock.js";
import { cameraFrame, watchFrames, watchPictures } from "../testing/watchers.js";
import { createHub } from "./hub.js";

const left = new ConnectError("left", Code.Canceled);

function setUp() {
  const upstream = new FakeUpstream();
  const clock = new TestClock();
  return { upstream, clock, hub: createHub(upstream, { clock, maxEncodings: 1 }) };
}

/** A frame in memory that can be used again, as one from a socket is. Given back, it has no bytes any more. */
function ownedFrame(frameId: number): Uint8Array {
  const encoded = cameraFrame(frameId, { width: 160, height: 160 });
  const bytes = new MessageMemory().allocate(encoded.byteLength);
  bytes.set(encoded);
  return bytes;
}

function isGivenBack({ byteLength }: Uint8Array): boolean {
  return byteLength === 0;
}

describe("the memory of a camera frame that is being recorded", () => {
  it.each([true, false])("stays the recording's (%s), whoever else is done with it", (isKeeping) => {
    const upstream = new FakeUpstream();
    const tap = { isKeeping, request() {}, response() {}, halfClose() {}, end() {} };
    const hub = createHub(upstream, { clock: new TestClock(), maxEncodings: 1, tap: () => tap });
    const watcher = watchFrames(hub);
    const frame = ownedFrame(1);
    upstream.openCall.emit(frame);
    watcher.releases[0]?.();

    expect(isGivenBack(frame)).toBe(!isKeeping);
  });
});

describe("the memory of a camera frame is given back", () => {
  it("when all who got it have said that they are done", () => {
    const { hub, upstream } = setUp();
    const watchers = [watchFrames(hub), watchFrames(hub)];
    const frame = ownedFrame(1);
    upstream.openCall.emit(frame);

    watchers[0]?.releases[0]?.();
    expect(isGivenBack(frame)).toBe(false);
    watchers[1]?.releases[0]?.();
    expect(isGivenBack(frame)).toBe(true);
  });

  it("never, when one of them does not say so", () => {
    const { hub, upstream } = setUp();
    const [one] = [watchFrames(hub), watchFrames(hub)];
    const frame = ownedFrame(1);
    upstream.openCall.emit(frame);
    one.releases[0]?.();
    upstream.openCall.emit(ownedFrame(2));

    expect(isGivenBack(frame)).toBe(false);
  });

  it("when a newer one takes its place before it could be handed out", () => {
    const { hub, upstream } = setUp();
    const watcher = watchFrames(hub);
    watcher.call.pause();
    const frames = [1, 2, 3].map(ownedFrame);
    for (const frame of frames) upstream.openCall.emit(frame);

    expect(frames.map(isGivenBack)).toEqual([true, true, false]);
    watcher.call.resume();
    expect(watcher.messages).toEqual([frames[2]]);
  });

  it("when the only one that it waits for leaves", () => {
    const { hub, upstream } = setUp();
    const watcher = watchFrames(hub);
    watcher.call.pause();
    const frame = ownedFrame(1);
    upstream.openCall.emit(frame);
    watcher.call.cancel(left);

    expect(isGivenBack(frame)).toBe(true);
  });

  it("when nobody wants one so early", () => {
    const { hub, upstream, clock } = setUp();
    const slow = watchFrames(hub, { fpsLimit: 10 });
    const fast = watchFrames(hub);
    clock.advance(1_000);
    const frames = [1, 2].map(ownedFrame);
    for (const frame of frames) upstream.openCall.emit(frame);
    for (const release of fast.releases) release();

    expect(slow.messages).toHaveLength(1);
    expect(frames.map(isGivenBack)).toEqual([false, true]);
  });

  it("when the upstream call ends while it waits", () => {
    const { hub, upstream } = setUp();
    const watcher = watchFrames(hub);
    watcher.call.pause();
    const frame = ownedFrame(1);
    upstream.openCall.emit(frame);
    upstream.openCall.end();

    expect(watcher.end).toBeDefined();
    expect(isGivenBack(frame)).toBe(true);
  });

  it.each([PictureFormat.JPEG, PictureFormat.RAW])(
    "when the picture that was asked for is made of it (%i)",
    async (format) => {
      const { hub, upstream } = setUp();
      const watcher = watchPictures(hub, { format });
      const frame = ownedFrame(7);
      upstream.openCall.emit(frame);
      await watcher.until(() => watcher.messages.length > 0);
      await new Promise(setImmediate);

      expect(isGivenBack(frame)).toBe(true);
      const { data } = fromBinary(PictureFrameSchema, watcher.messages[0] ?? new Uint8Array());
      expect(data.byteLength).toBeGreaterThan(0);
      if (format === PictureFormat.RAW) expect(data.every((byte) => byte === 7)).toBe(true);
    },
  );

  it("when a newer one comes before the encoder has time for it", async () => {
    const { hub, upstream } = setUp();
    const watcher = watchPictures(hub);
    const frames = [1, 2, 3].map(ownedFrame);
    for (const frame of frames) upstream.openCall.emit(frame);
    await watcher.until(() => watcher.messages.length > 1);
    await new Promise(setImmediate);

    expect(frames.map(isGivenBack)).toEqual([true, true, true]);
  });
});

import { type CameraFrame, Code, FirstFrameTimeoutError, InvalidOptionsError, Resonite } from "@resoio/core";
import { createVirtualClock, type MockMod } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { requestsOf } from "./testing/requests-of.js";
import { settleUntil } from "./testing/settle-until.js";
import { skipUnlessCarried } from "./testing/skip-unless-carried.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { type ConnectedMod, transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";
import { withGrowingTime } from "./testing/with-growing-time.js";

/** A small window that shows a room of the scenario's. */
const scenario = { display: { width: 32, height: 24, settleMs: 0 }, cameraFps: 100 };
const periodNanos = 10_000_000n;

/** Reads so many frames and leaves. */
async function take(stream: AsyncIterable<CameraFrame>, count: number): Promise<CameraFrame[]> {
  const frames: CameraFrame[] = [];
  for await (const frame of stream) if (frames.push(frame) === count) break;
  return frames;
}

function idsOf(frames: readonly CameraFrame[]): readonly bigint[] {
  return frames.map(({ frameId }) => frameId);
}

/** How the calls have ended that are over. */
function endsOf({ engine }: MockMod): readonly string[] {
  return engine.journal.calls("camera.streamFrames").map(({ status }) => status);
}

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

describe.each(transports)("camera over $name", (transport) => {
  const { open } = transport;
  it("gives every frame in order, with its size, pixels, number and time", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { pixels } = test.mod.engine.draw();
    const frames = await whileTimePasses(clock, take(test.resonite.camera.stream({ mode: "every" }), 10));
    expect(idsOf(frames)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    for (const [index, frame] of frames.entries()) {
      expect(frame).toMatchObject({ width: 32, height: 24, skippedFrames: 0, gap: undefined });
      expect(frame.pixels.byteLength).toBe(32 * 24 * 4);
      expect(Buffer.compare(frame.pixels, pixels)).toBe(0);
      const earlier = frames[index - 1];
      if (earlier !== undefined) expect(frame.unixNanos - earlier.unixNanos).toBeGreaterThanOrEqual(periodNanos);
    }
  });

  it("tells when the picture was taken to the last nanosecond", async () => {
    const clock = createVirtualClock();
    await clock.advance(1234.5678);
    await using test = await open({ scenario, clock });
    expect((await test.resonite.camera.shot()).unixNanos).toBe(clock.unixNanos());
  });

  it("asks for no size and no limit by default", async () => {
    await using test = await open({ scenario });
    await test.resonite.camera.shot();
    await test.mod.engine.until(() => endsOf(test.mod).length === 1);
    expect(requestsOf(test.mod, "camera.streamFrames")).toMatchObject([{ width: 0, height: 0, fpsLimit: 0 }]);
  });

  it("gives no more frames per second than were asked for, counted from capture to capture", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const stream = test.resonite.camera.stream({ mode: "every", fpsLimit: 12.5 });
    const frames = await whileTimePasses(clock, take(stream, 5));
    await settleUntil(clock, () => endsOf(test.mod).length === 1);
    expect(requestsOf(test.mod, "camera.streamFrames")).toMatchObject([{ fpsLimit: 12.5 }]);
    for (const [index, { unixNanos }] of frames.entries()) {
      const earlier = frames[index - 1];
      if (earlier !== undefined) expect(unixNanos - earlier.unixNanos).toBeGreaterThanOrEqual(8n * periodNanos);
    }
  });

  it("refuses a limit that is no number from 0 upwards, without a call", async () => {
    await using test = await open({ scenario });
    for (const fpsLimit of [-1, Number.NaN, Infinity]) {
      expect(() => test.resonite.camera.stream({ fpsLimit })).toThrow(InvalidOptionsError);
    }
    await test.resonite.connection.ping();
    expect(endsOf(test.mod)).toEqual([]);
  });

  it("fails with the mod's status for a limit that the mod cannot keep", async () => {
    await using test = await open({ scenario });
    expect(await codeOf(drained(test.resonite.camera.stream({ fpsLimit: 1e-9 })))).toBe(Code.Unknown);
  });

  it("is cancelled in the mod when the loop is left, and counts from 0 in the next call", async () => {
    await using test = await open({ scenario });
    for (const calls of [1, 2]) {
      expect(idsOf(await take(test.resonite.camera.stream({ mode: "every" }), 3))).toEqual([0n, 1n, 2n]);
      await test.mod.engine.until(() => endsOf(test.mod).length === calls);
    }
    expect(endsOf(test.mod)).toEqual(["Canceled", "Canceled"]);
    expect(test.mod.engine.camera.waitingCount).toBe(0);
  });

  it("ends a read that waits when the stream is left meanwhile", async () => {
    await using test = await open({ scenario: { ...scenario, cameraFps: 0 } });
    const stream = test.resonite.camera.stream();
    const waiting = stream.next();
    await untilWatched(test);
    await stream.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await test.mod.engine.until(() => endsOf(test.mod).length === 1);
  });

  it("fails with Canceled when its signal is aborted, also before the first frame", async () => {
    await using test = await open({ scenario: { ...scenario, cameraFps: 0 } });
    const aborting = new AbortController();
    const reading = codeOf(drained(test.resonite.camera.stream({ signal: aborting.signal })));
    await untilWatched(test);
    aborting.abort();
    expect(await reading).toBe(Code.Canceled);
    await test.mod.engine.until(() => endsOf(test.mod).length === 1);
    expect(endsOf(test.mod)).toEqual(["Canceled"]);
  });

  it("fails with Canceled when its signal is aborted in the middle", async () => {
    await using test = await open({ scenario });
    const aborting = new AbortController();
    const stream = test.resonite.camera.stream({ mode: "every", signal: aborting.signal });
    await stream.next();
    aborting.abort();
    expect(await codeOf(drained(stream))).toBe(Code.Canceled);
    await test.mod.engine.until(() => endsOf(test.mod).length === 1);
  });

  it("fails with DeadlineExceeded when its time is over, however many frames came", async () => {
    await using test = await open({ scenario });
    await withGrowingTime(100, async (timeoutMs) => {
      expect(await codeOf(drained(test.resonite.camera.stream({ timeoutMs })))).toBe(Code.DeadlineExceeded);
      return endsOf(test.mod).length > 0;
    });
  });

  it("takes one picture and ends the call", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const frame = await test.resonite.camera.shot();
    expect([frame.width, frame.height, frame.frameId]).toEqual([32, 24, 0n]);
    expect(Buffer.compare(frame.pixels, test.mod.engine.draw().pixels)).toBe(0);
    await settleUntil(clock, () => endsOf(test.mod).length === 1);
    expect(endsOf(test.mod)).toEqual(["Canceled"]);
  });

  it("gives up a picture that does not come, and ends the call", async () => {
    await using test = await open({ scenario, faults: { cameraWithoutFrames: true } });
    await withGrowingTime(30, async (firstFrameTimeoutMs) => {
      const shot = test.resonite.camera.shot({ firstFrameTimeoutMs });
      await expect(shot).rejects.toBeInstanceOf(FirstFrameTimeoutError);
      return endsOf(test.mod).length > 0;
    });
  });

  it("waits while the engine starts, and then begins", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, faults: { bootMs: 2000 }, clock });
    const startNanos = clock.unixNanos();
    const frame = await whileTimePasses(clock, test.resonite.camera.shot({ firstFrameTimeoutMs: Infinity }));
    expect(frame.unixNanos - startNanos).toBeGreaterThanOrEqual(2_000_000_000n);
  });

  it("fails with FailedPrecondition when the game shuts down", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const stream = test.resonite.camera.stream({ mode: "every" });
    await stream.next();
    await test.resonite.lifecycle.shutdown();
    expect(await statusOf(whileTimePasses(clock, drained(stream)))).toBe(
      "FailedPrecondition: The camera is gone: the game is shutting down.",
    );
  });

  it("fails in the middle of the stream, after the frames that came before, and is over then", async () => {
    await using test = await open({
      scenario,
      faults: { cuts: [{ rpc: "camera.streamFrames", afterMessages: 3 }] },
    });
    const stream = test.resonite.camera.stream({ mode: "every" });
    for (const frameId of [0n, 1n, 2n]) expect((await stream.next()).value).toMatchObject({ frameId });
    expect(await codeOf(stream.next())).toBe(Code.Unavailable);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    test.mod.faults.clear();
    expect((await test.resonite.camera.shot()).frameId).toBe(0n);
  });

  it("follows the window when that changes its size", async () => {
    await using test = await open({ scenario });
    const { camera, display } = test.resonite;
    await using stream = camera.stream({ mode: "every" });
    expect((await stream.next()).value).toMatchObject({ width: 32, height: 24 });
    await display.apply({ width: 48, height: 20 });
    for await (const { width, height, pixels } of stream) {
      expect(pixels.byteLength).toBe(width * height * 4);
      if (width === 48 && height === 20) break;
    }
  });

  it("gives a slow loop the newest frame, and counts those that it skipped", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { camera } = test.resonite;
    await using slow = camera.stream();
    expect((await slow.next()).value).toMatchObject({ frameId: 0n, skippedFrames: 0 });
    // A second stream of the same program tells how far the frames have come.
    await whileTimePasses(clock, reading(camera.stream({ mode: "every" }), 20n));
    const { value } = await slow.next();
    expect(value?.frameId).toBeGreaterThanOrEqual(20n);
    expect(value?.skippedFrames).toBe(Number(value?.frameId) - 1);
  });

  it("holds the mod back for a slow loop that wants every frame", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    await using slow = test.resonite.camera.stream({ mode: "every" });
    for (let frameId = 0n; frameId < 20n; frameId++) {
      await clock.advance(50);
      expect((await whileTimePasses(clock, slow.next())).value).toMatchObject({ frameId, skippedFrames: 0 });
    }
  });

  it("makes the mod wait instead of piling up frames that a loop is too slow for", async (context) => {
    skipUnlessCarried(context, transport, "bulk");
    const clock = createVirtualClock();
    const display = { width: 512, height: 288 };
    await using test = await open({ scenario: { ...scenario, display }, clock });
    await using slow = test.resonite.camera.stream({ mode: "every" });
    await slow.next();
    // 600 frames fall due meanwhile, each of 590 kB.
    await clock.advance(6000);
    const resumedNanos = clock.unixNanos();
    let piledUp = 0;
    const read = async (): Promise<void> => {
      for await (const { unixNanos } of slow) {
        if (unixNanos >= resumedNanos) return;
        piledUp++;
      }
    };
    await whileTimePasses(clock, read());
    expect(piledUp).toBeLessThan(100);
  });

  it("gives all streams of a program every frame, over one call", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { camera } = test.resonite;
    const streams = [camera.stream({ mode: "every" }), camera.stream({ mode: "every" })];
    const frames = await whileTimePasses(clock, Promise.all(streams.map((stream) => take(stream, 5))));
    expect(frames.map(idsOf)).toEqual([
      [0n, 1n, 2n, 3n, 4n],
      [0n, 1n, 2n, 3n, 4n],
    ]);
    await settleUntil(clock, () => endsOf(test.mod).length > 0);
    expect(endsOf(test.mod)).toEqual(["Canceled"]);
  });

  it("shares the frames between programs, and between streams with headers of their own", async (context) => {
    skipUnlessCarried(context, transport, "callsOfOnesOwn");
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    await using other = new Resonite(test.mod.transport());
    const streams = [
      test.resonite.camera.stream({ mode: "every" }),
      test.resonite.camera.stream({ mode: "every", headers: { "x-resoio-test": "apart" } }),
      other.camera.stream({ mode: "every" }),
    ];
    const frames = await whileTimePasses(clock, Promise.all(streams.map((stream) => take(stream, 4))));
    for (const own of frames) expect(idsOf(own)).toEqual([0n, 1n, 2n, 3n]);
    const times = frames.flat().map(({ unixNanos }) => unixNanos);
    expect(new Set(times).size).toBe(12);
  });

  it("goes on by itself when that was asked for, and says where the gap is", async () => {
    await using test = await open({
      scenario,
      faults: { cuts: [{ rpc: "camera.streamFrames", afterMessages: 2 }] },
    });
    const frames = await take(test.resonite.camera.stream({ mode: "every", resume: true }), 3);
    expect(idsOf(frames)).toEqual([0n, 1n, 0n]);
    expect(frames.map(({ gap }) => gap?.reason?.code)).toEqual([undefined, undefined, Code.Unavailable]);
    expect(frames[2]?.gap?.attempts).toBeGreaterThanOrEqual(1);
  });

  it.for([
    [1920, 1080],
    [3840, 2160],
    [1, 1],
    [17, 9],
  ] as const)("carries a picture of %d x %d unchanged", async ([width, height], context) => {
    if (width > 1000) skipUnlessCarried(context, transport, "bulk");
    await using test = await open({
      scenario: { ...scenario, display: { width, height } },
      clock: createVirtualClock(),
    });
    const frame = await test.resonite.camera.shot();
    expect([frame.width, frame.height]).toEqual([width, height]);
    expect(Buffer.compare(frame.pixels, test.mod.engine.draw().pixels)).toBe(0);
  });
});

/** Reads until a frame has this number. */
async function reading(stream: AsyncIterable<CameraFrame>, lastId: bigint): Promise<void> {
  for await (const { frameId } of stream) if (frameId >= lastId) return;
}

/** Returns when a camera call has reached the mod. Each ping gives it time to. */
async function untilWatched({ mod, resonite }: ConnectedMod): Promise<void> {
  while (mod.engine.camera.waitingCount === 0) await resonite.connection.ping();
}

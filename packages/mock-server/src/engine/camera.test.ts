import { describe, expect, it } from "vitest";
import { Camera, type CapturedFrame } from "./camera.js";
import { createVirtualClock } from "./clock.js";

const never = new AbortController().signal;
const gone = { kind: "notReady" };

/** A camera whose pictures are numbered: their width counts them. */
function numbered(fps: number) {
  const clock = createVirtualClock();
  let count = 0;
  const camera = new Camera(clock, fps, () => ({ width: ++count, height: 1, pixels: new Uint8Array(4) }));
  return { clock, camera };
}

/** Takes pictures until the camera ends. */
function readAll(camera: Camera): CapturedFrame[] {
  const frames: CapturedFrame[] = [];
  void (async () => {
    for (;;) frames.push(await camera.capture(never));
  })().catch(() => {});
  return frames;
}

describe("the camera", () => {
  it("has a picture at once, and then one for every period", async () => {
    const { clock, camera } = numbered(25);
    const first = await camera.capture(never);
    expect(first.unixNanos).toBe(clock.unixNanos());
    const second = camera.capture(never);
    await clock.advance(39);
    await clock.advance(1);
    expect((await second).unixNanos - first.unixNanos).toBe(40_000_000n);
  });

  it.each([1, 30, 60, 144, 500])("gives %d pictures in a second to a reader that keeps up", async (fps) => {
    const { clock, camera } = numbered(fps);
    const frames = readAll(camera);
    await clock.advance(1000 - 0.5 / fps);
    expect(frames).toHaveLength(fps);
  });

  it("keeps its beat after a pause, and makes up for nothing", async () => {
    const { clock, camera } = numbered(10);
    await camera.capture(never);
    await clock.advance(1050);
    const late = await camera.capture(never);
    const next = camera.capture(never);
    await clock.advance(100);
    expect((await next).unixNanos - late.unixNanos).toBe(100_000_000n);
    expect((await next).width).toBe(3);
  });

  it("gives each picture to one of those who wait, in turn", async () => {
    const { clock, camera } = numbered(10);
    const one = readAll(camera);
    const other = readAll(camera);
    await clock.advance(950);
    expect(one.map(({ width }) => width)).toEqual([1, 3, 5, 7, 9]);
    expect(other.map(({ width }) => width)).toEqual([2, 4, 6, 8, 10]);
  });

  it("lets nobody overtake those who wait", async () => {
    const { clock, camera } = numbered(10);
    await camera.capture(never);
    const late = Promise.withResolvers<CapturedFrame>();
    clock.schedule(100, () => late.resolve(camera.capture(never)));
    const early = camera.capture(never);
    await clock.advance(200);
    expect((await early).width).toBe(2);
    expect((await late.promise).width).toBe(3);
  });

  it("does not waste a picture on somebody who has gone", async () => {
    const { clock, camera } = numbered(10);
    await camera.capture(never);
    const impatient = new AbortController();
    const given = camera.capture(impatient.signal);
    const patient = camera.capture(never);
    impatient.abort(new Error("gone"));
    await expect(given).rejects.toThrow("gone");
    await clock.advance(100);
    expect((await patient).width).toBe(2);
    await expect(camera.capture(impatient.signal)).rejects.toThrow("gone");
  });

  it.each([0, 1e-12])("never has a picture, or not within a day, at %d pictures per second", async (fps) => {
    const { clock, camera } = numbered(fps);
    const frames = readAll(camera);
    await clock.advance(86_400_000);
    expect(frames).toHaveLength(fps === 0 ? 0 : 1);
  });

  it("tells whoever waits when drawing fails, and goes on", async () => {
    const clock = createVirtualClock();
    let count = 0;
    const camera = new Camera(clock, 10, () => {
      if (++count === 2) throw new RangeError("too large");
      return { width: count, height: 1, pixels: new Uint8Array(4) };
    });
    await camera.capture(never);
    const unlucky = expect(camera.capture(never)).rejects.toThrow("too large");
    const lucky = camera.capture(never);
    await clock.advance(200);
    await unlucky;
    expect((await lucky).width).toBe(3);
  });
});

describe("a camera that is disposed", () => {
  it("refuses whoever waits and whoever comes", async () => {
    const { camera } = numbered(10);
    await camera.capture(never);
    const waiting = Promise.allSettled([camera.capture(never), camera.capture(never)]);
    camera.dispose();
    expect(await waiting).toMatchObject([{ reason: gone }, { reason: gone }]);
    await expect(camera.capture(never)).rejects.toMatchObject(gone);
  });

  it("hands out the picture that nobody had taken, once", async () => {
    const { clock, camera } = numbered(10);
    camera.dispose();
    camera.dispose();
    const disposedAt = clock.unixNanos();
    await clock.advance(1000);
    expect(await camera.capture(never)).toMatchObject({ width: 1, unixNanos: disposedAt });
    await expect(camera.capture(never)).rejects.toMatchObject(gone);
  });

  it("has nothing to hand out when the last picture was taken, or when there never was one", async () => {
    const { camera } = numbered(10);
    await camera.capture(never);
    camera.dispose();
    await expect(camera.capture(never)).rejects.toMatchObject(gone);
    const { camera: dark } = numbered(0);
    dark.dispose();
    await expect(dark.capture(never)).rejects.toMatchObject(gone);
  });
});

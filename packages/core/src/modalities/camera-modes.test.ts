import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { cameraFrame, cameraFrames, fakeCamera } from "../testing/fake-camera.js";
import { isPending } from "../testing/is-pending.js";
import { quiet } from "../testing/quiet.js";
import { take } from "../testing/take.js";

describe('mode "latest"', () => {
  it.each([{}, { mode: "latest" }] as const)("gives a busy loop the newest frame next: %o", async (options) => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream(options);
    const first = take(stream);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    expect(await first).toMatchObject({ frameId: 0n, skippedFrames: 0 });

    call.send(...cameraFrames(1, 5));
    await quiet();

    expect(await take(stream)).toMatchObject({ frameId: 5n, pixels: Uint8Array.of(5, 0, 0, 255) });
  });

  it("counts what a loop skipped since the frame before", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream();
    const frames = [take(stream)];
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await frames[0];

    let last = 0;
    for (const count of [1, 4, 1, 2, 7]) {
      call.send(...cameraFrames(last + 1, last + count));
      last += count;
      await quiet();
      frames.push(take(stream));
      await frames.at(-1);
    }

    expect((await Promise.all(frames)).map(({ frameId, skippedFrames }) => [frameId, skippedFrames])).toEqual([
      [0n, 0],
      [1n, 0],
      [5n, 3],
      [6n, 0],
      [8n, 1],
      [15n, 6],
    ]);
  });

  it("skips nothing for a loop that is waiting", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream();
    const seen: [bigint, number][] = [];

    for (let id = 0; id < 20; id++) {
      const next = take(stream);
      (await calls.at(0)).send(cameraFrame(id));
      const { frameId, skippedFrames } = await next;
      seen.push([frameId, skippedFrames]);
    }

    expect(seen).toEqual(Array.from({ length: 20 }, (_, id) => [BigInt(id), 0]));
  });

  it("lets the camera run on for a loop that never reads again, and holds one frame", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream();
    const first = take(stream);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await first;

    call.send(...Array.from({ length: 2000 }, (_, i) => cameraFrame((i + 1) % 256)));
    await quiet();

    expect(call.taken).toBe(2001);
    expect(await take(stream)).toMatchObject({ frameId: BigInt(2000 % 256), skippedFrames: 1999 });
    expect(await isPending(stream.next())).toBe(true);
  });

  it("delivers the newest frame before the end", async () => {
    const { camera, calls } = fakeCamera();
    const stream = camera.stream();
    const first = take(stream);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await first;

    call.send(...cameraFrames(1, 2));
    call.end();
    await quiet();

    expect(await take(stream)).toMatchObject({ frameId: 2n, skippedFrames: 1 });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("delivers the newest frame before the failure, which is told once", async () => {
    const { camera, calls } = fakeCamera();
    const stream = camera.stream();
    const first = take(stream);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await first;

    call.send(...cameraFrames(1, 2));
    call.fail(new ConnectError("from the mod", Code.Internal));
    await quiet();

    expect(await take(stream)).toMatchObject({ frameId: 2n, skippedFrames: 1 });
    await expect(stream.next()).rejects.toMatchObject({ code: Code.Internal, rawMessage: "from the mod" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe('mode "every"', () => {
  it("loses nothing and keeps the order, however slow the loop is", async () => {
    const { camera, calls } = fakeCamera();
    const seen: [bigint, number][] = [];
    const reading = (async () => {
      for await (const { frameId, skippedFrames } of camera.stream({ mode: "every" })) {
        seen.push([frameId, skippedFrames]);
        if (frameId % 3n === 0n) await quiet();
      }
    })();
    const call = await calls.at(0);

    call.send(...cameraFrames(0, 99));
    call.end();
    await reading;

    expect(seen).toEqual(Array.from({ length: 100 }, (_, id) => [BigInt(id), 0]));
  });

  it("lets the mod wait while the loop is busy, with one frame ahead", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream({ mode: "every" });
    const first = take(stream);
    const call = await calls.at(0);
    call.send(...cameraFrames(0, 50));

    await first;
    for (let id = 0; id < 10; id++) {
      await quiet();
      expect(call.taken).toBe(id + 2);
      expect(await take(stream)).toMatchObject({ frameId: BigInt(id + 1), skippedFrames: 0 });
    }
  });

  it("delivers what waits before the failure", async () => {
    const { camera, calls } = fakeCamera();
    const stream = camera.stream({ mode: "every" });
    const first = take(stream);
    const call = await calls.at(0);
    call.send(...cameraFrames(0, 2));
    call.fail(new ConnectError("from the mod", Code.Internal));
    await first;
    await quiet();

    expect(await take(stream)).toMatchObject({ frameId: 1n });
    expect(await take(stream)).toMatchObject({ frameId: 2n });
    await expect(stream.next()).rejects.toMatchObject({ code: Code.Internal });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe("both modes in one program", () => {
  it('makes a stream of "latest" wait for a busy one of "every", and then gives it all that it has time for', async () => {
    const { camera, calls } = fakeCamera();
    await using every = camera.stream({ mode: "every" });
    await using latest = camera.stream();
    const firsts = [take(every), take(latest)];
    const call = await calls.at(0);
    call.send(...cameraFrames(0, 9));
    await Promise.all(firsts);
    await quiet();

    expect(await take(latest)).toMatchObject({ frameId: 1n, skippedFrames: 0 });
    const waiting = take(latest);
    expect(await isPending(waiting)).toBe(true);

    expect(await take(every)).toMatchObject({ frameId: 1n });
    expect(await waiting).toMatchObject({ frameId: 2n, skippedFrames: 0 });
  });

  it('skips frames for "latest" only', async () => {
    const { camera, calls } = fakeCamera();
    await using every = camera.stream({ mode: "every" });
    await using latest = camera.stream();
    const firsts = [take(every), take(latest)];
    const call = await calls.at(0);
    call.send(...cameraFrames(0, 9));
    await Promise.all(firsts);

    const seen: bigint[] = [];
    for (let i = 1; i <= 9; i++) seen.push((await take(every)).frameId);
    await quiet();

    expect(seen).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    expect(await take(latest)).toMatchObject({ frameId: 9n, skippedFrames: 8 });
  });
});

describe.each(["latest", "every"] as const)('any mode, here "%s"', (mode) => {
  it("answers calls of next that overlap in their order", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream({ mode });
    const nexts = [take(stream), take(stream), take(stream)];
    const call = await calls.at(0);

    for (let id = 0; id < 3; id++) {
      call.send(cameraFrame(id));
      await nexts[id];
    }

    expect((await Promise.all(nexts)).map(({ frameId }) => frameId)).toEqual([0n, 1n, 2n]);
  });

  it("does not touch the pixels on their way to the loop", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream({ mode });
    await using other = camera.stream({ mode });
    const nexts = [take(stream), take(other)];
    (await calls.at(0)).send(cameraFrame(7));

    const [one, two] = await Promise.all(nexts);

    expect(one?.pixels).toEqual(Uint8Array.of(7, 0, 0, 255));
    expect(two?.pixels).toBe(one?.pixels);
  });
});

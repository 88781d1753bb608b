import { getEventListeners } from "node:events";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { Resonite } from "../resonite.js";
import { collect } from "../testing/collect.js";
import { cameraFrame, cameraFrames, fakeCamera } from "../testing/fake-camera.js";
import { isPending } from "../testing/is-pending.js";
import { quiet } from "../testing/quiet.js";
import { take } from "../testing/take.js";
import { CameraClient, type CameraStreamOptions } from "./camera.js";
import type { CameraFrame } from "./camera-frame.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("one call", () => {
  it.each<[string, (mod: ReturnType<typeof fakeCamera>) => readonly [CameraClient, CameraClient]]>([
    ["two streams of one client", ({ camera }) => [camera, camera]],
    ["two clients over one transport", ({ camera, transport }) => [camera, new CameraClient(transport)]],
    [
      "a Resonite and a client over its transport",
      ({ transport }) => {
        const resonite = new Resonite(transport);
        return [resonite.camera, new CameraClient(resonite.transport)];
      },
    ],
    [
      "two Resonites over one transport",
      ({ transport }) => [new Resonite(transport).camera, new Resonite(transport).camera],
    ],
  ])("serves %s, and each sees every frame", async (_, clientsOf) => {
    const mod = fakeCamera();
    const reads = clientsOf(mod).map((client) => collect(client.stream({ mode: "every" })));

    const call = await mod.calls.at(0);
    call.send(...cameraFrames(0, 30));
    call.end();

    const all = Array.from({ length: 31 }, (_, id) => BigInt(id));
    expect((await Promise.all(reads)).map(idsOf)).toEqual([all, all]);
    expect(mod.calls.count).toBe(1);
  });

  it("serves streams whose options are there, but undefined", async () => {
    const { camera, calls } = fakeCamera();
    const unset: object = { headers: undefined, contextValues: undefined, onHeader: undefined };
    await using one = camera.stream();
    await using two = camera.stream(unset);
    const reads = [take(one), take(two)];

    (await calls.at(0)).send(cameraFrame(0));

    expect(idsOf(await Promise.all(reads))).toEqual([0n, 0n]);
    expect(calls.count).toBe(1);
  });

  it.each<[string, CameraStreamOptions]>([
    ["headers", { headers: { "x-trace": "42" } }],
    ["context values", { contextValues: createContextValues() }],
    ["onHeader", { onHeader: () => {} }],
    ["onTrailer", { onTrailer: () => {} }],
  ])("of its own is for a stream with %s", async (_, options) => {
    const { camera, calls } = fakeCamera();
    await using shared = camera.stream();
    await using own = camera.stream(options);
    const reads = [take(shared), take(own)];

    (await calls.at(0)).send(cameraFrame(1));
    (await calls.at(1)).send(cameraFrame(2));

    expect(idsOf(await Promise.all(reads))).toEqual([1n, 2n]);
    await own.return?.();
    await (await calls.at(1)).cancelled;
    expect((await calls.at(0)).isCancelled).toBe(false);
  });

  it("of its own is for each transport", async () => {
    const mods = [fakeCamera(), fakeCamera()];
    const streams = mods.map(({ camera }) => camera.stream());
    const reads = streams.map((stream) => take(stream));

    for (const [i, { calls }] of mods.entries()) (await calls.at(0)).send(cameraFrame(i));

    expect(idsOf(await Promise.all(reads))).toEqual([0n, 1n]);
    for (const stream of streams) await stream.return?.();
  });

  it("lets a stream join in the middle, which sees what comes from then on", async () => {
    const { camera, calls } = fakeCamera();
    await using first = camera.stream();
    const one = take(first);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await one;

    await using joiner = camera.stream();
    const reads = [take(first), take(joiner)];
    call.send(cameraFrame(1));

    expect(await Promise.all(reads)).toMatchObject([
      { frameId: 1n, skippedFrames: 0 },
      { frameId: 1n, skippedFrames: 0 },
    ]);
    expect(calls.count).toBe(1);
  });
});

describe("the call", () => {
  const waysToLeave: readonly (readonly [
    string,
    (stream: AsyncIterableIterator<CameraFrame> & AsyncDisposable, caller: AbortController) => Promise<unknown>,
  ])[] = [
    ["break", (stream) => breakOutOf(stream)],
    ["return in the loop", (stream) => firstOf(stream)],
    [
      "an exception in the loop",
      async (stream) => {
        const failure = new Error("the loop's own");
        await expect(throwInLoop(stream, failure)).rejects.toBe(failure);
      },
    ],
    ["return()", async (stream) => await stream.return?.()],
    ["throw()", async (stream) => await expect(stream.throw?.(new Error("thrown"))).rejects.toThrow("thrown")],
    ["the end of an await using block", async (stream) => await stream[Symbol.asyncDispose]()],
    [
      "the caller's signal",
      async (stream, caller) => {
        caller.abort();
        await expect(stream.next()).rejects.toMatchObject({ code: Code.Canceled });
      },
    ],
  ];

  it.each(waysToLeave)("goes on until the last stream is left by %s", async (_, leave) => {
    const { camera, calls } = fakeCamera();
    const callers = [new AbortController(), new AbortController()] as const;
    const [one, two] = [
      camera.stream({ signal: callers[0].signal }),
      camera.stream({ signal: callers[1].signal }),
    ] as const;
    const reads = [take(one), take(two)];
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await Promise.all(reads);

    const oneLeft = leave(one, callers[0]);
    const read = take(two);
    call.send(cameraFrame(1));
    await oneLeft;
    expect(await read).toMatchObject({ frameId: 1n });
    await quiet();
    expect(call.isCancelled).toBe(false);

    const twoLeft = leave(two, callers[1]);
    call.send(cameraFrame(2));
    await twoLeft;
    await call.cancelled;
    expect(calls.count).toBe(1);
    for (const { signal } of callers) expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("is not made for a stream that nobody reads, nor for one whose signal is aborted already", async () => {
    const { camera, calls } = fakeCamera();
    await using _unread = camera.stream();
    const reason = new Error("not wanted");

    await expect(camera.stream({ signal: AbortSignal.abort(reason) }).next()).rejects.toMatchObject({
      code: Code.Canceled,
      cause: reason,
    });

    await quiet();
    expect(calls.count).toBe(0);
  });

  it("is made anew for a stream that comes in the moment in which the last one leaves", async () => {
    const { camera, calls } = fakeCamera();
    const old = camera.stream();
    const first = take(old);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await first;

    const left = old.return?.();
    await using stream = camera.stream();
    const next = take(stream);
    await left;
    await call.cancelled;
    const another = await calls.at(1);
    await quiet();
    expect(another.isCancelled).toBe(false);
    another.send(cameraFrame(5));

    expect(await next).toMatchObject({ frameId: 5n, skippedFrames: 0 });
  });

  it("delivers nothing to those who come after it, however far a frame of it has come", async () => {
    for (let steps = 0; steps < 100; steps++) {
      const { camera, calls } = fakeCamera();
      const old = camera.stream();
      const unread = old.next();
      (await calls.at(0)).send(cameraFrame(0));
      for (let step = 0; step < steps; step++) await undefined;

      const left = old.return?.();
      await using stream = camera.stream();
      const next = take(stream);
      await Promise.all([left, unread]);
      (await calls.at(1)).send(cameraFrame(5));

      expect(await next).toMatchObject({ frameId: 5n, skippedFrames: 0 });
    }
  });

  it("is made anew after it has failed", async () => {
    const { camera, calls } = fakeCamera();
    const failing = take(camera.stream());
    (await calls.at(0)).fail(new ConnectError("from the mod", Code.Internal));
    await expect(failing).rejects.toMatchObject({ code: Code.Internal });

    await using stream = camera.stream();
    const next = take(stream);
    (await calls.at(1)).send(cameraFrame(0));

    expect(await next).toMatchObject({ frameId: 0n });
  });

  it("goes on for the others when one leaves that had held them up", async () => {
    const { camera, calls } = fakeCamera();
    const busy = camera.stream({ mode: "every" });
    await using other = camera.stream();
    const firsts = [take(busy), take(other)];
    const call = await calls.at(0);
    call.send(...cameraFrames(0, 9));
    await Promise.all(firsts);
    expect(await take(other)).toMatchObject({ frameId: 1n });
    const waiting = take(other);
    expect(await isPending(waiting)).toBe(true);

    await busy.return?.();

    expect(await waiting).toMatchObject({ frameId: 2n });
    await quiet();
    expect(call.taken).toBe(10);
  });
});

describe("what ends the call", () => {
  it("ends every stream, after the frames that wait", async () => {
    const { camera, calls } = fakeCamera();
    const streams = [camera.stream(), camera.stream({ mode: "every" })];
    const reads = streams.map((stream) => collect(stream));
    const call = await calls.at(0);

    call.send(cameraFrame(0));
    call.end();

    expect((await Promise.all(reads)).map(idsOf)).toEqual([[0n], [0n]]);
  });

  it("reaches every stream once when it is a failure, whether it waits for a frame or is busy", async () => {
    const { camera, calls } = fakeCamera();
    const waiting = camera.stream();
    const busy = camera.stream();
    const reads = [take(waiting), take(busy)];
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await Promise.all(reads);
    const failing = waiting.next();

    call.fail(new ConnectError("Camera has no bridge", Code.Unavailable));

    for (const failure of [failing, quiet().then(() => busy.next())]) {
      await expect(failure).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "Camera has no bridge" });
    }
    for (const stream of [waiting, busy]) expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(calls.count).toBe(1);
  });

  it("is also a frame whose pixels do not fit: it fails every stream and cancels the call", async () => {
    const { camera, calls } = fakeCamera();
    const streams = [camera.stream(), camera.stream({ mode: "every" })];
    const failures = streams.map((stream) => stream.next());
    const call = await calls.at(0);

    call.send({ ...cameraFrame(0), width: 2 });

    for (const failure of failures) await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await call.cancelled;
    for (const stream of streams) expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe("what ends one stream", () => {
  it("is its own signal, which nobody else notices", async () => {
    const { camera, calls } = fakeCamera();
    const caller = new AbortController();
    const aborted = camera.stream({ signal: caller.signal }).next();
    await using other = camera.stream();
    const next = take(other);
    const call = await calls.at(0);
    const reason = new Error("enough");

    caller.abort(reason);

    await expect(aborted).rejects.toMatchObject({ code: Code.Canceled, cause: reason });
    call.send(cameraFrame(0));
    expect(await next).toMatchObject({ frameId: 0n });
    expect(call.isCancelled).toBe(false);
  });

  it("drops what waits when it is its own signal", async () => {
    const { camera, calls } = fakeCamera();
    const caller = new AbortController();
    const stream = camera.stream({ mode: "every", signal: caller.signal });
    const first = take(stream);
    (await calls.at(0)).send(...cameraFrames(0, 3));
    await first;
    await quiet();

    caller.abort();

    await expect(stream.next()).rejects.toMatchObject({ code: Code.Canceled });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("is its own timeoutMs, with DeadlineExceeded, which nobody else notices", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { camera, calls } = fakeCamera();
    const limited = camera.stream({ timeoutMs: 500 });
    await using other = camera.stream({ timeoutMs: 10_000 });
    const firsts = [take(limited), take(other)];
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await Promise.all(firsts);
    const late = limited.next();
    const next = take(other);

    await vi.advanceTimersByTimeAsync(499);
    expect(await isPending(late)).toBe(true);
    vi.advanceTimersByTime(1);

    await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    expect(await limited.next()).toEqual({ done: true, value: undefined });
    call.send(cameraFrame(1));
    expect(await next).toMatchObject({ frameId: 1n });
    expect(call.isCancelled).toBe(false);
  });

  it("cancels the call when it is the timeoutMs of the only one", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { camera, calls } = fakeCamera();
    const late = camera.stream({ timeoutMs: 500 }).next();
    const call = await calls.at(0);

    vi.advanceTimersByTime(500);

    await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    await call.cancelled;
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(["the loop is left", "the mod ends the call", "the call fails"])(
    "leaves no timer of timeoutMs behind when %s",
    async (end) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const { camera, calls } = fakeCamera();
      const stream = camera.stream({ timeoutMs: 500 });
      const first = take(stream);
      const call = await calls.at(0);
      call.send(cameraFrame(0));
      await first;
      expect(vi.getTimerCount()).toBe(1);

      if (end === "the loop is left") await stream.return?.();
      else if (end === "the mod ends the call") call.end();
      else call.fail(new ConnectError("from the mod", Code.Internal));
      await stream.next().catch(() => {});

      expect(vi.getTimerCount()).toBe(0);
    },
  );
});

describe("fpsLimit", () => {
  it("is the highest that any stream asks for, and the call is made anew when that changes", async () => {
    const { camera, calls } = fakeCamera();
    const ten = camera.stream({ fpsLimit: 10 });
    const next = take(ten);
    const asTen = await calls.at(0);
    expect(asTen.request).toMatchObject({ fpsLimit: 10 });

    const thirty = camera.stream({ fpsLimit: 30 });
    const reads = [next, take(thirty)];
    const asThirty = await calls.at(1);
    expect(asThirty.request).toMatchObject({ fpsLimit: 30 });
    await asTen.cancelled;
    asThirty.send(cameraFrame(0));
    expect(idsOf(await Promise.all(reads))).toEqual([0n, 0n]);

    await thirty.return?.();
    const asTenAgain = await calls.at(2);
    expect(asTenAgain.request).toMatchObject({ fpsLimit: 10 });
    await asThirty.cancelled;
    const last = take(ten);
    asTenAgain.send(cameraFrame(100));
    expect(await last).toMatchObject({ frameId: 100n });

    await ten.return?.();
    await asTenAgain.cancelled;
    expect(calls.count).toBe(3);
  });

  it("of 0 is higher than all others", async () => {
    const { camera, calls } = fakeCamera();
    const streams = [60, 0, 120].map((fpsLimit) => camera.stream({ fpsLimit }));
    const reads: Promise<CameraFrame>[] = [];
    for (const stream of streams) {
      reads.push(take(stream));
      await quiet();
    }

    expect(calls.requests).toMatchObject([{ fpsLimit: 60 }, { fpsLimit: 0 }]);
    (await calls.at(1)).send(cameraFrame(0));
    await Promise.all(reads);
    await streams[1]?.return?.();
    expect((await calls.at(2)).request).toMatchObject({ fpsLimit: 120 });
    for (const stream of streams) await stream.return?.();
  });

  it("that is not the highest changes nothing when its stream comes and goes", async () => {
    const { camera, calls } = fakeCamera();
    await using thirty = camera.stream({ fpsLimit: 30 });
    const reads = [take(thirty)];
    const twenty = camera.stream({ fpsLimit: 20 });
    const otherThirty = camera.stream({ fpsLimit: 30 });
    reads.push(take(twenty), take(otherThirty));
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await Promise.all(reads);
    await twenty.return?.();
    await otherThirty.return?.();
    await quiet();

    expect(calls.count).toBe(1);
    expect(call.isCancelled).toBe(false);
  });

  it("gives a stream that asked for less fewer frames, by the time of capture, which are not counted as skipped", async () => {
    const { camera, calls } = fakeCamera();
    const reads = [collect(camera.stream({ mode: "every" })), collect(camera.stream({ mode: "every", fpsLimit: 25 }))];
    const call = await calls.at(0);

    call.send(...cameraFrames(0, 20));
    call.end();

    const [all, fewer] = await Promise.all(reads);
    expect(all).toHaveLength(21);
    expect(idsOf(fewer ?? [])).toEqual([0n, 4n, 8n, 12n, 16n, 20n]);
    expect(fewer?.every(({ skippedFrames }) => skippedFrames === 0)).toBe(true);
  });

  it("is kept on average, however irregular the frames of the others are", async () => {
    const { camera, calls } = fakeCamera();
    const reads = [collect(camera.stream({ mode: "every" })), collect(camera.stream({ mode: "every", fpsLimit: 30 }))];
    const call = await calls.at(0);

    // Ten seconds of 60 frames per second, each up to 3 ms too early or too late.
    call.send(
      ...Array.from({ length: 600 }, (_, i) => cameraFrame(i % 256, Math.round((i * 1000) / 60 + 3 * Math.sin(i)))),
    );
    call.end();

    const [, fewer] = await Promise.all(reads);
    expect(fewer?.length).toBeLessThanOrEqual(300);
    expect(fewer?.length).toBeGreaterThanOrEqual(295);
  });

  it.each<[string, readonly number[], readonly number[]]>([
    ["does not make up for a pause", [0, 50, 1000, 1010, 1020, 1100, 1110, 1200], [0, 1000, 1100, 1200]],
    ["goes on when the mod's clock was set back", [5000, 5050, 100, 150, 200, 310], [5000, 100, 200, 310]],
    ["goes on when the mod's clock was set forward", [0, 50, 90_000, 90_050, 90_100], [0, 90_000, 90_100]],
  ])("%s", async (_, timesMs, expectedMs) => {
    const { camera, calls } = fakeCamera();
    const reads = [collect(camera.stream({ mode: "every" })), collect(camera.stream({ mode: "every", fpsLimit: 10 }))];
    const call = await calls.at(0);

    call.send(...timesMs.map((atMs, i) => cameraFrame(i, atMs)));
    call.end();

    const [, fewer] = await Promise.all(reads);
    expect(fewer?.map(({ unixNanos }) => Number((unixNanos - 1_700_000_000_000_000_000n) / 1_000_000n))).toEqual(
      expectedMs,
    );
  });

  it("is the mod's business while all streams ask for the same", async () => {
    const { camera, calls } = fakeCamera();
    const reads = [1, 2].map(() => collect(camera.stream({ mode: "every", fpsLimit: 10 })));
    const call = await calls.at(0);

    call.send(...cameraFrames(0, 5));
    call.end();

    expect((await Promise.all(reads)).map((frames) => frames.length)).toEqual([6, 6]);
  });

  it("is kept across the moment in which another stream raises the rate", async () => {
    const { camera, calls } = fakeCamera();
    await using ten = camera.stream({ fpsLimit: 10 });
    const first = take(ten);
    (await calls.at(0)).send(cameraFrame(0, 0));
    await first;
    const second = take(ten);
    const reading = collect(camera.stream({ mode: "every" }));
    const call = await calls.at(1);

    call.send(...[10, 50, 99, 100, 110].map((atMs, i) => cameraFrame(i, atMs)));
    call.end();

    expect(await second).toMatchObject({ frameId: 3n });
    expect(await reading).toHaveLength(5);
  });

  it.each([Number.MIN_VALUE, 3.4e38])("may be %d", async (fpsLimit) => {
    const { camera, calls } = fakeCamera();
    const reads = [collect(camera.stream({ mode: "every" })), collect(camera.stream({ mode: "every", fpsLimit }))];
    const call = await calls.at(0);

    call.send(...cameraFrames(0, 5));
    call.end();

    expect((await Promise.all(reads)).map((frames) => frames.length)).toEqual([6, fpsLimit < 1 ? 1 : 6]);
  });

  it("that does not fit into a request is refused, and cannot fail the call of others", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream();
    const next = take(stream);

    expect(() => camera.stream({ fpsLimit: 3.5e38 })).toThrow(InvalidOptionsError);

    (await calls.at(0)).send(cameraFrame(0));
    expect(await next).toMatchObject({ frameId: 0n });
  });

  it('loses no frame that waits for a busy stream of "every" when the call is made anew', async () => {
    const { camera, calls } = fakeCamera();
    await using busy = camera.stream({ mode: "every", fpsLimit: 30 });
    const first = take(busy);
    const old = await calls.at(0);
    old.send(...cameraFrames(0, 1));
    await first;
    await quiet();

    await using joiner = camera.stream();
    const joined = take(joiner);
    await old.cancelled;
    const another = calls.at(1).then((call) => call.send(cameraFrame(100), cameraFrame(110)));
    await quiet();

    for (const frameId of [1n, 100n, 110n]) expect(await take(busy)).toMatchObject({ frameId, skippedFrames: 0 });
    expect(await joined).toMatchObject({ frameId: 100n });
    await another;
  });
});

describe("shot", () => {
  it("takes a frame of the call that is there, whatever its rate", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream({ fpsLimit: 10 });
    const first = take(stream);
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await first;
    const next = take(stream);

    const shot = camera.shot();
    call.send(cameraFrame(1));

    expect(await shot).toMatchObject({ frameId: 1n });
    expect(await next).toMatchObject({ frameId: 1n });
    await quiet();
    expect(calls.count).toBe(1);
    expect(call.isCancelled).toBe(false);
  });

  it("asks for no limit when it is alone", async () => {
    const { camera, calls } = fakeCamera();
    const shots = [camera.shot(), camera.shot()];
    const call = await calls.at(0);

    call.send(cameraFrame(0));

    expect(call.request).toMatchObject({ fpsLimit: 0 });
    expect(idsOf(await Promise.all(shots))).toEqual([0n, 0n]);
    await call.cancelled;
    expect(calls.count).toBe(1);
  });

  it("that times out leaves the streams alone", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream();
    const next = take(stream);
    const call = await calls.at(0);
    const shot = camera.shot({ firstFrameTimeoutMs: 100 });
    await quiet();

    vi.advanceTimersByTime(100);

    await expect(shot).rejects.toMatchObject({ code: "FIRST_FRAME_TIMEOUT" });
    call.send(cameraFrame(0));
    expect(await next).toMatchObject({ frameId: 0n });
    expect(call.isCancelled).toBe(false);
  });
});

function idsOf(frames: readonly CameraFrame[]): readonly bigint[] {
  return frames.map(({ frameId }) => frameId);
}

async function breakOutOf(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages) break;
}

async function firstOf<T>(messages: AsyncIterable<T>): Promise<T | undefined> {
  for await (const message of messages) return message;
  return undefined;
}

async function throwInLoop(messages: AsyncIterable<unknown>, failure: Error): Promise<void> {
  for await (const _ of messages) throw failure;
}

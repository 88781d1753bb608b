import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { neverReconnect } from "../connection/reconnect-policy.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { cameraFrame, cameraFrames, fakeCamera } from "../testing/fake-camera.js";
import { isPending } from "../testing/is-pending.js";
import { quiet } from "../testing/quiet.js";
import { recordingPolicy } from "../testing/recording-policy.js";
import { take } from "../testing/take.js";
import type { CameraStreamOptions } from "./camera.js";

const unavailable = new ConnectError("the connection broke", Code.Unavailable);
const notReady = new ConnectError("the game shuts down", Code.FailedPrecondition);
const internal = new ConnectError("the bridge threw", Code.Internal);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a stream that resumes", () => {
  it.each([
    ["a broken connection", unavailable],
    ["a game that is not ready", notReady],
    ["an end in good order", undefined],
  ])("goes on after %s, and says so on the first frame afterwards", async (_, reason) => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });

    if (reason === undefined) call.end();
    else call.fail(reason);
    const next = take(stream);
    (await calls.at(1)).send(cameraFrame(0));
    const afterGap = await next;

    expect(afterGap).toMatchObject({ frameId: 0n, skippedFrames: 0, gap: { attempts: 1 } });
    expect(afterGap.gap?.durationMs).toBeGreaterThanOrEqual(0);
    expect(afterGap.gap?.reason?.code).toBe(reason?.code);
    expect(afterGap.gap?.reason?.rawMessage).toBe(reason?.rawMessage);
    const following = take(stream);
    (await calls.at(1)).send(cameraFrame(1));
    expect(await following).toMatchObject({ frameId: 1n, gap: undefined });

    await stream.return?.();
    await (await calls.at(1)).cancelled;
  });

  it("has no gap before its first break", async () => {
    const { camera, calls } = fakeCamera();
    await using stream = camera.stream({ resume: true });
    const first = take(stream);
    (await calls.at(0)).send(cameraFrame(0));

    expect((await first).gap).toBeUndefined();
  });

  it("delivers what waits before it goes on", async () => {
    const { calls, stream, call } = await runningStream({ mode: "every", resume: recordingPolicy(0) });
    call.send(...cameraFrames(1, 1));
    call.fail(unavailable);
    await quiet();

    expect(await take(stream)).toMatchObject({ frameId: 1n, gap: undefined });
    const next = take(stream);
    (await calls.at(1)).send(cameraFrame(0));

    expect(await next).toMatchObject({ frameId: 0n, gap: { attempts: 1 } });
    await stream.return?.();
  });

  it("asks for the same rate again, and goes on in the same mode", async () => {
    const { calls, stream, call } = await runningStream({ mode: "every", fpsLimit: 30, resume: recordingPolicy(0) });
    call.fail(unavailable);
    const next = take(stream);
    const again = await calls.at(1);
    expect(again.request).toMatchObject({ fpsLimit: 30 });

    again.send(...cameraFrames(0, 9));
    await next;
    await quiet();

    expect(again.taken).toBe(2);
    await stream.return?.();
  });

  it("survives any number of breaks", async () => {
    const { calls, stream } = await runningStream({ resume: recordingPolicy(0) });

    for (let i = 0; i < 20; i++) {
      (await calls.at(i)).fail(unavailable);
      const next = take(stream);
      (await calls.at(i + 1)).send(cameraFrame(i));
      expect(await next).toMatchObject({ frameId: BigInt(i), gap: { attempts: 1 } });
    }

    await stream.return?.();
  });

  it("leaves no listener behind at a break", async () => {
    const listened = vi.spyOn(EventTarget.prototype, "addEventListener");
    const { calls, stream } = await runningStream({ resume: recordingPolicy(0) });

    for (let i = 0; i < 5; i++) {
      (await calls.at(i)).fail(unavailable);
      const next = take(stream);
      (await calls.at(i + 1)).send(cameraFrame(0));
      await next;
    }

    const signals = new Set(listened.mock.contexts.filter((target) => target instanceof AbortSignal));
    expect(signals.size).toBeGreaterThan(0);
    for (const signal of signals) expect(getEventListeners(signal, "abort").length).toBeLessThan(5);
    await stream.return?.();
  });

  it("counts in the gap all attempts that it took, with the reason of the break and the time without frames", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(100) });
    vi.advanceTimersByTime(5000);
    call.send(cameraFrame(1));
    await take(stream);
    const next = take(stream);
    vi.advanceTimersByTime(1000);
    call.fail(unavailable);
    await quiet();
    for (let attempt = 1; attempt <= 3; attempt++) {
      vi.advanceTimersByTime(100);
      const again = await calls.at(attempt);
      if (attempt < 3) again.fail(notReady);
      else again.send(cameraFrame(0));
      await quiet();
    }

    expect((await next).gap).toEqual({
      reason: expect.objectContaining({ code: Code.Unavailable, rawMessage: "the connection broke" }),
      attempts: 3,
      durationMs: 1300,
    });
    await stream.return?.();
  });

  it("waits as long as the policy says", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(700) });
    const next = take(stream);
    call.fail(unavailable);
    await quiet();

    vi.advanceTimersByTime(699);
    await quiet();
    expect(calls.count).toBe(1);
    vi.advanceTimersByTime(1);
    (await calls.at(1)).send(cameraFrame(0));

    expect(await next).toMatchObject({ gap: { attempts: 1 } });
    await stream.return?.();
  });

  it("uses the usual policy, which waits at most 100 ms at first, when resume is true", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { calls, stream, call } = await runningStream({ resume: true });
    const next = take(stream);
    call.fail(unavailable);
    await quiet();
    expect(calls.count).toBe(1);

    vi.advanceTimersByTime(100);
    (await calls.at(1)).send(cameraFrame(0));

    expect(await next).toMatchObject({ gap: { attempts: 1 } });
    await stream.return?.();
  });

  it("tells the policy which attempt comes next, since when it is lost, and why", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const resume = recordingPolicy(100);
    const { calls, stream, call } = await runningStream({ resume });
    const next = take(stream);
    // A camera may have had nothing to show for long. That is no part of the loss.
    vi.advanceTimersByTime(60_000);
    call.fail(unavailable);
    await quiet();
    vi.advanceTimersByTime(100);
    (await calls.at(1)).fail(notReady);
    await quiet();
    vi.advanceTimersByTime(100);
    (await calls.at(2)).end();
    await quiet();
    vi.advanceTimersByTime(100);
    (await calls.at(3)).send(cameraFrame(0));
    await next;
    const last = stream.next();
    (await calls.at(3)).fail(notReady);
    await quiet();

    expect(resume.contexts).toMatchObject([
      { attempt: 1, elapsedMs: 0, reason: { code: Code.Unavailable, rawMessage: "the connection broke" } },
      { attempt: 2, elapsedMs: 100, reason: { code: Code.FailedPrecondition, rawMessage: "the game shuts down" } },
      { attempt: 3, elapsedMs: 200, reason: { code: Code.Unavailable, rawMessage: "the mod ended the stream" } },
      { attempt: 1, elapsedMs: 0, reason: { code: Code.FailedPrecondition, rawMessage: "the game shuts down" } },
    ]);
    for (const { reason } of resume.contexts) expect(reason).toBeInstanceOf(ConnectError);
    await stream.return?.();
    expect(await last).toEqual({ done: true, value: undefined });
  });
});

describe("a stream that resumes does not go on", () => {
  it.each([unavailable, notReady, internal])("when its first call fails (%s)", async (error) => {
    const { camera, calls } = fakeCamera();
    const resume = recordingPolicy(0);
    const stream = camera.stream({ resume });
    const first = stream.next();
    (await calls.at(0)).fail(error);

    await expect(first).rejects.toMatchObject({ code: error.code, rawMessage: error.rawMessage });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(resume.contexts).toEqual([]);
    expect(calls.count).toBe(1);
  });

  it("when its first call ends without a frame", async () => {
    const { camera, calls } = fakeCamera();
    const resume = recordingPolicy(0);
    const first = camera.stream({ resume }).next();
    (await calls.at(0)).end();

    expect(await first).toEqual({ done: true, value: undefined });
    expect(resume.contexts).toEqual([]);
    expect(calls.count).toBe(1);
  });

  it.each([Code.Internal, Code.PermissionDenied, Code.Unimplemented, Code.Unknown, Code.Canceled])(
    "after a failure that is no matter of the connection (code %i)",
    async (code) => {
      const resume = recordingPolicy(0);
      const { calls, stream, call } = await runningStream({ resume });
      call.fail(new ConnectError("from the mod", code));

      await expect(stream.next()).rejects.toMatchObject({ code, rawMessage: "from the mod" });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(resume.contexts).toEqual([]);
      expect(calls.count).toBe(1);
    },
  );

  it("after such a failure of a later attempt", async () => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });
    const next = stream.next();
    call.fail(unavailable);
    (await calls.at(1)).fail(internal);

    await expect(next).rejects.toMatchObject({ code: Code.Internal });
    expect(calls.count).toBe(2);
  });

  it("after a frame whose pixels do not fit", async () => {
    const resume = recordingPolicy(0);
    const { stream, call } = await runningStream({ resume });
    call.send({ ...cameraFrame(1), height: 3 });

    await expect(stream.next()).rejects.toBeInstanceOf(MalformedResponseError);
    expect(resume.contexts).toEqual([]);
    await call.cancelled;
  });

  it("when the policy gives up, and throws the last reason", async () => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0, 0, undefined) });
    const next = stream.next();
    call.end();
    (await calls.at(1)).fail(unavailable);
    (await calls.at(2)).fail(notReady);

    await expect(next).rejects.toMatchObject({ code: Code.FailedPrecondition, rawMessage: "the game shuts down" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(calls.count).toBe(3);
  });

  it("when the policy gives up after an end in good order, which ends the stream too", async () => {
    const { calls, stream, call } = await runningStream({ resume: neverReconnect });
    call.end();

    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(calls.count).toBe(1);
  });

  it("when the policy throws, and throws the same", async () => {
    const failure = new Error("the policy's own");
    const nextDelayMs = () => {
      throw failure;
    };
    const { stream, call } = await runningStream({ resume: { nextDelayMs } });
    call.fail(unavailable);

    await expect(stream.next()).rejects.toBe(failure);
  });

  it.each<[string, CameraStreamOptions]>([
    ["by default", {}],
    ["when resume is false", { resume: false }],
  ])("%s", async (_, options) => {
    const { calls, stream, call } = await runningStream(options);
    call.fail(unavailable);

    await expect(stream.next()).rejects.toMatchObject({ code: Code.Unavailable });
    await quiet();
    expect(calls.count).toBe(1);
  });
});

describe("the pause before an attempt", () => {
  it("ends with Canceled by the caller's signal, and leaves nothing behind", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const caller = new AbortController();
    const { calls, stream, call } = await runningStream({ signal: caller.signal, resume: recordingPolicy(1000) });
    const next = stream.next();
    call.fail(unavailable);
    await quiet();
    expect(vi.getTimerCount()).toBe(1);
    const reason = new Error("enough");

    caller.abort(reason);

    await expect(next).rejects.toMatchObject({ code: Code.Canceled, cause: reason });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
    expect(calls.count).toBe(1);
  });

  it.each(["return()", "await using"])(
    "ends when the stream is left by %s, and leaves no timer behind",
    async (way) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const { calls, stream, call } = await runningStream({ timeoutMs: 60_000, resume: recordingPolicy(1000) });
      const next = stream.next();
      call.fail(unavailable);
      await quiet();
      expect(vi.getTimerCount()).toBe(2);

      if (way === "return()") await stream.return?.();
      else await stream[Symbol.asyncDispose]();

      expect(await next).toEqual({ done: true, value: undefined });
      expect(vi.getTimerCount()).toBe(0);
      await quiet();
      expect(calls.count).toBe(1);
    },
  );

  it("does not outlast timeoutMs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { stream, call } = await runningStream({ timeoutMs: 500, resume: recordingPolicy(1000) });
    const next = stream.next();
    call.fail(unavailable);
    await quiet();

    vi.advanceTimersByTime(500);

    await expect(next).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("counts timeoutMs once for the whole stream, not anew for each call", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { calls, stream, call } = await runningStream({ timeoutMs: 1000, resume: recordingPolicy(300) });
  const next = take(stream);
  vi.advanceTimersByTime(300);
  call.fail(unavailable);
  await quiet();
  vi.advanceTimersByTime(300);
  (await calls.at(1)).send(cameraFrame(0));
  await next;
  const late = stream.next();

  vi.advanceTimersByTime(399);
  expect(await isPending(late)).toBe(true);
  vi.advanceTimersByTime(1);

  await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  await (await calls.at(1)).cancelled;
  expect(vi.getTimerCount()).toBe(0);
});

describe("several streams", () => {
  it("decide each for itself whether they go on", async () => {
    const { camera, calls } = fakeCamera();
    const resuming = camera.stream({ resume: recordingPolicy(0) });
    const failing = camera.stream();
    const firsts = [take(resuming), take(failing)];
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await Promise.all(firsts);
    const nexts = [take(resuming), failing.next()] as const;

    call.fail(unavailable);

    await expect(nexts[1]).rejects.toMatchObject({ code: Code.Unavailable });
    (await calls.at(1)).send(cameraFrame(0));
    expect(await nexts[0]).toMatchObject({ gap: { attempts: 1 } });

    // Whoever comes later joins the call that was made anew, and has had no gap.
    await using later = camera.stream();
    const reads = [take(resuming), take(later)];
    (await calls.at(1)).send(cameraFrame(1));
    expect((await Promise.all(reads)).map(({ frameId, gap }) => [frameId, gap])).toEqual([
      [1n, undefined],
      [1n, undefined],
    ]);
    await resuming.return?.();
    expect(calls.count).toBe(2);
  });

  it("that resume share one call again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { camera, calls } = fakeCamera();
    const streams = [100, 200].map((delayMs) => camera.stream({ resume: recordingPolicy(delayMs) }));
    const firsts = streams.map((stream) => take(stream));
    const call = await calls.at(0);
    call.send(cameraFrame(0));
    await Promise.all(firsts);
    const nexts = streams.map((stream) => take(stream));

    call.fail(unavailable);
    await quiet();
    vi.advanceTimersByTime(100);
    const again = await calls.at(1);
    vi.advanceTimersByTime(100);
    await quiet();
    again.send(cameraFrame(7));

    expect(await Promise.all(nexts)).toMatchObject([
      { frameId: 7n, gap: { attempts: 1 } },
      { frameId: 7n, gap: { attempts: 1 } },
    ]);
    expect(calls.count).toBe(2);
    for (const stream of streams) await stream.return?.();
    await again.cancelled;
  });

  it("with headers resume in a call of their own, with the same headers", async () => {
    const { calls, stream, call } = await runningStream({ headers: { "x-trace": "42" }, resume: recordingPolicy(0) });
    const next = take(stream);
    call.fail(unavailable);
    const again = await calls.at(1);
    again.send(cameraFrame(0));

    expect(await next).toMatchObject({ gap: { attempts: 1 } });
    expect(again.context.requestHeader.get("x-trace")).toBe("42");
    await stream.return?.();
  });
});

/** A stream that has had its first frame, and its call. */
async function runningStream(options: CameraStreamOptions) {
  const { camera, calls } = fakeCamera();
  const stream = camera.stream(options);
  const first = take(stream);
  const call = await calls.at(0);
  call.send(cameraFrame(0));
  await first;
  return { calls, stream, call };
}

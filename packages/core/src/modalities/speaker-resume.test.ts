import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { neverReconnect } from "../connection/reconnect-policy.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { audioFrame, audioFrames, fakeSpeaker } from "../testing/fake-speaker.js";
import { quiet } from "../testing/quiet.js";
import { recordingPolicy } from "../testing/recording-policy.js";
import { take } from "../testing/take.js";
import type { SpeakerStreamOptions } from "./speaker.js";

const unavailable = new ConnectError("the connection broke", Code.Unavailable);

afterEach(() => {
  vi.useRealTimers();
});

describe("a stream that resumes", () => {
  it.each([
    ["a broken connection", unavailable],
    ["a bridge that is not ready", new ConnectError("not ready", Code.FailedPrecondition)],
    ["the end with which a game quits", undefined],
  ])("goes on after %s, and says so on the first chunk afterwards", async (_, reason) => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });

    if (reason === undefined) call.end();
    else call.fail(reason);
    const next = take(stream);
    const again = await calls.at(1);
    again.send(...audioFrames(0, 1));
    const afterGap = await next;

    expect(afterGap).toMatchObject({ frameId: 0n, gap: { attempts: 1 } });
    expect(afterGap.gap?.durationMs).toBeGreaterThanOrEqual(0);
    expect(afterGap.gap?.reason?.code).toBe(reason?.code);
    expect(afterGap.gap?.reason?.rawMessage).toBe(reason?.rawMessage);
    expect(await take(stream)).toMatchObject({ frameId: 1n, gap: undefined });
    await stream.return?.();
    await again.cancelled;
  });

  it("counts missed chunks anew after a gap, wherever the numbers go on", async () => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });
    call.send(audioFrame(12));
    expect(await take(stream)).toMatchObject({ frameId: 12n, missedFrames: 2, gap: undefined });

    call.fail(unavailable);
    const next = take(stream);
    // The same game goes on counting.
    (await calls.at(1)).send(audioFrame(500), audioFrame(503));
    expect(await next).toMatchObject({ frameId: 500n, missedFrames: 0, gap: { attempts: 1 } });
    expect(await take(stream)).toMatchObject({ frameId: 503n, missedFrames: 2, gap: undefined });

    (await calls.at(1)).fail(unavailable);
    const afterRestart = take(stream);
    (await calls.at(2)).send(audioFrame(0), audioFrame(1));
    expect(await afterRestart).toMatchObject({ frameId: 0n, missedFrames: 0, gap: { attempts: 1 } });
    expect(await take(stream)).toMatchObject({ frameId: 1n, missedFrames: 0, gap: undefined });
    await stream.return?.();
  });

  it("delivers what waits before it goes on", async () => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });
    call.send(...audioFrames(10, 12));
    call.fail(unavailable);
    await quiet();

    for (const frameId of [10n, 11n, 12n]) expect(await take(stream)).toMatchObject({ frameId, gap: undefined });
    const next = take(stream);
    (await calls.at(1)).send(audioFrame(0));

    expect(await next).toMatchObject({ gap: { attempts: 1 } });
    await stream.return?.();
  });

  it("leaves no timer behind when it is left in the pause", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(1000) });
    const next = stream.next();
    call.fail(unavailable);
    await quiet();
    expect(vi.getTimerCount()).toBe(1);

    await stream.return?.();

    expect(await next).toEqual({ done: true, value: undefined });
    expect(vi.getTimerCount()).toBe(0);
    await quiet();
    expect(calls.count).toBe(1);
  });
});

describe("a stream that resumes does not go on", () => {
  it("when its first call fails", async () => {
    const { speaker, calls } = fakeSpeaker();
    const first = speaker.stream({ resume: recordingPolicy(0) }).next();
    (await calls.at(0)).fail(unavailable);

    await expect(first).rejects.toMatchObject({ code: Code.Unavailable });
    await quiet();
    expect(calls.count).toBe(1);
  });

  it("after a failure of the bridge", async () => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });
    call.fail(new ConnectError("the bridge threw", Code.Internal));

    await expect(stream.next()).rejects.toMatchObject({ code: Code.Internal });
    expect(calls.count).toBe(1);
  });

  it("after a malformed chunk", async () => {
    const { calls, stream, call } = await runningStream({ resume: recordingPolicy(0) });
    call.send({ ...audioFrame(10), samples: new Uint8Array(4) });

    await expect(stream.next()).rejects.toBeInstanceOf(MalformedResponseError);
    await call.cancelled;
    expect(calls.count).toBe(1);
  });

  it("when the policy gives up: it fails as the call did, or ends as the call did", async () => {
    const broken = await runningStream({ resume: neverReconnect });
    broken.call.fail(unavailable);
    await expect(broken.stream.next()).rejects.toMatchObject({ code: Code.Unavailable });

    const ended = await runningStream({ resume: neverReconnect });
    ended.call.end();
    expect(await ended.stream.next()).toEqual({ done: true, value: undefined });
  });

  it.each([{}, { resume: false }])("when it was not asked to: %o", async (options) => {
    const { calls, stream, call } = await runningStream(options);
    call.fail(unavailable);

    await expect(stream.next()).rejects.toMatchObject({ code: Code.Unavailable });
    await quiet();
    expect(calls.count).toBe(1);
  });
});

/** A stream that has had its first chunk, number 9, and its call. */
async function runningStream(options: SpeakerStreamOptions) {
  const { speaker, calls } = fakeSpeaker();
  const stream = speaker.stream(options);
  const first = take(stream);
  const call = await calls.at(0);
  call.send(audioFrame(9));
  await first;
  return { calls, stream, call };
}

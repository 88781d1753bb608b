import { Code, ConnectError } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { PictureFormat } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { describe, expect, it } from "vitest";
import { FakeUpstream } from "../testing/fake-upstream.js";
import { hubClient } from "../testing/hub-client.js";
import { RecordedCall } from "../testing/recorded-call.js";
import { TestClock } from "../testing/test-clock.js";
import { cameraFrame, fpsLimitOf, frameIdsOf, listen, watchFrames, watchPictures } from "../testing/watchers.js";
import { createHub } from "./hub.js";

const left = new ConnectError("left", Code.Canceled);

function setUp() {
  const upstream = new FakeUpstream();
  const clock = new TestClock();
  return { upstream, clock, hub: createHub(upstream, { clock }) };
}

describe("the shared camera", () => {
  it("is one upstream call, however many watch it raw and encoded", () => {
    const { hub, upstream } = setUp();

    for (let i = 0; i < 20; i++) {
      watchFrames(hub);
      watchPictures(hub, { maxWidth: i % 3 });
    }

    expect(upstream.calls).toHaveLength(1);
    expect(upstream.openCall.request.method).toBe(services.camera.method.streamFrames);
    expect(hub.stats().sources.camera).toMatchObject({ upstreamCalls: 1, subscribers: 23 });
  });

  it("is not called before the first watcher has sent its request, and ends after the last", () => {
    const { hub, upstream } = setUp();
    expect(upstream.calls).toHaveLength(0);
    new RecordedCall(hub, { method: services.camera.method.streamFrames });
    expect(upstream.calls).toHaveLength(0);

    const raw = watchFrames(hub);
    const encoded = watchPictures(hub);
    raw.call.cancel(left);
    expect(upstream.openCalls).toHaveLength(1);
    encoded.call.cancel(left);

    expect(upstream.openCalls).toHaveLength(0);
    expect(upstream.calls[0]?.cancelledWith?.code).toBe(Code.Canceled);
    expect(raw.end).toMatchObject({ code: Code.Canceled, isOwnDoing: true });
  });

  it("is one call at a time when watchers change places within a tick", () => {
    const { hub, upstream } = setUp();

    for (let i = 0; i < 10; i++) {
      const before = watchFrames(hub);
      const after = watchFrames(hub);
      before.call.cancel(left);
      after.call.cancel(left);
      watchPictures(hub).call.cancel(left);
    }

    expect(upstream.mostOpenCalls).toBe(1);
    expect(upstream.openCalls).toHaveLength(0);
    expect(hub.stats().sources.camera.subscribers).toBe(0);
    expect(hub.stats().encodings.perSetting).toEqual({});
  });

  it("keeps its call when a watcher joins and another leaves while a frame is handed out", () => {
    const { hub, upstream } = setUp();
    const first = watchFrames(hub);
    const second = watchFrames(hub);
    const joined: RecordedCall[] = [];
    first.onMessage = () => {
      first.call.cancel(left);
      second.call.cancel(left);
      joined.push(watchFrames(hub));
    };

    upstream.openCall.emit(cameraFrame(0));
    expect(second.messages).toHaveLength(0);
    expect(joined[0]?.messages).toHaveLength(0);
    upstream.openCall.emit(cameraFrame(1));

    expect(joined[0]?.messages).toHaveLength(1);
    expect(upstream.mostOpenCalls).toBe(1);
  });

  it("gives every watcher the bytes themselves, not a copy", () => {
    const { hub, upstream } = setUp();
    const watchers = [watchFrames(hub), watchFrames(hub), watchFrames(hub)];
    const frame = cameraFrame(0);

    upstream.openCall.emit(frame);

    for (const { messages } of watchers) expect(messages[0]).toBe(frame);
  });

  it("passes the upstream's response headers on, also to those who come later", () => {
    const { hub, upstream } = setUp();
    const early = watchFrames(hub);
    expect(early.headerCount).toBe(0);

    upstream.openCall.announce(new Headers({ "x-mod": "7" }));
    const late = watchFrames(hub);

    for (const { call, headerCount } of [early, late]) {
      expect(headerCount).toBe(1);
      expect(call.header.get("x-mod")).toBe("7");
    }
  });

  it("passes a failure on to every watcher with its code, and begins anew with the next one", async () => {
    const { hub, upstream } = setUp();
    const raw = watchFrames(hub);
    const paused = watchFrames(hub);
    paused.call.pause();
    const encoded = watchPictures(hub);
    upstream.openCall.emit(cameraFrame(0));
    const failure = new ConnectError("the camera is gone", Code.FailedPrecondition);

    upstream.openCall.end(failure);

    for (const watcher of [raw, paused, encoded]) {
      expect(watcher.end).toEqual({ error: failure, code: Code.FailedPrecondition, isOwnDoing: false });
    }
    expect(hub.stats().sources.camera.subscribers).toBe(0);
    const next = watchFrames(hub);
    upstream.openCall.emit(cameraFrame(0));
    expect(next.messages).toHaveLength(1);
    expect(upstream.calls).toHaveLength(2);
  });

  it("lets who watches again at the failure join one new call", () => {
    const { hub, upstream } = setUp();
    const again: RecordedCall[] = [];
    for (let i = 0; i < 3; i++) {
      watchFrames(hub).onEnd = () => again.push(watchFrames(hub));
      watchPictures(hub).onEnd = () => again.push(watchPictures(hub));
    }

    upstream.openCall.end(new ConnectError("gone", Code.Unavailable));

    expect(again).toHaveLength(6);
    expect(again.map(({ end }) => end)).toEqual(again.map(() => undefined));
    expect(upstream.openCalls).toHaveLength(1);
  });

  it("tells all watchers when the upstream call fails before it begins", () => {
    const { upstream, clock } = setUp();
    const failing = createHub(
      {
        ...upstream,
        createCall: (request, listener) => {
          const call = upstream.createCall(request, listener);
          call.start = () => call.end(new ConnectError("no mod", Code.Unavailable));
          return call;
        },
      },
      { clock },
    );

    expect(watchFrames(failing).end?.code).toBe(Code.Unavailable);
    expect(watchPictures(failing).end?.code).toBe(Code.Unavailable);
    expect(failing.stats().sources.camera.subscribers).toBe(0);
    expect(failing.stats().encodings.perSetting).toEqual({});
  });

  it("keeps one frame for a watcher that never resumes, the newest, and counts the others", () => {
    const { hub, upstream } = setUp();
    const stuck = watchFrames(hub);
    const reading = watchFrames(hub);
    stuck.call.pause();

    for (let i = 0; i < 100; i++) upstream.openCall.emit(cameraFrame(i));

    expect(reading.messages).toHaveLength(100);
    expect(reading.client.counters.droppedFrames).toBe(0);
    expect(stuck.messages).toHaveLength(0);
    expect(stuck.client.counters.droppedFrames).toBe(99);
    expect(hub.stats().sources.camera).toMatchObject({ frames: 100, droppedFrames: 99 });
    stuck.call.resume();
    expect(frameIdsOf(stuck)).toEqual([99]);
  });

  it("gives one frame per resume to a watcher that pauses with each", () => {
    const { hub, upstream } = setUp();
    const slow = watchFrames(hub);
    slow.onMessage = () => slow.call.pause();

    for (let i = 0; i < 9; i++) {
      upstream.openCall.emit(cameraFrame(i));
      if (i % 3 === 2) slow.call.resume();
    }

    expect(frameIdsOf(slow)).toEqual([0, 2, 5, 8]);
  });

  it("pauses the upstream call when nobody has taken a frame for a second, and goes on with the first who does", () => {
    const { hub, upstream, clock } = setUp();
    const [one, other] = [watchFrames(hub), watchPictures(hub)];
    one.call.pause();
    other.call.pause();

    for (let i = 0; i < 10; i++) {
      upstream.openCall.emit(cameraFrame(i));
      expect(upstream.openCall.isPaused).toBe(false);
      clock.advance(100);
    }
    upstream.openCall.emit(cameraFrame(10));
    expect(upstream.openCall.isPaused).toBe(true);

    one.call.resume();
    expect(upstream.openCall.isPaused).toBe(false);
    expect(frameIdsOf(one)).toEqual([10]);
  });

  it("goes on for who joins while it is paused", () => {
    const { hub, upstream, clock } = setUp();
    watchFrames(hub).call.pause();
    upstream.openCall.emit(cameraFrame(0));
    clock.advance(1_000);
    upstream.openCall.emit(cameraFrame(1));
    expect(upstream.openCall.isPaused).toBe(true);

    watchFrames(hub);

    expect(upstream.openCall.isPaused).toBe(false);
  });

  it("lets the mod judge a request that nobody can read, without a call that is shared", () => {
    const { hub, upstream } = setUp();
    const asking = new RecordedCall(hub, { method: services.camera.method.streamFrames });
    const unreadable = Uint8Array.of(10, 200);

    asking.call.sendLast(unreadable);
    expect(upstream.openCall.sent).toEqual([unreadable]);
    upstream.openCall.end(new ConnectError("", Code.Unimplemented));

    expect(asking.end?.code).toBe(Code.Unimplemented);
    expect(hub.stats().sources.camera.upstreamCalls).toBe(0);
  });

  it.each([
    ["no request", []],
    ["two requests", [new Uint8Array(0), new Uint8Array(0)]],
  ])("refuses a call with %s", (_, requests) => {
    const { hub, upstream } = setUp();
    const recorded = new RecordedCall(hub, { method: services.camera.method.streamFrames });

    for (const request of requests) recorded.call.send(request);
    recorded.call.halfClose();

    expect(recorded.end?.code).toBe(Code.InvalidArgument);
    expect(upstream.calls).toHaveLength(0);
  });

  it("ends a watcher whose signal is aborted, alone", () => {
    const { hub, upstream } = setUp();
    const controller = new AbortController();
    const leaving = watchFrames(hub, { signal: controller.signal });
    const staying = watchFrames(hub);

    controller.abort();
    upstream.openCall.emit(cameraFrame(0));

    expect(leaving.end).toMatchObject({ code: Code.Canceled, isOwnDoing: true });
    expect(leaving.messages).toHaveLength(0);
    expect(staying.messages).toHaveLength(1);
  });

  it("ends a watcher whose time is up", async () => {
    const { hub, upstream } = setUp();

    const end = await watchFrames(hub, { timeoutMs: 1 }).ended();

    expect(end.code).toBe(Code.DeadlineExceeded);
    expect(upstream.openCalls).toHaveLength(0);
  });
});

describe("the rate of the shared camera", () => {
  it("is the highest that a watcher asks for, with no limit as the highest of all", () => {
    const { hub, upstream, clock } = setUp();

    const rates = [10, 60, 30, 0].map((fpsLimit) => {
      watchFrames(hub, { fpsLimit });
      clock.advance(250);
      return fpsLimitOf(upstream.openCall);
    });

    expect(rates).toEqual([10, 60, 60, 0]);
    expect(upstream.mostOpenCalls).toBe(1);
  });

  it.each([-1, Number.NaN, 0])("takes %d for no limit, as the mod does", (fpsLimit) => {
    const { hub, upstream } = setUp();

    watchFrames(hub, { fpsLimit });

    expect(fpsLimitOf(upstream.openCall)).toBe(0);
  });

  it("asks for 30 pictures a second for encoded pictures without a limit", () => {
    const { hub, upstream } = setUp();

    watchPictures(hub);

    expect(fpsLimitOf(upstream.openCall)).toBe(30);
  });

  it("rises at most every 250 ms, so that who comes and goes does not disturb the others", () => {
    const { hub, upstream, clock } = setUp();
    watchFrames(hub, { fpsLimit: 1 });

    for (let fpsLimit = 2; fpsLimit <= 101; fpsLimit++) {
      watchFrames(hub, { fpsLimit }).call.cancel(left);
      watchFrames(hub, { fpsLimit });
      clock.advance(10);
    }

    expect(upstream.calls.length).toBeLessThanOrEqual(1 + 1_000 / 250);
    clock.advance(250);
    expect(fpsLimitOf(upstream.openCall)).toBe(101);
  });

  it("falls again when who wanted more has left, but not at once", () => {
    const { hub, upstream, clock } = setUp();
    watchFrames(hub, { fpsLimit: 10 });
    clock.advance(10_000);
    const fast = watchFrames(hub, { fpsLimit: 60 });
    expect(fpsLimitOf(upstream.openCall)).toBe(60);

    fast.call.cancel(left);
    clock.advance(1_999);
    expect(fpsLimitOf(upstream.openCall)).toBe(60);
    clock.advance(1);

    expect(fpsLimitOf(upstream.openCall)).toBe(10);
    expect(clock.taskCount).toBe(0);
  });

  it("gives slower watchers their own rate, evenly, and the fastest all frames", () => {
    const { hub, upstream, clock } = setUp();
    const rates = [60, 25, 10, 1];
    const watchers = rates.map((fpsLimit) => watchFrames(hub, { fpsLimit }));
    clock.advance(250);

    for (let i = 0; i < 600; i++) {
      upstream.openCall.emit(cameraFrame(i));
      clock.advance(1000 / 60);
    }

    expect(watchers.map(({ messages }) => messages.length)).toEqual([600, 250, 100, 10]);
    for (const watcher of watchers) expect(watcher.client.counters.droppedFrames).toBe(0);
    const tenth = frameIdsOf(watchers[2] ?? watchFrames(hub));
    expect(new Set(tenth.slice(1).map((id, index) => id - (tenth[index] ?? 0)))).toEqual(new Set([6]));
  });

  it.each(["nobody else", "somebody who reads nothing", "somebody who reads nothing and asks for all"])(
    "gives 200 watchers all frames of a camera that is as fast as they ask for, with %s",
    (other) => {
      const { hub, upstream, clock } = setUp();
      const watchers = Array.from({ length: 200 }, () => watchFrames(hub, { fpsLimit: 15 }));
      if (other !== "nobody else") watchFrames(hub, { fpsLimit: other.endsWith("all") ? 0 : 15 }).call.pause();
      clock.advance(250);

      for (let i = 0; i < 150; i++) {
        // A process that has much to do stands still now and then, for 3 frames, and gets them at once.
        if (i % 10 < 7) clock.advance(1000 / 15);
        else if (i % 10 === 7) clock.advance(3000 / 15);
        upstream.openCall.emit(cameraFrame(i));
      }

      expect(watchers.map(({ messages }) => messages.length)).toEqual(watchers.map(() => 150));
    },
  );

  it("makes what a slow watcher holds as new as can be, without counting frames that it did not ask for", () => {
    const { hub, upstream, clock } = setUp();
    const slow = watchFrames(hub, { fpsLimit: 1 });
    watchFrames(hub, { fpsLimit: 60 });
    clock.advance(250);
    slow.call.pause();

    for (let i = 0; i < 60; i++) {
      upstream.openCall.emit(cameraFrame(i));
      clock.advance(1000 / 60);
    }
    slow.call.resume();

    expect(frameIdsOf(slow)).toEqual([59]);
    expect(slow.client.counters.droppedFrames).toBe(0);
  });

  it("leaves no timer behind when the last watcher leaves", () => {
    const { hub, clock } = setUp();
    const [slow, fast] = [watchFrames(hub, { fpsLimit: 1 }), watchFrames(hub, { fpsLimit: 60 })];
    expect(clock.taskCount).toBe(1);

    slow.call.cancel(left);
    fast.call.cancel(left);

    expect(clock.taskCount).toBe(0);
  });
});

describe("the shared speaker", () => {
  it("is one upstream call of its own", () => {
    const { hub, upstream } = setUp();

    const listeners = [listen(hub), listen(hub)];
    watchFrames(hub);

    expect(upstream.calls.map(({ request }) => request.method.name)).toEqual(["StreamAudio", "StreamFrames"]);
    for (const { call } of listeners) call.cancel(left);
    expect(upstream.openCall.request.method.name).toBe("StreamFrames");
  });

  it("keeps the newest 64 frames for who is slow, in order, and counts those that it dropped", () => {
    const { hub, upstream } = setUp();
    const slow = listen(hub);
    const fast = listen(hub);
    slow.call.pause();

    for (let i = 0; i < 100; i++) upstream.openCall.emit(Uint8Array.of(i));
    slow.call.resume();

    expect(slow.messages.map(([number]) => number)).toEqual(Array.from({ length: 64 }, (_, i) => i + 36));
    expect(slow.client.counters.droppedFrames).toBe(36);
    expect(fast.messages).toHaveLength(100);
    expect(hub.stats().sources.speaker).toMatchObject({ frames: 100, droppedFrames: 36 });
  });

  it("lets who is slow hear the rest when the mod ends it in good order", () => {
    const { hub, upstream } = setUp();
    const slow = listen(hub);
    slow.call.pause();
    for (let i = 0; i < 3; i++) upstream.openCall.emit(Uint8Array.of(i));

    upstream.openCall.end();
    expect(slow.end).toBeUndefined();
    slow.onMessage = () => slow.call.pause();
    slow.call.resume();
    expect(slow.messages).toHaveLength(1);
    slow.onMessage = () => {};
    slow.call.resume();

    expect(slow.messages.map(([number]) => number)).toEqual([0, 1, 2]);
    expect(slow.end).toEqual({ error: undefined, code: undefined, isOwnDoing: false });
  });

  it("is not paused upstream, where the newest sound would be lost unseen", () => {
    const { hub, upstream, clock } = setUp();
    listen(hub).call.pause();

    for (let i = 0; i < 3; i++) {
      upstream.openCall.emit(Uint8Array.of(i));
      clock.advance(1_000);
    }

    expect(upstream.openCall.isPaused).toBe(false);
  });
});

describe("a call that is cancelled before it is started", () => {
  it.each([services.camera.method.streamFrames, services.locomotion.method.drive, services.connection.method.ping])(
    "stays ended: $name",
    (method) => {
      const { hub, upstream } = setUp();
      const ends: (Code | undefined)[] = [];
      const call = hub.createCall(
        hubClient(),
        { method },
        { onOpen() {}, onHeader() {}, onMessage() {}, onEnd: (error) => ends.push(error?.code) },
      );

      call.cancel(left);
      call.start();
      call.sendLast(new Uint8Array(0));

      expect(ends).toEqual([Code.Canceled]);
      expect(upstream.calls).toHaveLength(0);
      expect(hub.stats().driver).toBeUndefined();
    },
  );
});

describe("closing the hub", () => {
  const stopping = new ConnectError("the proxy is stopping", Code.Unavailable);

  it("ends every call with the error, cancels upstream, and refuses whoever comes later", () => {
    const { hub, upstream, clock } = setUp();
    const calls = [
      watchFrames(hub),
      watchFrames(hub, { fpsLimit: 5 }),
      listen(hub),
      watchPictures(hub),
      watchPictures(hub, { format: PictureFormat.RAW }),
      new RecordedCall(hub, { method: services.camera.method.streamFrames }),
      new RecordedCall(hub, { method: services.locomotion.method.drive }),
      new RecordedCall(hub, { method: services.microphone.method.streamAudio }),
      new RecordedCall(hub, { method: services.connection.method.ping }),
    ];
    const again: RecordedCall[] = [];
    for (const call of calls) call.onEnd = () => again.push(watchFrames(hub));

    hub.close(stopping);

    for (const call of [...calls, ...again]) {
      expect(call.end).toEqual({ error: stopping, code: Code.Unavailable, isOwnDoing: false });
    }
    expect(again).toHaveLength(calls.length);
    expect(upstream.openCalls).toHaveLength(0);
    expect(upstream.calls).toHaveLength(5);
    expect(clock.taskCount).toBe(0);
  });
});

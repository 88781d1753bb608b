import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FirstFrameTimeoutError } from "../errors/first-frame-timeout-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { StreamEndedError } from "../errors/stream-ended-error.js";
import {
  Camera,
  CameraFrameFormat,
  type CameraFrameSchema,
  type CameraStreamRequest,
} from "../gen/resonite_io/v1/camera_pb.js";
import { collect } from "../testing/collect.js";
import { fakeMod } from "../testing/fake-mod.js";
import { CameraClient } from "./camera.js";

type Frame = MessageInitShape<typeof CameraFrameSchema>;

describe("stream", () => {
  it("yields all frames in order with their fields", async () => {
    const { camera } = cameraWith([frame(0n, 4, 2), frame(1n, 3, 5)], "ends");

    const frames = await collect(camera.stream({ mode: "every" }));

    expect(frames.map((frame) => ({ ...frame }))).toStrictEqual([
      {
        width: 4,
        height: 2,
        pixels: pixels(4, 2),
        unixNanos: 1_700_000_000_000_000_000n,
        frameId: 0n,
        skippedFrames: 0,
        gap: undefined,
      },
      {
        width: 3,
        height: 5,
        pixels: pixels(3, 5),
        unixNanos: 1_700_000_000_000_000_100n,
        frameId: 1n,
        skippedFrames: 0,
        gap: undefined,
      },
    ]);
  });

  it("keeps times and frame numbers exact", async () => {
    const exact = { unixNanos: 2n ** 63n - 1n, frameId: 2n ** 53n + 1n };
    const { camera } = cameraWith([{ ...frame(0n), ...exact }], "ends");

    expect(await collect(camera.stream())).toMatchObject([exact]);
  });

  it("sends a request with nothing but defaults", async () => {
    const { camera, requests } = cameraWith([], "ends");

    await collect(camera.stream());

    expect(requests).toMatchObject([{ width: 0, height: 0, fpsLimit: 0 }]);
  });

  it.each([0, 0.5, 30, 1000])("sends an fpsLimit of %d", async (fpsLimit) => {
    const { camera, requests } = cameraWith([], "ends");

    await collect(camera.stream({ fpsLimit }));

    expect(requests).toMatchObject([{ fpsLimit }]);
  });

  it.each([-1, -0.001, Number.NaN, Infinity, -Infinity])("throws at once for an fpsLimit of %d", (fpsLimit) => {
    const { camera, requests } = cameraWith([], "ends");

    expect(() => camera.stream({ fpsLimit })).toThrow(InvalidOptionsError);
    expect(() => camera.stream({ fpsLimit })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
    expect(requests).toEqual([]);
  });

  it("does not call the mod before the first frame is asked for", async () => {
    const { camera, requests } = cameraWith([frame(0n)]);
    await using stream = camera.stream();
    expect(requests).toHaveLength(0);

    await stream.next();

    expect(requests).toHaveLength(1);
  });

  it("cancels the call on the mod's side when the loop is left", async () => {
    const { camera, cancelled } = cameraWith([frame(0n), frame(1n)]);

    for await (const { frameId } of camera.stream()) {
      expect(frameId).toBe(0n);
      break;
    }

    await cancelled;
  });

  it("cancels the call on the mod's side by the caller's signal, and fails with Canceled", async () => {
    const { camera, cancelled } = cameraWith([frame(0n)]);
    const caller = new AbortController();
    const stream = camera.stream({ signal: caller.signal });
    await stream.next();
    const waiting = stream.next();

    caller.abort();

    await expect(waiting).rejects.toMatchObject({ code: Code.Canceled });
    await cancelled;
  });

  it("passes headers on", async () => {
    const { camera, contexts } = cameraWith([], "ends");

    await collect(camera.stream({ headers: { "x-trace": "42" } }));

    expect(contexts[0]?.requestHeader.get("x-trace")).toBe("42");
  });

  it.each([Code.Unavailable, Code.FailedPrecondition, Code.Internal])(
    "passes the mod's failure through unchanged (code %i)",
    async (code) => {
      const { camera } = cameraWith([frame(0n)], new ConnectError("from the mod", code));
      const stream = camera.stream();
      expect((await stream.next()).done).toBe(false);

      const failure = stream.next();

      await expect(failure).rejects.toBeInstanceOf(ConnectError);
      await expect(failure).rejects.toMatchObject({ code, rawMessage: "from the mod" });
    },
  );

  it.each([
    ["too few bytes", { width: 2, height: 2, pixels: new Uint8Array(15) }],
    ["too many bytes", { width: 2, height: 2, pixels: new Uint8Array(17) }],
    ["no bytes", { width: 2, height: 2, pixels: new Uint8Array(0) }],
    ["a negative size whose area fits", { width: -2, height: -2, pixels: new Uint8Array(16) }],
    ["a negative height and no area", { width: 0, height: -2, pixels: new Uint8Array(0) }],
  ])("fails for a frame with %s, and cancels the call", async (_, broken) => {
    const { camera, cancelled } = cameraWith([frame(0n), { ...frame(1n), ...broken }]);
    const stream = camera.stream();
    await stream.next();

    const failure = stream.next();

    await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await expect(failure).rejects.toBeInstanceOf(ResoioError);
    await expect(failure).rejects.toMatchObject({
      name: "MalformedResponseError",
      code: "MALFORMED_RESPONSE",
      message: expect.stringMatching(/^camera frame 1 has \d+ bytes/),
    });
    await cancelled;
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("takes a frame whatever format it names: there is only one", async () => {
    const { camera } = cameraWith([{ ...frame(0n), format: CameraFrameFormat.UNSPECIFIED }], "ends");

    expect(await collect(camera.stream())).toHaveLength(1);
  });
});

describe("shot", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("returns the first frame and cancels the stream", async () => {
    const { camera, cancelled, requests } = cameraWith([frame(0n), frame(1n)]);

    expect({ ...(await camera.shot()) }).toStrictEqual({
      width: 4,
      height: 2,
      pixels: pixels(4, 2),
      unixNanos: 1_700_000_000_000_000_000n,
      frameId: 0n,
      skippedFrames: 0,
      gap: undefined,
    });
    expect(requests).toMatchObject([{ width: 0, height: 0, fpsLimit: 0 }]);
    await cancelled;
  });

  it("throws StreamEndedError when the mod ends the stream without a frame", async () => {
    const { camera } = cameraWith([], "ends");

    const failure = camera.shot();

    await expect(failure).rejects.toBeInstanceOf(StreamEndedError);
    await expect(failure).rejects.toBeInstanceOf(ResoioError);
    await expect(failure).rejects.toMatchObject({ name: "StreamEndedError", code: "STREAM_ENDED" });
  });

  it.each([
    ["10 seconds by default", {}, 10_000],
    ["as long as asked", { firstFrameTimeoutMs: 250 }, 250],
  ])(
    "waits %s for the frame, then throws FirstFrameTimeoutError and cancels the call",
    async (_, options, timeoutMs) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const { camera, opened, cancelled, contexts } = cameraWith([]);
      const outcome = settled(camera.shot(options));
      await opened;

      await vi.advanceTimersByTimeAsync(timeoutMs - 1);
      expect(outcome.error).toBeUndefined();
      expect(contexts[0]?.signal.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await outcome.done;

      expect(outcome.error).toBeInstanceOf(FirstFrameTimeoutError);
      expect(outcome.error).toBeInstanceOf(ResoioError);
      expect(outcome.error).toMatchObject({ name: "FirstFrameTimeoutError", code: "FIRST_FRAME_TIMEOUT", timeoutMs });
      await cancelled;
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("leaves no timer behind when the frame comes in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { camera } = cameraWith([frame(0n)]);

    await camera.shot();

    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([Infinity, 2 ** 31])(
    "sets no timer for %d, which is longer than timers can wait",
    async (firstFrameTimeoutMs) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const caller = new AbortController();
      const { camera, opened } = cameraWith([]);
      const shot = camera.shot({ firstFrameTimeoutMs, signal: caller.signal });
      await opened;

      expect(vi.getTimerCount()).toBe(0);
      caller.abort();
      await expect(shot).rejects.toMatchObject({ code: Code.Canceled });
    },
  );

  it.each([0, -1, Number.NaN])(
    "throws for a firstFrameTimeoutMs of %d and sends nothing",
    async (firstFrameTimeoutMs) => {
      const { camera, requests } = cameraWith([frame(0n)]);

      await expect(camera.shot({ firstFrameTimeoutMs })).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(camera.shot({ firstFrameTimeoutMs })).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
      expect(requests).toEqual([]);
    },
  );

  it("is cancelled by the caller's signal while it waits", async () => {
    const { camera, opened, cancelled } = cameraWith([]);
    const caller = new AbortController();
    const shot = camera.shot({ signal: caller.signal });
    await opened;

    caller.abort();

    await expect(shot).rejects.toMatchObject({ code: Code.Canceled });
    await cancelled;
  });

  it("passes the mod's failure through unchanged", async () => {
    const { camera } = cameraWith([], new ConnectError("Camera has no bridge", Code.Unavailable));

    await expect(camera.shot()).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "Camera has no bridge" });
  });

  it("fails for a frame whose pixels do not fit its size", async () => {
    const { camera, cancelled } = cameraWith([{ ...frame(0n), pixels: new Uint8Array(3) }]);

    await expect(camera.shot()).rejects.toBeInstanceOf(MalformedResponseError);
    await cancelled;
  });
});

/**
 * A camera that sends `frames` and then stays open without a frame, as the mod does when nothing is drawn, ends, or fails.
 * `opened` and `cancelled` settle when the call reaches the mod and when the mod is told that it is over.
 */
function cameraWith(frames: readonly Frame[], end: "stays open" | "ends" | ConnectError = "stays open") {
  const requests: CameraStreamRequest[] = [];
  const contexts: HandlerContext[] = [];
  const opened = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const handlers: ServiceImpl<typeof Camera> = {
    async *streamFrames(request, context) {
      requests.push(request);
      contexts.push(context);
      context.signal.addEventListener("abort", () => cancelled.resolve());
      opened.resolve();
      yield* frames;
      if (end === "ends") return;
      if (end !== "stays open") throw end;
      await cancelled.promise;
    },
  };
  const { transport } = fakeMod(Camera, handlers);
  return {
    camera: new CameraClient(transport),
    requests,
    contexts,
    opened: opened.promise,
    cancelled: cancelled.promise,
  };
}

function frame(frameId: bigint, width = 4, height = 2): Frame {
  return {
    width,
    height,
    format: CameraFrameFormat.RGBA8,
    unixNanos: 1_700_000_000_000_000_000n + frameId * 100n,
    frameId,
    pixels: pixels(width, height),
  };
}

function pixels(width: number, height: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: width * height * 4 }, (_, i) => i);
}

function settled(promise: Promise<unknown>) {
  const outcome: { error: unknown; done: Promise<void> } = { error: undefined, done: Promise.resolve() };
  outcome.done = promise.then(
    () => {
      outcome.error = new Error("it succeeded");
    },
    (error: unknown) => {
      outcome.error = error;
    },
  );
  return outcome;
}

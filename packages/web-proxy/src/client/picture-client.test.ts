import { getEventListeners } from "node:events";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { InvalidOptionsError, MalformedResponseError, NotInBrowserError } from "@resoio/core";
import {
  type PictureFrameSchema,
  Picture as PictureService,
  type PictureWatchRequest,
  PictureFormat as WireFormat,
} from "@resoio/core/gen/resoio/web/v1/picture_pb";
import sharp from "sharp";
import { afterEach, describe, expect, it, vi } from "vitest";
import { callFailure, clientOf, collect, failureOf } from "../testing/client-fixtures.js";
import { openProxy } from "../testing/open-proxy.js";
import { PictureClient } from "./index.js";

type Frame = MessageInitShape<typeof PictureFrameSchema>;

describe("watch", () => {
  it("asks for JPEG with the proxy's defaults", async () => {
    const { pictures, requests } = proxyWith([]);
    await collect(pictures.watch());
    expect(requests).toMatchObject([{ format: WireFormat.JPEG, maxWidth: 0, quality: 0, fpsLimit: 0 }]);
  });

  it.each([
    ["jpeg", WireFormat.JPEG],
    ["webp", WireFormat.WEBP],
    ["raw", WireFormat.RAW],
  ] as const)("asks for %s with the settings that it is given", async (format, wireFormat) => {
    const { pictures, requests } = proxyWith([]);
    await collect(pictures.watch({ format, maxWidth: 16_384, quality: 1, fpsLimit: 0.5 }));
    expect(requests).toMatchObject([{ format: wireFormat, maxWidth: 16_384, quality: 1, fpsLimit: 0.5 }]);
  });

  it.each([
    { maxWidth: 0 },
    { maxWidth: 16_385 },
    { maxWidth: 1.5 },
    { quality: 0 },
    { quality: 101 },
    { quality: Number.NaN },
    { fpsLimit: 0 },
    { fpsLimit: -1 },
    { fpsLimit: 241 },
    { fpsLimit: Number.NaN },
  ])("throws at once for %j", (options) => {
    const { pictures, requests } = proxyWith([]);
    expect(() => pictures.watch(options)).toThrow(InvalidOptionsError);
    expect(requests).toEqual([]);
  });

  it("hands out all that the proxy says of a picture", async () => {
    const exact = { unixNanos: 2n ** 63n - 1n, frameId: 2n ** 53n + 1n, sentUnixNanos: 2n ** 62n + 1n };
    const wire = { width: 4, height: 3, sourceWidth: 40, sourceHeight: 30, encodeMs: 2.5, droppedCount: 3n, ...exact };
    const { pictures } = proxyWith([{ ...wire, format: WireFormat.WEBP, data: Uint8Array.of(1, 2, 3) }]);
    const [picture] = await collect(pictures.watch());
    expect({ ...picture }).toEqual({
      ...wire,
      format: "webp",
      data: Uint8Array.of(1, 2, 3),
      droppedCount: 3,
    });
  });

  it("always hands out the newest picture, and counts what it was too slow for", async () => {
    const { pictures, push } = pushedProxy();
    const stream = pictures.watch();
    const first = stream.next();
    await push(1n);
    expect((await first).value).toMatchObject({ frameId: 1n, droppedCount: 0 });
    await push(2n);
    await push(3n, 1n);
    await push(4n, 1n);
    expect((await stream.next()).value).toMatchObject({ frameId: 4n, droppedCount: 3 });
    const next = stream.next();
    await push(5n, 1n);
    expect((await next).value).toMatchObject({ frameId: 5n, droppedCount: 3 });
    await stream.return?.();
  });

  it("does not call before the first picture is asked for, and cancels when the loop is left", async () => {
    const { pictures, requests, cancelled } = proxyWith([frame(1n)], "stays open");
    const stream = pictures.watch();
    expect(requests).toEqual([]);
    for await (const { frameId } of stream) {
      expect(frameId).toBe(1n);
      break;
    }
    await cancelled;
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("is cancelled by await using, before and after its beginning", async () => {
    const { pictures, requests, cancelled } = proxyWith([frame(1n)], "stays open");
    const unused = pictures.watch();
    await unused[Symbol.asyncDispose]();
    expect(await unused.next()).toEqual({ done: true, value: undefined });
    expect(requests).toEqual([]);
    {
      await using stream = pictures.watch();
      await stream.next();
    }
    await cancelled;
  });

  it("fails with Canceled by the caller's signal, and drops what waits", async () => {
    const { pictures, push, cancelled } = pushedProxy();
    const controller = new AbortController();
    const stream = pictures.watch({ signal: controller.signal });
    const first = stream.next();
    await push(1n);
    await first;
    await push(2n);
    controller.abort();
    await cancelled;
    expect((await callFailure(stream.next())).code).toBe(Code.Canceled);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it.each(["left", "ended"])("lets go of the caller's signal when it is %s", async (how) => {
    const { pictures } = proxyWith([frame(1n)], how === "left" ? "stays open" : "ends");
    const { signal } = new AbortController();
    for await (const _ of pictures.watch({ signal })) if (how === "left") break;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("fails as the proxy does, after the picture that came before", async () => {
    const { pictures } = proxyWith([frame(1n)], new ConnectError("no game", Code.FailedPrecondition));
    const stream = pictures.watch();
    expect((await stream.next()).value).toMatchObject({ frameId: 1n });
    expect(await failureOf(stream.next())).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "no game" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it.each([
    ["of a format that nobody knows", { format: 9 as WireFormat }],
    ["without a format", { format: WireFormat.UNSPECIFIED }],
    ["that is raw and too short", { format: WireFormat.RAW, width: 2, height: 2, data: new Uint8Array(15) }],
  ])("fails for a picture %s, and cancels the call", async (_, broken) => {
    for (const isAhead of [true, false]) {
      const { pictures, push, cancelled } = pushedProxy();
      const stream = pictures.watch();
      const first = stream.next();
      await push(1n);
      await first;
      const early = isAhead ? stream.next() : undefined;
      await push(2n, 0n, broken);
      const failure = await failureOf(early ?? stream.next());
      expect(failure).toBeInstanceOf(MalformedResponseError);
      await cancelled;
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    }
  });

  it("has one reader at a time", async () => {
    const { pictures } = proxyWith([], "stays open");
    const stream = pictures.watch();
    const first = stream.next();
    expect((await callFailure(stream.next())).code).toBe(Code.FailedPrecondition);
    await stream.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
  });
});

describe("a picture", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it.each([
    [WireFormat.JPEG, "image/jpeg"],
    [WireFormat.WEBP, "image/webp"],
    [WireFormat.RAW, "application/octet-stream"],
  ])("becomes a blob of its type", async (format, type) => {
    const { pictures } = proxyWith([{ ...frame(1n), format, width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 4) }]);
    const [picture] = await collect(pictures.watch());
    const blob = picture?.toBlob();
    expect(blob?.type).toBe(type);
    expect(new Uint8Array((await blob?.arrayBuffer()) ?? [])).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it("becomes no bitmap in Node", async () => {
    const { pictures } = proxyWith([frame(1n)]);
    const [picture] = await collect(pictures.watch());
    expect(await failureOf(Promise.resolve(picture?.bitmap()))).toBeInstanceOf(NotInBrowserError);
  });

  it("becomes a bitmap where there are any: of its blob, or of its pixels when it is raw", async () => {
    const sources: unknown[] = [];
    class FakeImageData {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    }
    vi.stubGlobal("ImageData", FakeImageData);
    vi.stubGlobal("createImageBitmap", async (source: unknown) => sources.push(source));
    const raw = { format: WireFormat.RAW, width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 4) };
    const { pictures } = proxyWith([{ ...frame(1n), ...raw }]);
    const [picture] = await collect(pictures.watch());
    await picture?.bitmap();
    const { pictures: encoded } = proxyWith([frame(1n)]);
    const [other] = await collect(encoded.watch());
    await other?.bitmap();
    expect(sources).toMatchObject([{ data: Uint8ClampedArray.of(1, 2, 3, 4), width: 1, height: 1 }, expect.any(Blob)]);
  });
});

describe("through a real proxy", () => {
  it("is a JPEG of the asked width, of the frame that the mod sent", async () => {
    await using open = await openProxy();
    await using client = clientOf(open);
    await using stream = new PictureClient(client.transport).watch({ maxWidth: 200 });
    const { value } = await stream.next();
    expect(value).toMatchObject({ format: "jpeg", width: 200, sourceWidth: 1280, sourceHeight: 720 });
    const { format, width } = await sharp(value?.data).metadata();
    expect({ format, width }).toEqual({ format: "jpeg", width: 200 });
    expect(value?.sentUnixNanos).toBeGreaterThan(value?.unixNanos ?? 0n);
  });

  it("is Unimplemented where there is no proxy", async () => {
    const pictures = new PictureClient(createRouterTransport(() => {}));
    expect((await callFailure(pictures.watch().next())).code).toBe(Code.Unimplemented);
  });
});

/** A proxy that sends `frames` and then ends, fails, or stays open. */
function proxyWith(frames: readonly Frame[], end: "ends" | "stays open" | ConnectError = "ends") {
  const requests: PictureWatchRequest[] = [];
  const cancelled = Promise.withResolvers<void>();
  const transport = createRouterTransport(({ service }) => {
    service(PictureService, {
      async *watch(request, { signal }) {
        requests.push(request);
        signal.addEventListener("abort", () => cancelled.resolve());
        yield* frames;
        if (end === "ends") return;
        if (end !== "stays open") throw end;
        await cancelled.promise;
      },
    });
  });
  return { pictures: new PictureClient(transport), requests, cancelled: cancelled.promise };
}

/** A proxy that sends a picture when it is told to. `push` resolves when the client has taken it. */
function pushedProxy() {
  let next = Promise.withResolvers<Frame>();
  let taken = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const transport = createRouterTransport(({ service }) => {
    service(PictureService, {
      async *watch(_, { signal }) {
        signal.addEventListener("abort", () => cancelled.resolve());
        for (;;) {
          const message = await Promise.race([next.promise, cancelled.promise]);
          if (message === undefined) return;
          next = Promise.withResolvers();
          yield message;
          // Asked for another: the client has this one.
          taken.resolve();
        }
      },
    });
  });
  return {
    pictures: new PictureClient(transport),
    cancelled: cancelled.promise,
    async push(frameId: bigint, droppedCount = 0n, others: Frame = {}): Promise<void> {
      taken = Promise.withResolvers();
      next.resolve({ ...frame(frameId), droppedCount, ...others });
      await Promise.race([taken.promise, cancelled.promise]);
    },
  };
}

function frame(frameId: bigint): Frame {
  return { format: WireFormat.JPEG, width: 1, height: 1, frameId, data: Uint8Array.of(0xff, 0xd8) };
}

import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, InvalidOptionsError, type Logger } from "@resoio/core";
import { createMockMod } from "@resoio/mock-server";
import type { RecordedCall, RecordedFrame, RecordingReader } from "@resoio/recording";
import { openRecordingFile } from "@resoio/recording/node";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { connectProxy } from "../../client/connect-proxy.js";
import { PictureClient } from "../../client/picture-client.js";
import { type OpenProxy, type OpenProxyOptions, openProxy } from "../../testing/open-proxy.js";

const folder = mkdtempSync(join(tmpdir(), "resoio-recordings-"));
let fileCount = 0;
const display = { width: 320, height: 180 };

afterAll(() => rmSync(folder, { recursive: true }));

describe("a recording of a proxy", () => {
  it("has the camera once for all pages, and the other calls of each", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    const recording = open.proxy.startRecording({ file, metadata: { scenario: "two pages" } });
    {
      await using one = await connectProxy({ url: open.url });
      await using other = await connectProxy({ url: open.url });
      await Promise.all([frames(one, 5), frames(other, 5), pictures(one, 2)]);
      await one.connection.ping("one");
      await other.connection.ping("other");
    }
    const { topics } = await recording.end();

    await using reader = await openRecordingFile(file);
    expect(reader.info).toMatchObject({ isComplete: true, metadata: { scenario: "two pages" } });
    const calls = await collect(reader.calls());
    const cameras = calls.filter(({ rpc }) => rpc === "camera.streamFrames");
    const own = cameras.filter(({ client }) => client === "");
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ isShared }) => !isShared)).toBe(true);
    expect(cameras.filter(({ isShared }) => isShared).map(({ client }) => client)).toHaveLength(2);
    // Each frame is there once, although two pages have it.
    const ids = (await collect(reader.frames())).map(({ call, frame }) => `${call} ${frame.message.frameId}`);
    expect(new Set(ids).size).toBe(ids.length);
    expect(own.reduce((sum, { responseCount }) => sum + responseCount, 0)).toBe(ids.length);
    expect(topics["/rpc/resoio.web.v1.Picture.watch/response"]).toBeUndefined();
    const pings = await collect(reader.unaryCalls({ rpcs: ["connection.ping"] }));
    expect(new Set(pings.map(({ client }) => client)).size).toBe(2);
    expect(pings.map(({ status }) => status?.code)).toEqual([0, 0]);
  });

  it("has the shared stream's pictures for the time of each page's call", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    await using page = await connectProxy({ url: open.url });
    const recording = open.proxy.startRecording({ file });
    const seen = await frames(page, 4);
    await recording.end();

    await using reader = await openRecordingFile(file);
    const call = find(await collect(reader.calls()), ({ rpc, isShared }) => rpc === "camera.streamFrames" && isShared);
    const recorded = await collect(reader.responses(call));
    expect(recorded.length).toBeGreaterThanOrEqual(seen.length);
  });

  it("begins with the calls that are under way", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    await using page = await connectProxy({ url: open.url });
    const drive = page.locomotion.drive();
    drive.send({ moveForward: 1 });
    await until(() => present(open.proxy.clients[0]).counters.messagesIn === 1);
    const stream = page.camera.stream();
    await stream.next();
    const recording = open.proxy.startRecording({ file });
    await stream.next();
    await stream.next();
    drive.send({ moveForward: 0.5 });
    await drive.finish();
    await stream.return?.();
    await recording.end();

    await using reader = await openRecordingFile(file);
    const calls = await collect(reader.calls());
    const driving = find(calls, ({ rpc }) => rpc === "locomotion.drive");
    expect(driving).toMatchObject({ openedMs: expect.closeTo(0, -2), status: { code: 0 }, responseCount: 1 });
    expect(driving.requestCount).toBe(1);
    const camera = find(calls, ({ rpc, client }) => rpc === "camera.streamFrames" && client === "");
    // What was asked for is there, although that was before.
    expect(camera.requestCount).toBe(1);
    expect(camera.responseCount).toBeGreaterThan(0);
  });

  it("keeps camera and sound open that nobody else reads, until its end", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    const recording = open.proxy.startRecording({ file, keepOpen: { camera: { fpsLimit: 20 }, speaker: true } });
    await until(() => recording.stats.messages > 30);
    const { topics } = await recording.end();
    // Nobody reads them any more.
    await open.mod.engine.until(({ journal }) => journal.calls("speaker.streamAudio").length === 1);
    await open.mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length === 1);

    expect(topics["/rpc/camera.streamFrames/response"]).toBeGreaterThan(1);
    expect(topics["/rpc/speaker.streamAudio/response"]).toBeGreaterThan(1);
  });

  it("keeps the camera open of a mod that comes later", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    await using mod = createMockMod({ scenario: { display } });
    const recording = open.proxy.startRecording({ file, upstream: "second", keepOpen: { camera: true } });
    await using page = await connectProxy({ url: open.url });
    await page.connection.ping("to the first");
    open.proxy.addUpstream("second", mod.transport());
    await until(() => recording.stats.messages > 5);
    open.proxy.removeUpstream("second", "enough");
    await recording.end();

    await using reader = await openRecordingFile(file);
    expect(reader.topics.map(({ topic }) => topic)).toEqual([
      "/calls",
      "/rpc/camera.streamFrames/request",
      "/rpc/camera.streamFrames/response",
    ]);
    const [call] = await collect(reader.calls());
    expect(call?.endedMs).toBeDefined();
  });

  it.each(["jpeg", "webp"] as const)("has the camera as %s when that is wanted", async (format) => {
    const file = newFile();
    await using open = await openSmallProxy();
    const camera = { format, quality: 50, maxWidth: 160 };
    const recording = open.proxy.startRecording({ file, camera, keepOpen: { camera: { fpsLimit: 30 } } });
    await until(() => recording.stats.messages > 10);
    await recording.end();

    await using reader = await openRecordingFile(file);
    const [first, ...others] = await collect(reader.frames());
    expect(others.length).toBeGreaterThan(0);
    const { frame } = present(first);
    if (frame.kind !== "encoded") throw new Error("the frame is raw");
    const { width, height, data, sourceWidth } = frame.message;
    expect(await sharp(data).metadata()).toMatchObject({ format, width, height });
    expect([width, sourceWidth]).toEqual([160, 320]);
    // In the order of their times, although they are encoded while other messages come.
    const all = await collect(reader.messages());
    expect(all.map(({ unixNanos }) => unixNanos)).toEqual(
      all.map(({ unixNanos }) => unixNanos).toSorted((a, b) => Number(a - b)),
    );
    expect(reader.topics.map(({ topic }) => topic)).not.toContain("/rpc/camera.streamFrames/response");
  });

  it("encodes a frame once, however many record it in the same way", async () => {
    await using open = await openSmallProxy();
    const camera = { format: "jpeg", maxWidth: 64 } as const;
    const files = [newFile(), newFile()];
    const recordings = files.map((file) => open.proxy.startRecording({ file, camera, keepOpen: { camera: true } }));
    await until(() => recordings.every(({ stats }) => stats.messages > 10));
    await Promise.all(recordings.map((recording) => recording.end()));

    const [one, other] = await Promise.all(files.map(encodedFrames));
    const common = [...present(one)].filter(([id]) => present(other).has(id));
    expect(common.length).toBeGreaterThan(2);
    // The time of the encoding is in it, so the same bytes mean the same encoding.
    for (const [id, bytes] of common) expect(present(other).get(id)).toEqual(bytes);
  });

  it("never has credentials in it", async () => {
    const file = newFile();
    await using open = await openSmallProxy({ anonymousAccess: ["observe", "control", "admin", "secret"] });
    const recording = open.proxy.startRecording({ file, compression: "none", filter: () => true });
    await using page = await connectProxy({ url: open.url });
    const password = "correct horse battery staple";
    const login = page.auth.login("ada@example.com", password, { totp: "271828" });
    await expect(login).rejects.toMatchObject({ code: expect.any(Number) });
    await page.auth.status();
    await recording.end();

    const bytes = (await readFile(file)).toString("latin1");
    for (const secret of [password, "ada@example.com", "271828", "auth.login"]) expect(bytes).not.toContain(secret);
    await using reader = await openRecordingFile(file);
    expect((await collect(reader.calls())).map(({ rpc }) => rpc)).toEqual(["auth.status"]);
  });

  it("has what its filter lets in", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    const recording = open.proxy.startRecording({
      file,
      filter: (candidate) => candidate.kind === "call" && candidate.rpc.startsWith("world."),
    });
    await using page = await connectProxy({ url: open.url });
    await page.connection.ping();
    await page.world.getCurrent();
    await recording.end();

    await using reader = await openRecordingFile(file);
    expect((await collect(reader.calls())).map(({ rpc }) => rpc)).toEqual(["world.getCurrent"]);
  });

  it("is stored whole when the proxy stops", async () => {
    const file = newFile();
    const open = await openSmallProxy();
    open.proxy.startRecording({ file });
    await using page = await connectProxy({ url: open.url });
    await page.connection.ping();
    await open[Symbol.asyncDispose]();

    await using reader = await openRecordingFile(file);
    expect(reader.info).toMatchObject({ isComplete: true });
    expect(await collect(reader.calls())).toHaveLength(1);
  });

  it.each([
    ["neither file nor sink", {}, "give one of them"],
    ["a quality that is none", { file: "x", camera: { format: "jpeg", quality: 0 } as const }, "quality must be"],
    ["no frames at all", { file: "x", keepOpen: { camera: { fpsLimit: 0 } } }, "must be above 0"],
    ["chunks of nothing", { file: "x", chunkBytes: 0 }, "chunkBytes must be"],
  ])("is refused with %s", async (_, options, problem) => {
    await using open = await openSmallProxy();

    expect(() => open.proxy.startRecording(options)).toThrow(InvalidOptionsError);
    expect(() => open.proxy.startRecording(options)).toThrow(problem);
  });
});

describe("a recording of one client", () => {
  it("has that client's traffic alone, with all that it gets", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    await using one = await connectProxy({ url: open.url });
    await using other = await connectProxy({ url: open.url });
    const [first] = open.proxy.clients;
    const recording = present(first).startRecording({ file });
    const seen = await frames(one, 3);
    await frames(other, 3);
    await one.connection.ping("recorded");
    await other.connection.ping("not recorded");
    await pictures(one, 2);
    await recording.end();

    await using reader = await openRecordingFile(file);
    const calls = await collect(reader.calls());
    expect(calls.every(({ client, isShared }) => client === present(first).id && !isShared)).toBe(true);
    expect(calls.map(({ rpc }) => rpc).toSorted()).toEqual([
      "camera.streamFrames",
      "connection.ping",
      "resoio.web.v1.Picture.watch",
    ]);
    expect(find(calls, ({ rpc }) => rpc.endsWith("Picture.watch")).responseCount).toBeGreaterThanOrEqual(2);
    const recorded = await collect(reader.frames());
    const ids = recorded.map(({ frame }: RecordedFrame) => frame.message.frameId);
    expect(ids).toEqual(expect.arrayContaining(seen.map(({ frameId }) => frameId)));
  });
});

describe("traffic that is recorded", () => {
  it("does not notice a filter that throws", async () => {
    const file = newFile();
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (line) => void warnings.push(line) };
    await using open = await openSmallProxy({ logger });
    const recording = open.proxy.startRecording({
      file,
      filter() {
        throw new Error("no idea");
      },
    });
    await using page = await connectProxy({ url: open.url });
    expect((await page.connection.ping("one")).message).toBe("one");
    expect(await frames(page, 2)).toHaveLength(2);

    expect(recording.stats.filterErrors).toBeGreaterThan(2);
    expect(recording.failure).toBeUndefined();
    expect((await recording.end()).messages).toBe(0);
    expect(warnings.filter((line) => line.includes("no idea"))).toHaveLength(1);
  });

  it.each([
    ["that fails", async () => Promise.reject(new Error("no space left on device"))],
    [
      "that throws",
      () => {
        throw new Error("no space left on device");
      },
    ],
  ])("does not notice a sink %s", async (_, write) => {
    await using open = await openSmallProxy();
    const recording = open.proxy.startRecording({ sink: { write }, keepOpen: { camera: true } });
    await using page = await connectProxy({ url: open.url });
    await until(() => recording.failure !== undefined);
    expect((await page.connection.ping("one")).message).toBe("one");
    expect(await frames(page, 2)).toHaveLength(2);

    expect(recording.failure).toMatchObject({ code: "RECORDING_FAILED" });
    await expect(recording.end()).rejects.toThrow("no space left on device");
    expect(recording.stats.queuedBytes).toBe(0);
  });

  it("does not notice a sink that never answers, and memory stays bounded", async () => {
    const maxQueueBytes = 1024 * 1024;
    await using open = await openSmallProxy();
    const recording = open.proxy.startRecording({
      sink: { write: () => Promise.withResolvers<void>().promise },
      maxQueueBytes,
      sinkTimeoutMs: 500,
      keepOpen: { camera: true },
    });
    await using page = await connectProxy({ url: open.url });
    await until(() => {
      expect(recording.stats.queuedBytes).toBeLessThan(2 * maxQueueBytes);
      return recording.failure !== undefined;
    });
    expect(await frames(page, 2)).toHaveLength(2);
    expect(recording.stats.droppedMessages).toBeGreaterThan(0);
    await expect(recording.end()).rejects.toThrow("did not answer for 500 ms");
  });

  it("ends with the status that it would have ended with", async () => {
    const file = newFile();
    await using open = await openSmallProxy();
    const recording = open.proxy.startRecording({ file });
    await using page = await connectProxy({ url: open.url });
    await expect(page.world.focus(4_711)).rejects.toMatchObject({ code: Code.NotFound });
    await recording.end();

    await using reader = await openRecordingFile(file);
    const [call] = await collect(reader.unaryCalls());
    expect(call).toMatchObject({ rpc: "world.focus", status: { code: Code.NotFound }, response: undefined });
  });
});

/** A proxy in front of a game with a small window. */
async function openSmallProxy(options: OpenProxyOptions = {}): Promise<OpenProxy> {
  return await openProxy({ mock: { scenario: { display } }, ...options });
}

function newFile(): string {
  return join(folder, `${++fileCount}.mcap`);
}

type Page = Awaited<ReturnType<typeof connectProxy>>;

async function frames(page: Page, count: number) {
  const seen = [];
  for await (const frame of page.camera.stream()) {
    seen.push(frame);
    if (seen.length === count) break;
  }
  return seen;
}

async function pictures(page: Page, count: number): Promise<void> {
  let seen = 0;
  for await (const _ of new PictureClient(page.transport).watch({ maxWidth: 64 })) if (++seen === count) break;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function encodedFrames(file: string): Promise<Map<bigint, Uint8Array>> {
  await using reader: RecordingReader = await openRecordingFile(file);
  return new Map((await collect(reader.frames())).map(({ frame }) => [frame.message.frameId, frame.bytes]));
}

/** Waits for what only looking again can tell. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

function find(calls: readonly RecordedCall[], isIt: (call: RecordedCall) => boolean): RecordedCall {
  return present(calls.find(isIt));
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("there is none");
  return value;
}

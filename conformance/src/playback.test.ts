import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RpcId, rpcs } from "@resoio/core";
import { createVirtualClock, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import type { RecordingReader } from "@resoio/recording";
import { createProxy } from "@resoio/web-proxy";
import { connectProxy } from "@resoio/web-proxy/client";
import { beforeAll, describe, expect, it } from "vitest";
import { recordCalls } from "./testing/record-calls.js";
import { statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { typedCalls } from "./testing/typed-calls.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

const ids = Object.values(rpcs).map(({ id }) => id);
const scenario = { display: { width: 16, height: 12, settleMs: 0 }, worldLoadMs: 0, cameraFps: 20 };

/** Every RPC, one after the other, and how it ended. */
const recordedStatuses: Partial<Record<RpcId, string>> = {};
let walk: RecordingReader;

/** A turn on the spot in two seconds. */
let turn: RecordingReader;

beforeAll(async () => {
  walk = await recordCalls({ scenario }, async (resonite) => {
    // The shutdown last, as it ends the others.
    const shutdown: RpcId = "lifecycle.shutdown";
    for (const id of [...ids.filter((other) => other !== shutdown), shutdown]) {
      recordedStatuses[id] = await statusOf(typedCalls[id](resonite));
    }
  });
  const clock = createVirtualClock();
  turn = await recordCalls({ scenario, clock }, async (resonite) => {
    await using drive = resonite.locomotion.drive();
    drive.send({ yawRate: 180 });
    const stream = resonite.camera.stream({ mode: "every" });
    const look = async (): Promise<void> => {
      for await (const { frameId } of stream) if (frameId === 40n) break;
    };
    await whileTimePasses(clock, look());
  });
});

describe.each(["raw", "jpeg", "webp"] as const)("what a proxy recorded, with its camera as %s,", (format) => {
  it("plays as the mod behind it", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "run.mcap");
    const camera = format === "raw" ? "raw" : ({ format, quality: 95, maxWidth: 32 } as const);
    const seen = { world: "", pixels: new Uint8Array(0) };
    {
      await using mod = await startMockServer({ scenario: { display: { width: 64, height: 48 } } });
      const upstream = createUdsTransport({ socketPath: mod.socketPath });
      await using proxy = await createProxy({ upstream, ownsUpstreams: true, port: 0 });
      const recording = proxy.startRecording({ file, camera });
      await using resonite = await connectProxy({ url: proxy.url });
      seen.world = (await resonite.world.getCurrent())?.name ?? "";
      seen.pixels = (await resonite.camera.shot()).pixels.slice();
      await recording.end();
    }
    await using mod = await startMockServer({ play: { recording: file, otherwise: "fail", latency: "none" } });
    const upstream = createUdsTransport({ socketPath: mod.socketPath });
    await using proxy = await createProxy({ upstream, ownsUpstreams: true, port: 0 });
    await using resonite = await connectProxy({ url: proxy.url });
    expect((await resonite.world.getCurrent())?.name).toBe(seen.world);
    const { width, height, pixels } = await resonite.camera.shot();
    expect([width, height]).toEqual(format === "raw" ? [64, 48] : [32, 24]);
    if (format === "raw") expect(Buffer.compare(pixels, seen.pixels)).toBe(0);
    // A picture that was made smaller and encoded has the same colours on the whole.
    else for (const channel of [0, 1, 2]) expect(mean(pixels, channel)).toBeCloseTo(mean(seen.pixels, channel), -1);
  });
});

/** How bright one channel is. */
function mean(pixels: Uint8Array, channel: number): number {
  const bytes = pixels.filter((_, index) => index % 4 === channel);
  return bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
}

describe.each(transports)("a recording that is played as a mod, over $name,", ({ open }) => {
  it("ends every RPC as it was recorded, but for those that are never recorded", async () => {
    await using test = await open({ play: { recording: walk, otherwise: "fail", latency: "none" } });
    const shutdown: RpcId = "lifecycle.shutdown";
    const statuses: Partial<Record<RpcId, string>> = {};
    for (const id of [...ids.filter((other) => other !== shutdown), shutdown]) {
      statuses[id] = await statusOf(typedCalls[id](test.resonite));
    }
    expect(Object.values(recordedStatuses).filter((status) => status === "ok").length).toBeGreaterThan(40);
    expect(Object.keys(statuses)).toHaveLength(69);
    const unrecorded = expect.stringMatching(/^Unavailable: .* carries credentials: such calls are never recorded/);
    expect(statuses).toEqual({ ...recordedStatuses, "auth.login": unrecorded });
    expect([...(test.mod.playback?.unanswered.keys() ?? [])]).toEqual(["auth.login"]);
  });

  it("shows at every place what was to be seen there, forward and back", async () => {
    const { startUnixNanos } = turn.info;
    const pictures = new Map<bigint, Uint8Array>();
    for await (const { unixNanos, frame } of turn.frames()) {
      if (frame.kind === "raw") pictures.set(unixNanos - startUnixNanos, frame.message.pixels);
    }
    expect(pictures.size).toBeGreaterThanOrEqual(41);
    await using test = await open({ play: { recording: turn, otherwise: "fail" }, clock: createVirtualClock() });
    const { playback } = test.mod;
    playback?.pause();
    for (const index of [20, 35, 3, 28, 27, 40, 1]) {
      const [nanos, pixels] = [...pictures][index] ?? [0n, new Uint8Array(0)];
      await playback?.seekMs(Number(nanos) / 1e6);
      const shot = await test.resonite.camera.shot();
      expect([index, Buffer.compare(shot.pixels, pixels)]).toEqual([index, 0]);
    }
  });
});

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "resoio-playback-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

import { type RpcId, rpcs } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import type { RecordingReader } from "@resoio/recording";
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

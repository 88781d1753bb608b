import type { Resonite } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { openCallsOf } from "./testing/open-calls-of.js";
import { settleUntil } from "./testing/settle-until.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

/** Streams with headers of their own do not share a call. */
const apart = { headers: {} };

/** Ways to leave a camera stream before its end. */
const departures: Readonly<Record<string, (camera: Resonite["camera"]) => Promise<void>>> = {
  "breaking off": async (camera) => {
    for await (const _ of camera.stream(apart)) break;
  },
  "returning from the loop": async (camera) => {
    const takeOne = async (): Promise<bigint | undefined> => {
      for await (const { frameId } of camera.stream(apart)) return frameId;
      return undefined;
    };
    await takeOne();
  },
  "throwing in the loop": async (camera) => {
    const fail = async (): Promise<void> => {
      for await (const _ of camera.stream(apart)) throw new Error("enough");
    };
    await fail().catch(() => {});
  },
  "aborting before the first frame": async (camera) => {
    const aborting = new AbortController();
    const first = camera.stream({ ...apart, signal: aborting.signal }).next();
    aborting.abort();
    await first.catch(() => {});
  },
  "aborting in the middle": async (camera) => {
    const aborting = new AbortController();
    const stream = camera.stream({ ...apart, signal: aborting.signal });
    await stream.next();
    aborting.abort();
    await stream.next().catch(() => {});
  },
  "never starting": async (camera) => {
    camera.stream(apart);
  },
};

/** How many streams are left in each way: enough for 10,000, or as many as a slow transport can in a minute. */
const perDeparture = 1700;
const fewPerDeparture = 50;
const atATime = 50;

describe.each(transports)("thousands of streams over $name", ({ open, cannot }) => {
  const count = cannot?.bulk === undefined ? perDeparture : fewPerDeparture;

  it("leave no call open when they are abandoned, in whatever way", { timeout: 120_000 }, async () => {
    const clock = createVirtualClock();
    const scenario = { display: { width: 16, height: 16 }, cameraFps: 1000, openWorlds: [] };
    await using test = await open({ scenario, clock });
    const { camera } = test.resonite;
    const { engine } = test.mod;
    let ended = 0;
    for (const leave of Object.values(departures)) {
      for (let left = 0; left < count; left += atATime) {
        await whileTimePasses(clock, Promise.all(Array.from({ length: atATime }, () => leave(camera))));
        // Lets the mod keep up: calls count that it has yet to clear away.
        await settleUntil(clock, () => openCallsOf(test.mod) === 0);
        ended += engine.journal.calls("camera.streamFrames").length;
        engine.journal.clear();
      }
    }
    // Every call that the mod saw begin has ended, and the camera has nobody left who waits for it.
    await settleUntil(clock, () => engine.camera.waitingCount === 0);
    if (cannot?.callsOfOnesOwn === undefined) {
      expect(ended + engine.journal.calls("camera.streamFrames").length).toBeGreaterThanOrEqual(4 * count);
    }
    expect(openCallsOf(test.mod)).toBe(0);
  });
});

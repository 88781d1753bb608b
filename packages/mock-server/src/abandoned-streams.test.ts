import type { Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import type { MockMod } from "./create-mock-mod.js";
import { transports } from "./testing/transports.js";

/** Ways to leave a camera stream before its end. */
const departures: Readonly<Record<string, (camera: Resonite["camera"]) => Promise<void>>> = {
  "breaking off": async (camera) => {
    for await (const _ of camera.stream()) break;
  },
  "returning from the loop": async (camera) => {
    const takeOne = async (): Promise<bigint | undefined> => {
      for await (const { frameId } of camera.stream()) return frameId;
      return undefined;
    };
    await takeOne();
  },
  "throwing in the loop": async (camera) => {
    const fail = async (): Promise<void> => {
      for await (const _ of camera.stream()) throw new Error("enough");
    };
    await fail().catch(() => {});
  },
  "aborting before the first frame": async (camera) => {
    const aborting = new AbortController();
    const first = camera.stream({ signal: aborting.signal }).next();
    aborting.abort();
    await first.catch(() => {});
  },
  "aborting in the middle": async (camera) => {
    const aborting = new AbortController();
    const stream = camera.stream({ signal: aborting.signal });
    await stream.next();
    aborting.abort();
    await stream.next().catch(() => {});
  },
  "never starting": async (camera) => {
    camera.stream();
  },
};

const perDeparture = 1700;
const atATime = 50;

describe.each(transports)("10,000 streams over $name", ({ open }) => {
  it("leave no call open when they are abandoned, in whatever way", { timeout: 120_000 }, async () => {
    await using test = await open({ scenario: { display: { width: 16, height: 16 }, cameraFps: 1000, places: {} } });
    const { camera } = test.resonite;
    const { engine } = test.mod;
    let ended = 0;
    for (const leave of Object.values(departures)) {
      for (let count = 0; count < perDeparture; count += atATime) {
        await Promise.all(Array.from({ length: atATime }, () => leave(camera)));
        // Lets the mod keep up: calls count that it has yet to clear away.
        await engine.until(() => openCallsOf(test.mod) === 0);
        ended += engine.journal.calls("camera.streamFrames").length;
        engine.journal.clear();
      }
    }
    // Every call that the mod saw begin has ended, and the camera has nobody left who waits for it.
    await engine.until(() => engine.camera.waitingCount === 0);
    expect(ended + engine.journal.calls("camera.streamFrames").length).toBeGreaterThanOrEqual(4 * perDeparture);
    expect(openCallsOf(test.mod)).toBe(0);
  });
});

/** How many calls a mod answers on its socket, if it has one. */
function openCallsOf(mod: MockMod): number {
  return "openCalls" in mod && typeof mod.openCalls === "number" ? mod.openCalls : 0;
}

import { Code } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

const tickMs = 17;
const scenario = { display: { width: 16, height: 16 } };

describe.each(transports)("lifecycle over $name", ({ open }) => {
  it("asks the game to quit and does not wait for it", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    expect(await test.resonite.lifecycle.shutdown()).toEqual({ accepted: true });
    expect(test.mod.engine.journal.changes("quitScheduled")).toHaveLength(1);
    expect(test.mod.engine.journal.changes("teardown")).toEqual([]);
    await clock.advance(tickMs);
    expect(test.mod.engine.journal.changes("teardown")).not.toEqual([]);
  });

  it("is accepted from everybody who asks before the next tick, and quits once", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { lifecycle } = test.resonite;
    const answers = await Promise.all([lifecycle.shutdown(), lifecycle.shutdown()]);
    expect(answers).toEqual([{ accepted: true }, { accepted: true }]);
    expect(test.mod.engine.journal.changes("quitScheduled")).toHaveLength(1);
  });

  it("fails with Unavailable without a bridge and with Unknown when the bridge throws", async () => {
    await using test = await open({ scenario, faults: { absentBridges: ["lifecycle"] } });
    expect(await codeOf(test.resonite.lifecycle.shutdown())).toBe(Code.Unavailable);
    test.mod.faults.set({ absentBridges: [], throwingBridges: ["lifecycle"] });
    expect(await codeOf(test.resonite.lifecycle.shutdown())).toBe(Code.Unknown);
  });

  it("tells the process to wait for after shutting the game down", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    expect(await test.resonite.lifecycle.shutdownGame()).toBe(process.pid);
    expect(callsOf(test.mod)).toEqual(["info.getServerInfo", "lifecycle.shutdown"]);
  });

  it.each([
    ["is too old to tell about itself", { unimplemented: ["info.getServerInfo" as const] }],
    ["cannot tell about itself", { absentBridges: ["info" as const] }],
    ["does not answer", { cuts: [{ rpc: "info.getServerInfo" as const, afterMessages: 0 }] }],
  ])("asks nothing of a mod that %s", async (_, faults) => {
    await using test = await open({ scenario, faults });
    expect(await test.resonite.lifecycle.shutdownGame()).toBeUndefined();
    expect(callsOf(test.mod)).not.toContain("lifecycle.shutdown");
    expect(test.mod.engine.journal.changes("quitScheduled")).toEqual([]);
  });

  it.each([
    ["has no bridge", { absentBridges: ["lifecycle" as const] }],
    ["has a bridge that throws", { throwingBridges: ["lifecycle" as const] }],
    ["goes before it answers", { cuts: [{ rpc: "lifecycle.shutdown" as const, afterMessages: 0 }] }],
  ])("tells the process also when the shutdown %s", async (_, faults) => {
    await using test = await open({ scenario, faults });
    expect(await test.resonite.lifecycle.shutdownGame()).toBe(process.pid);
    expect(callsOf(test.mod)).toContain("lifecycle.shutdown");
  });

  it("fails only when the caller's own signal is aborted", async () => {
    await using test = await open({ scenario, faults: { hangs: ["lifecycle.shutdown"] } });
    const aborting = new AbortController();
    const quitting = codeOf(test.resonite.lifecycle.shutdownGame({ signal: aborting.signal }));
    await test.mod.engine.until(() => callsOf(test.mod).length === 1);
    await test.resonite.connection.ping();
    aborting.abort();
    expect(await quitting).toBe(Code.Canceled);
    expect(test.mod.engine.journal.changes("quitScheduled")).toEqual([]);
  });

  it("ends the camera's streams with FailedPrecondition and those of the speaker in good order", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: { ...scenario, cameraFps: 1 }, clock });
    await using frames = test.resonite.camera.stream();
    await using chunks = test.resonite.speaker.stream();
    await whileTimePasses(clock, frames.next());
    await whileTimePasses(clock, chunks.next());
    const picture = statusOf(
      (async () => {
        for await (const _ of frames);
      })(),
    );
    const rest = (async () => {
      for await (const _ of chunks);
    })();
    await test.resonite.lifecycle.shutdown();
    await clock.advance(tickMs);
    expect(await picture).toBe("FailedPrecondition: The camera is gone: the game is shutting down.");
    await rest;
    await test.mod.engine.until(({ journal }) => journal.calls("speaker.streamAudio").length === 1);
    expect(test.mod.engine.journal.calls("speaker.streamAudio")[0]?.status).toBe("ok");
  });

  it("lets go of the cursor on the way out", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    await whileTimePasses(clock, test.resonite.cursor.setPosition(0.25, 0.25));
    await test.resonite.lifecycle.shutdown();
    await clock.advance(tickMs);
    expect(test.mod.engine.cursor.isHeld).toBe(false);
  });
});

import { existsSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { services } from "@resoio/core";
import type { CameraFrame } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { AudioFrame } from "@resoio/core/gen/resonite_io/v1/speaker_pb";
import { describe, expect, it } from "vitest";
import { createMockMod } from "../create-mock-mod.js";
import { createVirtualClock } from "../engine/clock.js";
import { teardownStages } from "../engine/lifecycle.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { RawClient, statusOf } from "../testing/raw-client.js";
import { settleUntil } from "../testing/settle-until.js";

const { shutdown } = services.lifecycle.method;
const tickMs = 17;
const graceMs = 30_000;

function stagesOf({ engine }: OpenMod): readonly string[] {
  return engine.journal.changes("teardown").map(({ stage }) => stage);
}

/** Collects what a stream brings, and its status. */
function collect<T>(stream: AsyncIterable<T>): { readonly messages: T[]; readonly ended: Promise<void> } {
  const messages: T[] = [];
  const read = async (): Promise<void> => {
    for await (const message of stream) messages.push(message);
  };
  const ended = read();
  ended.catch(() => {});
  return { messages, ended };
}

describe("lifecycle", () => {
  it("accepts a shutdown and answers before anything of it happens", async () => {
    await using test = await openMod();
    expect(await test.raw.unary(shutdown, {})).toMatchObject({ accepted: true });
    expect(test.engine.journal.changes("quitScheduled")).toHaveLength(1);
    expect(stagesOf(test)).toEqual([]);
    expect(existsSync(test.mod.socketPath)).toBe(true);
  });

  it("accepts a second shutdown that comes before the tick, and ends once", async () => {
    await using test = await openMod();
    const answers = await Promise.all([test.raw.unary(shutdown, {}), test.raw.unary(shutdown, {})]);
    expect(answers.map(({ accepted }) => accepted)).toEqual([true, true]);
    await test.clock.advance(1000);
    expect(stagesOf(test)).toEqual(teardownStages);
  });

  it("does not accept a shutdown once it has begun", async () => {
    const clock = createVirtualClock();
    await using mod = createMockMod({ clock });
    const client = createClient(services.lifecycle, mod.transport());
    expect((await client.shutdown({})).accepted).toBe(true);
    await clock.advance(tickMs);
    expect((await client.shutdown({})).accepted).toBe(false);
  });

  it("tears down in order: camera, display, locomotion, microphone, speaker, cursor, host", async () => {
    await using test = await openMod();
    test.engine.cursor.hold({ x: 0.5, y: 0.5 });
    const heard: string[] = [];
    test.engine.lifecycle.onStage((stage) => heard.push(stage));
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);

    expect(stagesOf(test)).toEqual(["camera", "display", "locomotion", "microphone", "speaker", "cursor", "host"]);
    expect(heard).toEqual(stagesOf(test));
    const last = test.engine.journal.entries.flatMap((entry) => (entry.kind === "change" ? [entry.what] : []));
    // The hold goes between the speaker and the host.
    expect(last.slice(-4)).toEqual(["teardown", "cursorReleased", "teardown", "teardown"]);
    expect(test.engine.cursor.isHeld).toBe(false);
  });

  it("ends the camera's streams with FAILED_PRECONDITION", async () => {
    await using test = await openMod({ scenario: { display: { width: 64, height: 36 }, cameraFps: 1 } });
    const stream = collect<CameraFrame>(test.raw.serverStream(services.camera.method.streamFrames, {}));
    await settleUntil(test.clock, () => stream.messages.length === 1);
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);
    expect((await statusOf(stream.ended)).code).toBe("FAILED_PRECONDITION");
  });

  it("sends what the speaker has queued and ends its streams with OK", async () => {
    await using test = await openMod();
    await test.clock.advance(1000);
    await test.raw.unary(shutdown, {});
    const stream = collect<AudioFrame>(test.raw.serverStream(services.speaker.method.streamAudio, {}));
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    await test.clock.advance(tickMs);
    await stream.ended;
    expect(stream.messages.length).toBeGreaterThanOrEqual(32);
    expect(stream.messages.slice(0, 32).map(({ frameId }) => Number(frameId))).toEqual(
      Array.from({ length: 32 }, (_, id) => id),
    );
  });

  it("leaves Drive and the microphone open, without effect, until the host is gone", async () => {
    await using test = await openMod();
    const drive = test.raw.clientStream(services.locomotion.method.drive);
    const speak = test.raw.clientStream(services.microphone.method.streamAudio);
    drive.send({});
    speak.send({ samples: new Uint8Array(400) });
    await settleUntil(test.clock, () => test.engine.state.microphone.length === 100);
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);
    expect(test.engine.state.microphone.length).toBe(0);

    drive.send({ moveForward: 1 });
    drive.halfClose();
    speak.send({ samples: new Uint8Array(400) });
    expect(await drive.response).toMatchObject({ receivedCount: 2n });
    await test.clock.advance(graceMs / 2);
    expect(test.engine.state.locomotion.moveForward).toBe(0);
    expect(test.engine.state.microphone.length).toBe(0);
    expect(test.mod.openCalls).toBe(1);

    await test.clock.advance(graceMs / 2);
    expect((await statusOf(speak.response)).code).not.toBe("OK");
    await test.mod.closed;
    expect(test.mod.openCalls).toBe(0);
  });

  it("closes the server and removes the socket, and closing it again is fine", async () => {
    await using test = await openMod();
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);
    await test.mod.closed;
    expect(existsSync(test.mod.socketPath)).toBe(false);
    using late = new RawClient(test.mod.socketPath);
    expect((await statusOf(late.unary(shutdown, {}))).code).toBe("UNAVAILABLE");
    await test.mod.close();
    await test.mod.close();
  });

  it("stops time when the server is closed", async () => {
    await using test = await openMod();
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);
    await test.mod.closed;
    const { nextFrameId } = test.engine.state.speaker;
    await test.clock.advance(1000);
    expect(test.engine.state.speaker.nextFrameId).toBe(nextFrameId);
  });

  it("can be closed while it waits for calls that do not end", async () => {
    await using test = await openMod();
    const speak = test.raw.clientStream(services.microphone.method.streamAudio);
    speak.send({});
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);
    await test.mod.close();
    await test.mod.closed;
    expect((await statusOf(speak.response)).code).not.toBe("OK");
  });

  it("in process, ends what does not end by itself after the same time", async () => {
    const clock = createVirtualClock();
    await using mod = createMockMod({ clock, faults: { hangs: ["world.getCurrent"] } });
    const hanging = createClient(services.world, mod.transport()).getCurrent({});
    const failed = expect(hanging).rejects.toThrow("shutting down");
    const stream = collect(createClient(services.camera, mod.transport()).streamFrames({}));
    await settleUntil(clock, () => stream.messages.length > 0);
    await createClient(services.lifecycle, mod.transport()).shutdown({});
    await clock.advance(tickMs);
    await expect(stream.ended).rejects.toThrow(/failed_precondition/);
    await clock.advance(graceMs);
    await failed;
  });

  it("can be asked while the engine is starting", async () => {
    await using test = await openMod({ faults: { bootMs: 60_000 } });
    expect(await test.raw.unary(shutdown, {})).toMatchObject({ accepted: true });
    await test.clock.advance(tickMs);
    await test.mod.closed;
  });

  it("cannot be taken back by restoring an earlier state", async () => {
    await using test = await openMod();
    const before = test.engine.snapshot();
    await test.raw.unary(shutdown, {});
    await test.clock.advance(tickMs);
    test.engine.restore(before);
    expect(test.engine.lifecycle.quit()).toBe(false);
    await expect(test.engine.camera.capture(new AbortController().signal)).resolves.toBeDefined();
    await expect(test.engine.camera.capture(new AbortController().signal)).rejects.toThrow();
  });

  it("fails with UNAVAILABLE without its bridge and does nothing", async () => {
    await using test = await openMod({ faults: { absentBridges: ["lifecycle"] } });
    expect(await statusOf(test.raw.unary(shutdown, {}))).toEqual({
      code: "UNAVAILABLE",
      details: "Lifecycle bridge is not configured.",
    });
    await test.clock.advance(1000);
    expect(stagesOf(test)).toEqual([]);
  });

  it("fails with UNKNOWN, saying nothing of the cause, when its bridge throws", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["lifecycle"] } });
    expect(await statusOf(test.raw.unary(shutdown, {}))).toEqual({
      code: "UNKNOWN",
      details: "Exception was thrown by handler.",
    });
  });
});

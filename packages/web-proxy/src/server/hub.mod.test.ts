import { Code, ConnectError } from "@connectrpc/connect";
import { type CameraFrame, Resonite, rpcs } from "@resoio/core";
import { probeMethod } from "@resoio/core/internal";
import { createVirtualClock, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { hubClient, hubTransport } from "../testing/hub-client.js";
import { upstreams } from "../testing/hub-over-mod.js";
import { frameIdsOf, listen, picturesOf, watchFrames, watchPictures } from "../testing/watchers.js";
import { takeOverHeader } from "./drive-lease.js";
import { createHub, type Hub } from "./hub.js";
import type { ProxyClient } from "./proxy-client.js";
import { createUpstream } from "./upstream.js";

const left = new ConnectError("left", Code.Canceled);
const small = { cameraFps: 200, display: { width: 64, height: 36 } };

/** The next `count` frames of a stream. */
async function take(frames: AsyncIterable<CameraFrame>, count: number): Promise<readonly CameraFrame[]> {
  const taken: CameraFrame[] = [];
  for await (const frame of frames) if (taken.push(frame) === count) break;
  return taken;
}

async function codeOf(promise: Promise<unknown>): Promise<Code | "ok"> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

/** A transport that asks what the mod has by requests that nobody can read, as those over a network do. */
function probing(hub: Hub) {
  return Object.assign(hubTransport(hub), { open: async () => {} });
}

async function* silence(): AsyncGenerator<Float32Array> {
  yield new Float32Array(4_800);
  yield new Float32Array(4_800);
}

describe.each(upstreams)("a hub over $name", ({ open }) => {
  it("passes calls of every kind through", async () => {
    await using test = await open({ scenario: small });
    const resonite = new Resonite(hubTransport(test.hub));

    expect((await resonite.connection.ping("hello")).message).toBe("hello");
    expect((await resonite.world.listSessions()).sessions.length).toBeGreaterThan(0);
    expect(await codeOf(resonite.world.focus(4711))).toBe(Code.NotFound);
    const drive = resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    drive.send({ jump: true });
    expect((await drive.finish())?.receivedCount).toBeGreaterThan(0n);
    const said = await resonite.microphone.stream(silence());
    expect(said.receivedFrames).toBeGreaterThan(0n);
    expect(await take(resonite.camera.stream(), 2)).toMatchObject([{ width: 64 }, { width: 64 }]);
  });

  it("tells what the mod has, for each kind of call that it treats by itself", async () => {
    await using old = await open({
      faults: { unimplemented: ["camera.streamFrames", "speaker.streamAudio", "cursor.setPosition"] },
    });
    await using present = await open();

    for (const id of ["camera.streamFrames", "speaker.streamAudio", "cursor.setPosition"] as const) {
      expect(await probeMethod(probing(old.hub), rpcs[id].method)).toBe(false);
      expect(await probeMethod(probing(present.hub), rpcs[id].method)).toBe(true);
    }
    expect(old.hub.stats().sources.camera.upstreamCalls).toBe(0);
  });

  it("shows every frame to every client, from one call to the mod", async () => {
    await using test = await open({ scenario: small });
    const { hub, mod } = test;
    const watchers = Array.from({ length: 8 }, () => watchFrames(hub));

    for (const watcher of watchers) await watcher.until(() => watcher.messages.length >= 10);
    for (const { call } of watchers) call.cancel(left);

    // The mod alone gives each frame to one call, and numbers them for each.
    for (const watcher of watchers) expect(frameIdsOf(watcher).slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const [first, ...others] = watchers.map(({ messages }) => messages.slice(0, 10));
    for (const messages of others) expect(messages).toEqual(first);
    await mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length > 0);
    expect(mod.engine.journal.calls("camera.streamFrames")).toMatchObject([{ status: "Canceled" }]);
    expect(hub.stats().sources.camera).toMatchObject({ subscribers: 0, upstreamCalls: 1 });
  });

  it("serves raw frames and pictures of all kinds from one call", async () => {
    await using test = await open({ scenario: small });
    const { hub, mod } = test;
    const raw = watchFrames(hub);
    const pictures = [watchPictures(hub), watchPictures(hub, { maxWidth: 32 }), watchPictures(hub, { format: 3 })];

    await raw.until(() => raw.messages.length >= 5);
    for (const watcher of pictures) await watcher.until(() => watcher.messages.length >= 2);
    for (const { call } of [raw, ...pictures]) call.cancel(left);

    const [whole, smaller, pixels] = pictures.map((watcher) => picturesOf(watcher)[1]);
    expect(await sharp(whole?.data).metadata()).toMatchObject({ format: "jpeg", width: 64, height: 36 });
    expect(await sharp(smaller?.data).metadata()).toMatchObject({ format: "jpeg", width: 32, height: 18 });
    expect(pixels?.data).toHaveLength(64 * 36 * 4);
    await mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length > 0);
    expect(mod.engine.journal.calls("camera.streamFrames")).toHaveLength(1);
  });

  it("lets every client hear the same sound, from one call", async () => {
    await using test = await open();
    const { hub, mod } = test;
    const listeners = [listen(hub), listen(hub), listen(hub)];

    for (const listener of listeners) await listener.until(() => listener.messages.length >= 5);
    for (const { call } of listeners) call.cancel(left);

    const [first, ...others] = listeners.map(({ messages }) => messages.slice(0, 5));
    for (const other of others) expect(other).toEqual(first);
    await mod.engine.until(({ journal }) => journal.calls("speaker.streamAudio").length > 0);
    expect(mod.engine.journal.calls("speaker.streamAudio")).toHaveLength(1);
  });

  it("passes the mod's refusal on to all who watch, and calls again for the next one", async () => {
    await using test = await open({ scenario: small, faults: { absentBridges: ["camera"] } });
    const { hub, mod } = test;

    const watchers = [watchFrames(hub), watchFrames(hub), watchPictures(hub)];
    for (const watcher of watchers) expect((await watcher.ended()).code).toBe(Code.Unavailable);
    mod.faults.clear();
    const next = watchFrames(hub);

    await next.until(() => next.messages.length > 0);
    expect(hub.stats().sources.camera.upstreamCalls).toBe(2);
    next.call.cancel(left);
  });

  it("stops the avatar when its driver is gone", async () => {
    await using test = await open();
    const resonite = new Resonite(hubTransport(test.hub));
    const drive = resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    const { engine } = test.mod;
    await engine.until(({ state }) => state.locomotion.moveForward === 1);

    drive.abort();

    await engine.until(({ state }) => state.locomotion.moveForward === 0);
    expect(engine.journal.changes("driveEnded").map(({ reason }) => reason)).toEqual(["cancelled"]);
  });

  it("loses no command of who takes over", async () => {
    const clock = createVirtualClock();
    await using test = await open({ clock });
    const { engine } = test.mod;
    const driveAs = (client: ProxyClient, headers: HeadersInit = {}) =>
      new Resonite(hubTransport(test.hub, client)).locomotion.drive({ headers });
    const first = driveAs(hubClient());
    first.send({ moveForward: 1, yawRate: 30 });
    await engine.until(({ state }) => state.locomotion.moveForward === 1);

    const second = driveAs(hubClient(["control", "admin"]), { [takeOverHeader]: "true" });
    second.send({ moveRight: 0.5 });
    expect(await codeOf(first.summary)).toBe(Code.Aborted);
    expect(await second.finish()).toMatchObject({ receivedCount: 1n });
    await clock.advance(100);

    expect(engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 0, moveRight: 0.5, velocity: 1 });
  });

  it("ends what is open with the hub, also upstream", async () => {
    await using test = await open({ scenario: small });
    const { hub, mod } = test;
    const resonite = new Resonite(hubTransport(hub));
    const drive = resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    const stream = resonite.camera.stream();
    await stream.next();
    await mod.engine.until(({ state }) => state.locomotion.moveForward === 1);

    hub.close(new ConnectError("the proxy is stopping", Code.Unavailable));

    expect(await codeOf(drive.summary)).toBe(Code.Unavailable);
    expect(await codeOf(take(stream, 1_000))).toBe(Code.Unavailable);
    expect(await codeOf(resonite.connection.ping())).toBe(Code.Unavailable);
    await mod.engine.until(({ state }) => state.locomotion.moveForward === 0);
  });
});

describe("a hub whose mod is restarted", () => {
  it("tells every watcher, and shows the new mod to those who watch again", async () => {
    const before = await startMockServer({ scenario: small });
    await using transport = createUdsTransport({ socketPath: before.socketPath });
    const hub = createHub(createUpstream("default", transport));
    const watchers = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? watchFrames(hub) : watchPictures(hub),
    );
    for (const watcher of watchers) await watcher.until(() => watcher.messages.length > 0);

    await before.close();
    for (const watcher of watchers) expect((await watcher.ended()).code).toBe(Code.Unavailable);
    await using after = await startMockServer({ scenario: small, socketPath: before.socketPath });
    const again = [watchFrames(hub), watchPictures(hub)];

    for (const watcher of again) await watcher.until(() => watcher.messages.length > 0);
    expect(hub.stats().sources.camera).toMatchObject({ subscribers: 2, upstreamCalls: 2 });
    for (const { call } of again) call.cancel(left);
    await after.engine.until(({ journal }) => journal.calls("camera.streamFrames").length === 1);
  });
});

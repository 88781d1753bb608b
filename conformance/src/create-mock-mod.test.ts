import { Code, InvalidOptionsError } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { codeOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

describe.each(transports)("the simulated mod over $name", ({ open }) => {
  it("answers a ping with its clock", async () => {
    const clock = createVirtualClock();
    await using test = await open({ clock });
    expect(await test.resonite.connection.ping("hello")).toEqual({
      message: "hello",
      serverUnixNanos: clock.unixNanos(),
    });
  });

  it("says what the scenario says about itself", async () => {
    await using test = await open({ scenario: { info: { modVersion: "0.9.1", platform: "windows", isWine: true } } });
    expect(await test.resonite.info.getServerInfo()).toMatchObject({
      modVersion: "0.9.1",
      platform: "windows",
      isWine: true,
      resonitePid: process.pid,
    });
  });

  it("goes to a world that is joined, keeps the one before open, and comes back", async () => {
    await using test = await open({ scenario: { worldLoadMs: 0 } });
    const { world } = test.resonite;
    const home = await world.getCurrent();
    const { sessions } = await world.listSessions({ search: "gallery" });

    const joined = await world.join({ sessionId: sessions[0]?.sessionId ?? "" });
    expect(joined).toMatchObject({ name: "Gallery", sessionId: "S-gallery", focused: true });
    expect(await world.getCurrent()).toEqual(joined);
    expect((await world.listOpenWorlds()).map(({ name, focused }) => [name, focused])).toEqual([
      ["Home", false],
      ["Gallery", true],
    ]);

    await world.focus(home?.handle ?? 0);
    await world.leave(joined.handle);
    expect(await world.listOpenWorlds()).toEqual([home]);
    expect(await codeOf(world.leave(joined.handle))).toBe(Code.NotFound);
  });

  it("fails a join that is refused or leads nowhere, with the status of the cause", async () => {
    await using test = await open({ scenario: { worldLoadMs: 0 } });
    const { world } = test.resonite;
    expect(await codeOf(world.join({ sessionId: "S-broken-elevator" }))).toBe(Code.FailedPrecondition);
    expect(await codeOf(world.join({ sessionId: "S-nowhere" }))).toBe(Code.NotFound);
    expect(await codeOf(world.join({ sessionId: "S-unlisted-cave" }))).toBe(Code.NotFound);
    // @ts-expect-error A join needs a target.
    await expect(world.join({})).rejects.toBeInstanceOf(InvalidOptionsError);
  });

  it("gives up a world that loads for ever after 60 seconds", async () => {
    const clock = createVirtualClock();
    await using test = await open({ clock });
    const joining = codeOf(test.resonite.world.join({ sessionId: "S-endless-loading" }));
    await test.mod.engine.until(({ worlds }) => worlds.open.length === 2);
    await clock.advance(61_000);
    expect(await joining).toBe(Code.FailedPrecondition);
  });

  it("shows the room that the user is in, frame by frame", async () => {
    await using test = await open({ scenario: { display: { width: 320, height: 180 }, worldLoadMs: 0 } });
    const home = await test.resonite.camera.shot();
    expect([home.width, home.height, home.pixels.byteLength]).toEqual([320, 180, 320 * 180 * 4]);

    await test.resonite.world.join({ sessionId: "S-gallery" });
    const gallery = await test.resonite.camera.shot();
    expect(Buffer.compare(home.pixels, gallery.pixels)).not.toBe(0);
    expect(gallery.unixNanos).toBeGreaterThan(home.unixNanos);
    expect(Buffer.compare(gallery.pixels, (await test.resonite.camera.shot()).pixels)).toBe(0);
  });

  it("numbers the frames of each stream from 0 and stops drawing when the loop is left", async () => {
    await using test = await open({ scenario: { display: { width: 64, height: 36 }, cameraFps: 200 } });
    const ids: bigint[] = [];
    for await (const { frameId } of test.resonite.camera.stream({ mode: "every" })) {
      ids.push(frameId);
      if (ids.length === 3) break;
    }
    expect(ids).toEqual([0n, 1n, 2n]);
    await test.mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length === 1);
    expect(test.mod.engine.journal.calls("camera.streamFrames")[0]?.status).toBe("Canceled");
  });

  it("cancels a call when its signal is aborted, and the mod notices", async () => {
    await using test = await open({ clock: createVirtualClock() });
    const aborting = new AbortController();
    const joining = codeOf(test.resonite.world.join({ sessionId: "S-endless-loading", signal: aborting.signal }));
    await test.mod.engine.until(({ worlds }) => worlds.open.length === 2);
    aborting.abort();
    expect(await joining).toBe(Code.Canceled);
    await test.mod.engine.until(({ journal }) => journal.calls("world.join").length === 1);
    expect(test.mod.engine.journal.calls("world.join")[0]?.status).toBe("Canceled");
  });

  it("ends a call at its deadline", async () => {
    await using test = await open({ faults: { hangs: ["world.getCurrent"] } });
    expect(await codeOf(test.resonite.world.getCurrent({ timeoutMs: 20 }))).toBe(Code.DeadlineExceeded);
  });
});

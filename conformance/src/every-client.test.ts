import { Code, type Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { codeOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

/** A small picture without a cloud of its own, so that a test takes what it needs. */
const scenario = { display: { width: 160, height: 90, settleMs: 0 }, cameraFps: 120 };

describe.each(transports)("the clients over $name", ({ open }) => {
  it("auth: signs out and in again, and refuses a wrong password and a missing code", async () => {
    await using test = await open({ scenario });
    const { auth } = test.resonite;
    expect(await auth.status()).toMatchObject({ loggedIn: true, userName: "Robin" });
    expect((await auth.logout()).loggedIn).toBe(false);
    expect(await codeOf(auth.login("Robin", "wrong"))).toBe(Code.Unauthenticated);
    expect(await codeOf(auth.login("Tester", "battery staple"))).toBe(Code.FailedPrecondition);
    const tester = await auth.login("Tester", "battery staple", { totp: "123456" });
    expect(tester).toMatchObject({ loggedIn: true, userId: "U-tester" });
    expect(tester.sessionExpires).toBeInstanceOf(Date);
  });

  it("contact: finds, adds, accepts and removes", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    const names = async (): Promise<string[]> =>
      (await contact.listContacts()).contacts.map(({ username }) => username);
    expect(await names()).toEqual(["Alice", "Bob", "Carol"]);
    expect((await contact.acceptRequest("U-bob")).status).toBe("accepted");
    const [carla] = await contact.searchUsers("Carla", { exactMatch: true });
    expect((await contact.addContact(carla?.userId ?? "")).status).toBe("accepted");
    await contact.removeContact("U-alice");
    expect(await names()).toEqual(["Bob", "Carol", "Carla"]);
    expect(await contact.getContact("U-nobody")).toBeUndefined();
  });

  it("session: changes the world's settings and moderates", async () => {
    await using test = await open({
      scenario: { ...scenario, openWorlds: [{ name: "Hall", users: [{ userName: "Eve" }] }] },
    });
    const { session } = test.resonite;
    await session.applySettings({ worldName: "Great Hall", accessLevel: "contactsPlus", tags: [] });
    expect(await session.getSettings()).toMatchObject({
      worldName: "Great Hall",
      accessLevel: "contactsPlus",
      tags: [],
    });
    expect((await session.silenceUser({ userName: "Eve" })).isSilenced).toBe(true);
    expect((await session.setUserRole({ userId: "U-eve" }, "builder")).roleName).toBe("Builder");
    await session.kickUser({ userId: "U-eve" });
    expect((await session.listUsers()).map(({ userName }) => userName)).toEqual(["Robin"]);
    await session.respawnSelf();
  });

  it("inventory: keeps a tree and puts things into the room", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    await inventory.makeDir("/Inventory/New");
    await inventory.copy("/Inventory/Mirror", "/Inventory/New/Mirror");
    expect((await inventory.list("/Inventory/New")).entries.map(({ name, kind }) => [name, kind])).toEqual([
      ["Mirror", "object"],
    ]);
    expect(await codeOf(inventory.remove("/Inventory/New"))).toBe(Code.FailedPrecondition);
    const before = await test.resonite.camera.shot();
    expect((await inventory.spawn("/Inventory/New/Mirror")).spawnedSlotName).toBe("Mirror");
    expect(Buffer.compare((await test.resonite.camera.shot()).pixels, before.pixels)).not.toBe(0);
    expect((await inventory.fetchThumbnail("/Inventory/Mirror")).contentType).toBe("image/png");
  });

  it("dash: selects tabs and controls by what they are called", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    expect((await dash.open()).isOpen).toBe(true);
    expect(await dash.selectTab("worlds")).toMatchObject({ ok: true, found: true });
    expect(await dash.invokeByLabel("refre")).toMatchObject({ ok: true });
    await expect(dash.selectTab("Dash.Screens.")).rejects.toMatchObject({ code: "AMBIGUOUS_MATCH" });
    await expect(dash.selectTab("nowhere")).rejects.toMatchObject({ code: "NO_MATCH" });
  });

  it("context menu: opens a submenu and closes", async () => {
    await using test = await open({ scenario });
    const { contextMenu } = test.resonite;
    expect((await contextMenu.open()).items.map(({ label }) => label)).toContain("Locomotion");
    expect((await contextMenu.invokeByLabel("Locomotion")).items.map(({ label }) => label)).toEqual(["Walk", "Fly"]);
    expect((await contextMenu.close()).isOpen).toBe(false);
  });

  it("cursor, grabber, display: takes what the cursor points at", async () => {
    await using test = await open({ scenario });
    const { cursor, grabber, display, inventory, camera } = test.resonite;
    await inventory.spawn("/Inventory/Mirror");
    expect(await cursor.center()).toMatchObject({ held: true, window: { width: 160, height: 90 } });
    expect(await grabber.grab()).toMatchObject({ grabbed: true, state: { hand: "right", objectNames: ["Mirror"] } });
    expect((await grabber.click({ strength: 0.5 })).heldButtons).toEqual([]);
    expect((await grabber.release()).isHolding).toBe(false);
    await display.apply({ width: 200, height: 100 });
    await test.mod.engine.until((engine) => engine.display.width === 200);
    expect(await camera.shot()).toMatchObject({ width: 200, height: 100 });
  });

  it("locomotion: drives on after a finish, and stops after an abort", async () => {
    await using test = await open({ scenario });
    const forward = (): number => test.mod.engine.state.locomotion.moveForward;
    const drive = test.resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    expect((await drive.finish())?.receivedCount).toBe(1n);
    expect(forward()).toBe(1);

    const second = test.resonite.locomotion.drive();
    second.send({ yawRate: 10 });
    await test.mod.engine.until((engine) => engine.state.locomotion.yawRate === 10);
    second.abort();
    await test.mod.engine.until(() => forward() === 0);
    expect(test.mod.engine.journal.changes("driveEnded").map(({ reason }) => reason)).toEqual([
      "graceful",
      "cancelled",
    ]);
  });

  it("microphone and speaker: what is spoken is heard", async () => {
    await using test = await open({ scenario: { ...scenario, places: {} } });
    const { microphone, speaker } = test.resonite;
    async function* speech(): AsyncGenerator<Float32Array> {
      for (let chunk = 0; chunk < 10; chunk++) yield new Float32Array(1024).fill(0.5);
    }
    expect(await microphone.stream(speech())).toMatchObject({ receivedFrames: 10n, receivedSamples: 10_240n });
    for await (const { samples } of speaker.stream()) {
      if (samples.some((sample) => sample === 0.5)) break;
    }
  });

  it("lifecycle: shuts the game down and tells its process", async () => {
    await using test = await open({ scenario });
    const game: Resonite["lifecycle"] = test.resonite.lifecycle;
    expect(await game.shutdownGame()).toBe(process.pid);
    await test.mod.engine.until(({ journal }) => journal.changes("teardown").length > 0);
  });
});

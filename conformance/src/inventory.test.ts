import { Code, type InventoryClient, type InventoryEntryKind } from "@resoio/core";
import { createVirtualClock, type ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { type ConnectedMod, transports } from "./testing/transports.js";

const scenario = {
  display: { width: 16, height: 16 },
  inventory: [
    { name: "Avatars", children: [{ name: "Robot", children: [{ name: "Head" }] }] },
    {
      name: "MyAvatar",
      isPublic: true,
      assetUri: "resdb:///my-avatar.brson",
      modifiedUnixNanos: 1_700_000_000_123_456_700n,
    },
    { name: "My World", kind: "world", hasThumbnail: false },
    { name: "Shelf", kind: "link", assetUri: "resrec:///U-alice/Inventory/Shelf" },
    { name: "Broken", kind: "link", assetUri: "https://example.com/" },
    { name: "Oddity", kind: "unknown" },
  ],
  foreignInventories: { "U-alice": [{ name: "Shelf", children: [{ name: "Vase" }] }] },
} satisfies ScenarioInput;

async function namesIn({ resonite }: ConnectedMod, path: string): Promise<readonly string[]> {
  return (await resonite.inventory.list(path)).entries.map(({ name }) => name);
}

describe.each(transports)("inventory over $name", ({ open }) => {
  it("IS1 IC1 lists entries with all that is known of them", async () => {
    await using test = await open({ scenario });
    const { path, entries } = await test.resonite.inventory.list("/Inventory");
    expect(path).toBe("/Inventory");
    expect(entries).toHaveLength(6);
    expect(entries.find(({ name }) => name === "MyAvatar")).toEqual({
      name: "MyAvatar",
      path: "/Inventory/MyAvatar",
      kind: "object",
      recordId: expect.stringMatching(/^R-/),
      assetUri: "resdb:///my-avatar.brson",
      isPublic: true,
      lastModifiedUnixNanos: 1_700_000_000_123_456_700n,
    });
    expect(entries.find(({ name }) => name === "Avatars")).toMatchObject({
      path: "/Inventory/Avatars",
      kind: "directory",
      assetUri: "",
      isPublic: false,
    });
    expect(requestsOf(test.mod, "inventory.list")).toMatchObject([{ path: "/Inventory" }]);
  });

  it.each<[string, InventoryEntryKind]>([
    ["Avatars", "directory"],
    ["MyAvatar", "object"],
    ["My World", "world"],
    ["Shelf", "link"],
    ["Oddity", "unknown"],
  ])("tells that '%s' is of the kind '%s'", async (wanted, kind) => {
    await using test = await open({ scenario });
    const { entries } = await test.resonite.inventory.list("/Inventory");
    expect(entries.find(({ name }) => name === wanted)?.kind).toBe(kind);
  });

  it("IS21 sends paths as they are, and the mod answers with them as they were", async () => {
    await using test = await open({ scenario });
    const { path, entries } = await test.resonite.inventory.list("/Inventory//Avatars/");
    expect(path).toBe("/Inventory//Avatars/");
    expect(entries.map((entry) => entry.path)).toEqual(["/Inventory//Avatars//Robot"]);
    expect(requestsOf(test.mod, "inventory.list")).toMatchObject([{ path: "/Inventory//Avatars/" }]);
  });

  it("IE8 IS21 lists what a link leads to, under the link's path", async () => {
    await using test = await open({ scenario });
    const { entries } = await test.resonite.inventory.list("/Inventory/Shelf");
    expect(entries).toMatchObject([{ name: "Vase", path: "/Inventory/Shelf/Vase", kind: "object" }]);
  });

  it("IE2 IE3 keeps names of any script, with spaces", async () => {
    await using test = await open({ scenario });
    await test.resonite.inventory.makeDir("/Inventory/新しい 世界 & mehr");
    expect(await namesIn(test, "/Inventory")).toContain("新しい 世界 & mehr");
    expect(await namesIn(test, "/Inventory/新しい 世界 & mehr")).toEqual([]);
  });

  it("lists thousands of entries", async () => {
    const inventory = Array.from({ length: 3000 }, (_, index) => ({ name: `Item ${index}` }));
    await using test = await open({ scenario: { ...scenario, inventory } });
    expect(await namesIn(test, "/Inventory")).toEqual(inventory.map(({ name }) => name));
  });

  it.each([
    ["/Inventory/Nothing", "'/Inventory/Nothing' does not exist."],
    ["/Inventory/Avatars/Nothing/Deeper", "'/Inventory/Avatars/Nothing' does not exist."],
    ["/Inventory/MyAvatar", "'/Inventory/MyAvatar' is not a directory."],
    ["/Inventory/avatars", "'/Inventory/avatars' does not exist."],
    ["/Inventory/.", "'/Inventory/.' does not exist."],
    ["/Inventory/Broken", "The link target 'https://example.com/' is not supported."],
  ])("IS12 IS21 fails with NotFound to list %s", async (path, message) => {
    await using test = await open({ scenario });
    expect(await statusOf(test.resonite.inventory.list(path))).toBe(`NotFound: ${message}`);
  });

  it.each(["", "   ", "/", "Inventory", "/Other/Thing", "/inventory"])(
    "IS21 fails with InvalidArgument for the path '%s'",
    async (path) => {
      await using test = await open({ scenario });
      const { inventory } = test.resonite;
      const calls = [
        inventory.list(path),
        inventory.makeDir(path),
        inventory.copy(path, "/Inventory/X"),
        inventory.copy("/Inventory/MyAvatar", path),
        inventory.move(path, "/Inventory/X"),
        inventory.remove(path),
      ];
      expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => Code.InvalidArgument));
    },
  );

  it("IS2 IC2 IE1 creates a directory, which shows at once", async () => {
    await using test = await open({ scenario });
    const made = await test.resonite.inventory.makeDir("/Inventory/Avatars/New");
    expect(made).toEqual({ path: "/Inventory/Avatars/New", recordId: expect.stringMatching(/^R-/) });
    expect(await namesIn(test, "/Inventory/Avatars")).toEqual(["Robot", "New"]);
    const { entries } = await test.resonite.inventory.list("/Inventory/Avatars");
    expect(entries.find(({ name }) => name === "New")).toMatchObject({ kind: "directory", recordId: made.recordId });
  });

  it("IS3 fails with AlreadyExists to create what is there, of whatever kind", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    for (const name of ["Avatars", "MyAvatar", "Shelf"]) {
      expect(await codeOf(inventory.makeDir(`/Inventory/${name}`))).toBe(Code.AlreadyExists);
    }
    expect(await codeOf(inventory.makeDir("/Inventory"))).toBe(Code.InvalidArgument);
  });

  it("IS4 IC3 IE4 copies a directory with all that is in it, when told so", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { inventory } = test.resonite;
    const { path, recordId } = await inventory.copy("/Inventory/Avatars", "/Inventory/AvatarsCopy", {
      recursive: true,
    });
    expect(path).toBe("/Inventory/AvatarsCopy");
    expect(await namesIn(test, "/Inventory/AvatarsCopy/Robot")).toEqual(["Head"]);
    expect(await namesIn(test, "/Inventory/Avatars/Robot")).toEqual(["Head"]);
    const { entries } = await inventory.list("/Inventory");
    const [original, copy] = ["Avatars", "AvatarsCopy"].map((wanted) => entries.find(({ name }) => name === wanted));
    expect(copy).toMatchObject({ recordId, lastModifiedUnixNanos: clock.unixNanos() });
    expect(copy?.recordId).not.toBe(original?.recordId);
    expect(requestsOf(test.mod, "inventory.copy")).toMatchObject([
      { sourcePath: "/Inventory/Avatars", destinationPath: "/Inventory/AvatarsCopy", recursive: true },
    ]);
  });

  it("IS5 IS6 IC4 copies one entry without being told so, but no directory", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    await inventory.copy("/Inventory/MyAvatar", "/Inventory/Avatars/Mine");
    expect((await inventory.list("/Inventory/Avatars")).entries).toMatchObject([
      { name: "Robot" },
      { name: "Mine", kind: "object", isPublic: true, assetUri: "resdb:///my-avatar.brson" },
    ]);
    expect(await codeOf(inventory.copy("/Inventory/Avatars", "/Inventory/X"))).toBe(Code.FailedPrecondition);
    expect(requestsOf(test.mod, "inventory.copy")).toMatchObject([{ recursive: false }, { recursive: false }]);
  });

  it("copies a link as a link", async () => {
    await using test = await open({ scenario });
    await test.resonite.inventory.copy("/Inventory/Shelf", "/Inventory/Shelf 2");
    expect(await namesIn(test, "/Inventory/Shelf 2")).toEqual(["Vase"]);
    expect(await codeOf(test.resonite.inventory.copy("/Inventory/Shelf/Vase", "/Inventory/Vase"))).toBe(Code.NotFound);
  });

  it("IS7 IC5 IE5 moves a directory with all that is in it, which keeps its record", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    const before = (await inventory.list("/Inventory")).entries.find(({ name }) => name === "Avatars");
    expect(await inventory.move("/Inventory/Avatars", "/Inventory/Characters")).toEqual({
      path: "/Inventory/Characters",
      recordId: before?.recordId,
    });
    expect(await namesIn(test, "/Inventory/Characters/Robot")).toEqual(["Head"]);
    expect(await codeOf(inventory.list("/Inventory/Avatars"))).toBe(Code.NotFound);
    expect(requestsOf(test.mod, "inventory.move")).toMatchObject([
      { sourcePath: "/Inventory/Avatars", destinationPath: "/Inventory/Characters" },
    ]);
  });

  it("fails with NotFound to copy or move what is not there, and with InvalidArgument onto the root", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    expect(await codeOf(inventory.copy("/Inventory/None", "/Inventory/X"))).toBe(Code.NotFound);
    expect(await codeOf(inventory.move("/Inventory/None", "/Inventory/X"))).toBe(Code.NotFound);
    expect(await codeOf(inventory.copy("/Inventory/MyAvatar", "/Inventory"))).toBe(Code.InvalidArgument);
    expect(await codeOf(inventory.move("/Inventory/MyAvatar", "/Inventory/"))).toBe(Code.InvalidArgument);
  });

  it("IS8-IS10 IC6 IE9 removes an entry, and a directory when told so, once", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    const { entries } = await inventory.list("/Inventory");
    const [avatar] = entries.filter(({ name }) => name === "MyAvatar");
    expect(await inventory.remove("/Inventory/MyAvatar")).toEqual({
      path: "/Inventory/MyAvatar",
      recordId: avatar?.recordId,
    });
    expect(await codeOf(inventory.remove("/Inventory/MyAvatar"))).toBe(Code.NotFound);
    expect(await codeOf(inventory.remove("/Inventory/Avatars"))).toBe(Code.FailedPrecondition);
    expect(await namesIn(test, "/Inventory/Avatars")).toEqual(["Robot"]);
    await inventory.remove("/Inventory/Avatars", { recursive: true });
    expect(await namesIn(test, "/Inventory")).not.toContain("Avatars");
    expect(requestsOf(test.mod, "inventory.remove")).toMatchObject([{ recursive: false }, {}, {}, { recursive: true }]);
  });

  it("removes a link and not what it leads to", async () => {
    await using test = await open({ scenario });
    await test.resonite.inventory.copy("/Inventory/Shelf", "/Inventory/Again");
    await test.resonite.inventory.remove("/Inventory/Shelf");
    expect(await namesIn(test, "/Inventory/Again")).toEqual(["Vase"]);
  });

  it("IS11 IC7 IE6 spawns an object into the focused world, another one with each call", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    const spawned = await inventory.spawn("/Inventory/MyAvatar");
    expect(spawned).toEqual({
      sourcePath: "/Inventory/MyAvatar",
      spawnedSlotId: expect.stringMatching(/^ID[0-9A-F]+$/),
      spawnedSlotName: "MyAvatar",
    });
    const again = await inventory.spawn("Inventory/Shelf/Vase");
    expect(again).toMatchObject({ sourcePath: "Inventory/Shelf/Vase", spawnedSlotName: "Vase" });
    expect(again.spawnedSlotId).not.toBe(spawned.spawnedSlotId);
    expect(test.mod.engine.worlds.focused?.objects.map(({ slotId }) => slotId)).toEqual(
      expect.arrayContaining([spawned.spawnedSlotId, again.spawnedSlotId]),
    );
  });

  it("fails to spawn what is not there, what is no object, and where it is not allowed", async () => {
    const openWorlds = [{ name: "Museum", permissions: { spawn: false } }];
    await using test = await open({ scenario });
    const { inventory, world } = test.resonite;
    expect(await codeOf(inventory.spawn("/Inventory/None"))).toBe(Code.NotFound);
    expect(await codeOf(inventory.spawn("/Inventory"))).toBe(Code.NotFound);
    expect(await codeOf(inventory.spawn("/Inventory/Avatars"))).toBe(Code.Internal);
    await world.leave(1);
    expect(await codeOf(inventory.spawn("/Inventory/MyAvatar"))).toBe(Code.FailedPrecondition);
    await using museum = await open({ scenario: { ...scenario, openWorlds } });
    expect(await codeOf(museum.resonite.inventory.spawn("/Inventory/MyAvatar"))).toBe(Code.FailedPrecondition);
  });

  it("IS16 IC8 IE7 downloads a thumbnail", async () => {
    await using test = await open({ scenario });
    const { data, contentType } = await test.resonite.inventory.fetchThumbnail("/Inventory/MyAvatar");
    expect(contentType).toBe("image/png");
    expect(Buffer.compare(data, test.mod.engine.inventory.fetchThumbnail("/Inventory/MyAvatar").data)).toBe(0);
    expect(requestsOf(test.mod, "inventory.fetchThumbnail")).toMatchObject([{ path: "/Inventory/MyAvatar" }]);
  });

  it("IS17-IS19 fails to download a thumbnail without a path, of nothing, and of what has none", async () => {
    await using test = await open({ scenario });
    const { inventory } = test.resonite;
    for (const path of ["", "   "]) expect(await codeOf(inventory.fetchThumbnail(path))).toBe(Code.InvalidArgument);
    expect(await codeOf(inventory.fetchThumbnail("/Inventory/None"))).toBe(Code.NotFound);
    expect(await codeOf(inventory.fetchThumbnail("/Inventory/My World"))).toBe(Code.NotFound);
    test.mod.faults.set({ absentBridges: ["inventory"] });
    expect(await codeOf(inventory.fetchThumbnail("  "))).toBe(Code.InvalidArgument);
    expect(await codeOf(inventory.fetchThumbnail("/Inventory/MyAvatar"))).toBe(Code.Unavailable);
  });

  const calls: readonly [string, (inventory: InventoryClient) => Promise<unknown>][] = [
    ["list", (inventory) => inventory.list("/Inventory")],
    ["makeDir", (inventory) => inventory.makeDir("/Inventory/New")],
    ["copy", (inventory) => inventory.copy("/Inventory/MyAvatar", "/Inventory/Copy")],
    ["move", (inventory) => inventory.move("/Inventory/MyAvatar", "/Inventory/Moved")],
    ["remove", (inventory) => inventory.remove("/Inventory/MyAvatar")],
    ["spawn", (inventory) => inventory.spawn("/Inventory/MyAvatar")],
    ["fetchThumbnail", (inventory) => inventory.fetchThumbnail("/Inventory/MyAvatar")],
  ];

  it.each(calls)("IS13 cannot %s while nobody is signed in", async (_, call) => {
    await using test = await open({ scenario: { ...scenario, signedInAs: "" } });
    expect(await statusOf(call(test.resonite.inventory))).toBe("FailedPrecondition: Nobody is signed in.");
  });

  it.each(calls)("IS14 cannot %s while the cloud cannot be reached, and can again after that", async (_, call) => {
    await using test = await open({ scenario });
    test.mod.engine.inventory.setCloudReachable(false);
    expect(await statusOf(call(test.resonite.inventory))).toBe("Unavailable: The cloud cannot be reached.");
    test.mod.engine.inventory.setCloudReachable(true);
    expect(await statusOf(call(test.resonite.inventory))).toBe("ok");
  });
});

import { services } from "@resoio/core";
import { InventoryEntryKind } from "@resoio/core/gen/resonite_io/v1/inventory_pb";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { list, makeDir, copy, move, remove, spawn, fetchThumbnail } = services.inventory.method;

const seeded = {
  inventory: [
    { name: "Avatars", children: [{ name: "Robot", object: { shape: "pillar", size: { x: 0.5, y: 1.8, z: 0.5 } } }] },
    {
      name: "MyAvatar",
      isPublic: true,
      modifiedUnixNanos: 1_700_000_000_000_000_000n,
      assetUri: "resrec:///U-test/R-myavatar",
    },
  ],
} as const satisfies ScenarioInput;

const openSeeded = (scenario: ScenarioInput = {}): Promise<OpenMod> =>
  openMod({ scenario: { ...seeded, ...scenario } });

async function namesIn({ raw }: OpenMod, path: string): Promise<string[]> {
  const { entries } = await raw.unary(list, { path });
  return entries.map(({ name }) => name).toSorted();
}

describe("inventory listing", () => {
  it("IS1 lists the root with the kind, record, asset, visibility and time of each entry", async () => {
    await using test = await openSeeded();
    const { path, entries } = await test.raw.unary(list, { path: "/Inventory" });
    expect(path).toBe("/Inventory");
    expect(entries).toHaveLength(2);
    const [avatars, mine] = entries;
    expect(avatars).toMatchObject({
      name: "Avatars",
      path: "/Inventory/Avatars",
      kind: InventoryEntryKind.DIRECTORY,
      assetUri: "",
      isPublic: false,
    });
    expect(mine).toMatchObject({
      name: "MyAvatar",
      path: "/Inventory/MyAvatar",
      kind: InventoryEntryKind.OBJECT,
      assetUri: "resrec:///U-test/R-myavatar",
      isPublic: true,
      lastModifiedUnixNanos: 1_700_000_000_000_000_000n,
    });
    expect(mine?.recordId).not.toBe("");
    expect(mine?.recordId).not.toBe(avatars?.recordId);
  });

  it.each([
    ["directory", InventoryEntryKind.DIRECTORY],
    ["object", InventoryEntryKind.OBJECT],
    ["world", InventoryEntryKind.WORLD],
    ["link", InventoryEntryKind.LINK],
    ["unknown", InventoryEntryKind.UNKNOWN],
  ] as const)("tells the kind %s", async (kind, wire) => {
    await using test = await openMod({ scenario: { inventory: [{ name: "Thing", kind }] } });
    expect((await test.raw.unary(list, { path: "/Inventory" })).entries[0]?.kind).toBe(wire);
  });

  it("lists an empty directory as empty, and so an empty inventory", async () => {
    await using test = await openMod({ scenario: { inventory: [{ name: "Empty", children: [] }] } });
    expect(await namesIn(test, "/Inventory/Empty")).toEqual([]);
    await test.raw.unary(remove, { path: "/Inventory/Empty", recursive: true });
    expect(await namesIn(test, "/Inventory")).toEqual([]);
  });

  it.each([
    "/Inventory/Nope",
    "/Inventory/Avatars/Nope",
    "/Inventory/avatars",
    "/Inventory/Nope/Robot",
    "/Inventory/.",
  ])("IS12 does not find %s", async (path) => {
    await using test = await openSeeded();
    expect((await statusOf(test.raw.unary(list, { path }))).code).toBe("NOT_FOUND");
  });

  it("IS21 does not list an object", async () => {
    await using test = await openSeeded();
    expect((await statusOf(test.raw.unary(list, { path: "/Inventory/MyAvatar" }))).code).toBe("NOT_FOUND");
  });

  it("IS14 answers UNAVAILABLE while the cloud cannot be reached", async () => {
    await using test = await openSeeded();
    test.engine.inventory.setCloudReachable(false);
    const path = "/Inventory/Avatars";
    const calls = [
      test.raw.unary(list, { path: "/Inventory" }),
      test.raw.unary(makeDir, { path: "/Inventory/New" }),
      test.raw.unary(copy, { sourcePath: path, destinationPath: "/Inventory/B", recursive: true }),
      test.raw.unary(move, { sourcePath: path, destinationPath: "/Inventory/B" }),
      test.raw.unary(remove, { path, recursive: true }),
      test.raw.unary(spawn, { path: "/Inventory/MyAvatar" }),
      test.raw.unary(fetchThumbnail, { path: "/Inventory/MyAvatar" }),
    ];
    for (const call of calls) expect((await statusOf(call)).code).toBe("UNAVAILABLE");
    test.engine.inventory.setCloudReachable(true);
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
  });

  it("IS15 IS19 answers UNAVAILABLE without a bridge", async () => {
    await using test = await openMod({ faults: { absentBridges: ["inventory"] } });
    const path = "/Inventory/Mirror";
    expect((await statusOf(test.raw.unary(list, { path: "/Inventory" }))).code).toBe("UNAVAILABLE");
    expect((await statusOf(test.raw.unary(fetchThumbnail, { path }))).code).toBe("UNAVAILABLE");
  });

  it("IS20 shows what was created right afterwards", async () => {
    await using test = await openSeeded();
    expect(await namesIn(test, "/Inventory")).toContain("Avatars");
    await test.raw.unary(makeDir, { path: "/Inventory/Fresh" });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "Fresh", "MyAvatar"]);
  });

  it("answers INTERNAL when the bridge throws", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["inventory"] } });
    expect((await statusOf(test.raw.unary(list, { path: "/Inventory" }))).code).toBe("INTERNAL");
  });
});

describe("inventory paths", () => {
  it.each(["Inventory", "Inventory/Avatars", "/", "//", "/inventory", "/Other/Avatars", "", "   ", "\\Inventory"])(
    "IS21 refuses the path '%s'",
    async (path) => {
      await using test = await openSeeded();
      const good = "/Inventory/Good";
      const calls = [
        test.raw.unary(list, { path }),
        test.raw.unary(makeDir, { path }),
        test.raw.unary(copy, { sourcePath: path, destinationPath: good }),
        test.raw.unary(copy, { sourcePath: "/Inventory/MyAvatar", destinationPath: path }),
        test.raw.unary(move, { sourcePath: path, destinationPath: good }),
        test.raw.unary(move, { sourcePath: "/Inventory/MyAvatar", destinationPath: path }),
        test.raw.unary(remove, { path }),
      ];
      for (const call of calls) expect((await statusOf(call)).code).toBe("INVALID_ARGUMENT");
      expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
    },
  );

  it("IS21 refuses to create, copy to or move to the root", async () => {
    await using test = await openSeeded();
    const calls = [
      test.raw.unary(makeDir, { path: "/Inventory" }),
      test.raw.unary(copy, { sourcePath: "/Inventory/MyAvatar", destinationPath: "/Inventory/" }),
      test.raw.unary(move, { sourcePath: "/Inventory/MyAvatar", destinationPath: "//Inventory" }),
    ];
    for (const call of calls) expect((await statusOf(call)).code).toBe("INVALID_ARGUMENT");
  });

  it("does not find the root as a thing to copy, move, remove, spawn or look at", async () => {
    await using test = await openSeeded();
    const calls = [
      test.raw.unary(copy, { sourcePath: "/Inventory", destinationPath: "/Inventory/B", recursive: true }),
      test.raw.unary(move, { sourcePath: "/Inventory", destinationPath: "/Inventory/B" }),
      test.raw.unary(remove, { path: "/Inventory", recursive: true }),
      test.raw.unary(spawn, { path: "/Inventory" }),
      test.raw.unary(fetchThumbnail, { path: "Inventory" }),
    ];
    for (const call of calls) expect((await statusOf(call)).code).toBe("NOT_FOUND");
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
  });

  it.each([
    ["/Inventory/Avatars/", "/Inventory/Avatars//Robot"],
    ["//Inventory///Avatars", "//Inventory///Avatars/Robot"],
    ["/Inventory\\Avatars", "/Inventory\\Avatars/Robot"],
  ])("IS21 takes %s for the directory and repeats it as written", async (path, robotPath) => {
    await using test = await openSeeded();
    const listing = await test.raw.unary(list, { path });
    expect(listing.path).toBe(path);
    expect(listing.entries.map((entry) => entry.path)).toEqual([robotPath]);
  });

  it("repeats the written path in the answers to changes", async () => {
    await using test = await openSeeded();
    expect((await test.raw.unary(makeDir, { path: "/Inventory//New/" })).path).toBe("/Inventory//New/");
    const copied = await test.raw.unary(copy, {
      sourcePath: "/Inventory/MyAvatar/",
      destinationPath: "/Inventory/New//Mine",
    });
    expect(copied.path).toBe("/Inventory/New//Mine");
    expect(await namesIn(test, "/Inventory/New")).toEqual(["Mine"]);
  });

  it("lets Spawn and FetchThumbnail do without the leading slash", async () => {
    await using test = await openSeeded();
    expect((await test.raw.unary(spawn, { path: "Inventory/Avatars/Robot" })).sourcePath).toBe(
      "Inventory/Avatars/Robot",
    );
    expect((await test.raw.unary(fetchThumbnail, { path: "Inventory\\MyAvatar" })).contentType).toBe("image/png");
    for (const path of ["Avatars/Robot", "/", "inventory/MyAvatar"]) {
      expect((await statusOf(test.raw.unary(spawn, { path }))).code).toBe("INVALID_ARGUMENT");
      expect((await statusOf(test.raw.unary(fetchThumbnail, { path }))).code).toBe("INVALID_ARGUMENT");
    }
  });
});

describe("inventory sign-in", () => {
  it("IS13 IS21 answers FAILED_PRECONDITION while nobody is signed in", async () => {
    await using test = await openSeeded({ signedInAs: "" });
    const path = "/Inventory/MyAvatar";
    const calls = [
      test.raw.unary(list, { path: "/Inventory" }),
      test.raw.unary(makeDir, { path: "/Inventory/New" }),
      test.raw.unary(copy, { sourcePath: path, destinationPath: "/Inventory/B" }),
      test.raw.unary(move, { sourcePath: path, destinationPath: "/Inventory/B" }),
      test.raw.unary(remove, { path }),
      test.raw.unary(spawn, { path }),
      test.raw.unary(fetchThumbnail, { path }),
    ];
    for (const call of calls) {
      expect(await statusOf(call)).toEqual({ code: "FAILED_PRECONDITION", details: "Nobody is signed in." });
    }
  });

  it("IS13 answers FAILED_PRECONDITION while the engine starts", async () => {
    await using test = await openMod({ scenario: seeded, faults: { bootMs: 1000 } });
    const make = () => test.raw.unary(makeDir, { path: "/Inventory/New" });
    expect((await statusOf(make())).code).toBe("FAILED_PRECONDITION");
    await test.clock.advance(1000);
    expect((await make()).path).toBe("/Inventory/New");
  });

  it("looks at path and sign-in in the order of the mod", async () => {
    await using test = await openSeeded({ signedInAs: "" });
    const path = "/Nowhere";
    for (const call of [test.raw.unary(list, { path }), test.raw.unary(spawn, { path })]) {
      expect((await statusOf(call)).code).toBe("INVALID_ARGUMENT");
    }
    for (const call of [test.raw.unary(makeDir, { path }), test.raw.unary(remove, { path })]) {
      expect((await statusOf(call)).code).toBe("FAILED_PRECONDITION");
    }
  });

  it("shows each account its own inventory", async () => {
    await using test = await openSeeded({
      signedInAs: "U-tester",
      foreignInventories: { "U-robin": [{ name: "Robin's" }] },
    });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
    test.engine.state.auth.user = { userId: "U-robin", userName: "Robin" };
    expect(await namesIn(test, "/Inventory")).toEqual(["Robin's"]);
    test.engine.state.auth.user = { userId: "U-nobody", userName: "Nobody" };
    expect(await namesIn(test, "/Inventory")).toEqual([]);
  });
});

describe("inventory changes", () => {
  it("IS2 creates a directory", async () => {
    await using test = await openSeeded();
    const made = await test.raw.unary(makeDir, { path: "/Inventory/NewFolder" });
    expect(made.path).toBe("/Inventory/NewFolder");
    expect(made.recordId).not.toBe("");
    const { entries } = await test.raw.unary(list, { path: "/Inventory" });
    expect(entries.find(({ name }) => name === "NewFolder")).toMatchObject({
      kind: InventoryEntryKind.DIRECTORY,
      recordId: made.recordId,
      lastModifiedUnixNanos: test.clock.unixNanos(),
    });
    expect(await namesIn(test, "/Inventory/NewFolder")).toEqual([]);
  });

  it.each(["/Inventory/Avatars", "/Inventory/MyAvatar", "/Inventory/Avatars/Robot"])(
    "IS3 does not create %s again",
    async (path) => {
      await using test = await openSeeded();
      expect((await statusOf(test.raw.unary(makeDir, { path }))).code).toBe("ALREADY_EXISTS");
    },
  );

  it.each(["/Inventory/Nope/New", "/Inventory/MyAvatar/New"])(
    "does not create %s without a directory for it",
    async (path) => {
      await using test = await openSeeded();
      expect((await statusOf(test.raw.unary(makeDir, { path }))).code).toBe("NOT_FOUND");
      await test.raw.unary(makeDir, { path: "/Inventory/Avatars/New" });
      expect(await namesIn(test, "/Inventory/Avatars")).toEqual(["New", "Robot"]);
    },
  );

  it("IS4 copies a directory with all in it", async () => {
    await using test = await openSeeded();
    await test.clock.advance(5000);
    const before = await test.raw.unary(list, { path: "/Inventory/Avatars" });
    const copied = await test.raw.unary(copy, {
      sourcePath: "/Inventory/Avatars",
      destinationPath: "/Inventory/AvatarsCopy",
      recursive: true,
    });
    expect(copied.path).toBe("/Inventory/AvatarsCopy");
    const { entries } = await test.raw.unary(list, { path: "/Inventory/AvatarsCopy" });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      name: "Robot",
      assetUri: before.entries[0]?.assetUri,
      lastModifiedUnixNanos: test.clock.unixNanos(),
    });
    expect(entries[0]?.recordId).not.toBe(before.entries[0]?.recordId);
    const root = await test.raw.unary(list, { path: "/Inventory" });
    expect(root.entries.find(({ name }) => name === "AvatarsCopy")?.recordId).toBe(copied.recordId);
    expect((await test.raw.unary(list, { path: "/Inventory/Avatars" })).entries).toEqual(before.entries);
  });

  it("IS5 copies an object without the flag and keeps what it is", async () => {
    await using test = await openSeeded();
    const copied = await test.raw.unary(copy, {
      sourcePath: "/Inventory/MyAvatar",
      destinationPath: "/Inventory/Avatars/Mine",
    });
    expect(copied.path).toBe("/Inventory/Avatars/Mine");
    const { entries } = await test.raw.unary(list, { path: "/Inventory/Avatars" });
    expect(entries.find(({ name }) => name === "Mine")).toMatchObject({
      kind: InventoryEntryKind.OBJECT,
      recordId: copied.recordId,
      assetUri: "resrec:///U-test/R-myavatar",
      isPublic: true,
      lastModifiedUnixNanos: test.clock.unixNanos(),
    });
  });

  it("IS6 does not copy a directory without the flag, and leaves nothing behind", async () => {
    await using test = await openSeeded();
    const call = test.raw.unary(copy, { sourcePath: "/Inventory/Avatars", destinationPath: "/Inventory/B" });
    expect((await statusOf(call)).code).toBe("FAILED_PRECONDITION");
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
  });

  it("IS7 moves a directory with all in it, without a flag, under the same record ids", async () => {
    await using test = await openSeeded();
    const [robot] = (await test.raw.unary(list, { path: "/Inventory/Avatars" })).entries;
    await test.clock.advance(1000);
    const request = { sourcePath: "/Inventory/Avatars", destinationPath: "/Inventory/Characters" };
    const moved = await test.raw.unary(move, request);
    expect(moved.path).toBe("/Inventory/Characters");
    expect(await namesIn(test, "/Inventory")).toEqual(["Characters", "MyAvatar"]);
    expect((await statusOf(test.raw.unary(list, { path: "/Inventory/Avatars" }))).code).toBe("NOT_FOUND");
    const { entries } = await test.raw.unary(list, { path: "/Inventory/Characters" });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      name: "Robot",
      recordId: robot?.recordId,
      lastModifiedUnixNanos: test.clock.unixNanos(),
    });
    expect((await statusOf(test.raw.unary(move, request))).code).toBe("NOT_FOUND");
  });

  it("takes the destination for the full path and checks nothing there", async () => {
    await using test = await openSeeded();
    const sourcePath = "/Inventory/MyAvatar";
    await test.raw.unary(copy, { sourcePath, destinationPath: "/Inventory/Avatars" });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "Avatars", "MyAvatar"]);
    expect(await namesIn(test, "/Inventory/Avatars")).toEqual(["Robot"]);
    await test.raw.unary(move, { sourcePath, destinationPath: "/Inventory/Later/Mine" });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "Avatars"]);
    await test.raw.unary(makeDir, { path: "/Inventory/Later" });
    expect(await namesIn(test, "/Inventory/Later")).toEqual(["Mine"]);
  });

  it("survives a directory that goes into itself", async () => {
    await using test = await openSeeded();
    const sourcePath = "/Inventory/Avatars";
    await test.raw.unary(copy, { sourcePath, destinationPath: "/Inventory/Avatars/Inner", recursive: true });
    expect(await namesIn(test, "/Inventory/Avatars")).toEqual(["Inner", "Robot"]);
    expect(await namesIn(test, "/Inventory/Avatars/Inner")).toEqual(["Robot"]);
    await test.raw.unary(move, { sourcePath, destinationPath: "/Inventory/Avatars/Lost" });
    expect(await namesIn(test, "/Inventory")).toEqual(["MyAvatar"]);
  });

  it("looks for the source before it looks at a root as destination", async () => {
    await using test = await openSeeded();
    const request = { sourcePath: "/Inventory/Nope", destinationPath: "/Inventory" };
    expect((await statusOf(test.raw.unary(copy, request))).code).toBe("NOT_FOUND");
    expect((await statusOf(test.raw.unary(move, request))).code).toBe("NOT_FOUND");
  });

  it("IS8 removes an object, once", async () => {
    await using test = await openSeeded();
    const [, mine] = (await test.raw.unary(list, { path: "/Inventory" })).entries;
    const removed = await test.raw.unary(remove, { path: "/Inventory/MyAvatar" });
    expect(removed).toMatchObject({ path: "/Inventory/MyAvatar", recordId: mine?.recordId });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars"]);
    expect((await statusOf(test.raw.unary(remove, { path: "/Inventory/MyAvatar" }))).code).toBe("NOT_FOUND");
  });

  it("IS9 does not remove a directory without the flag, not even an empty one", async () => {
    await using test = await openSeeded();
    await test.raw.unary(makeDir, { path: "/Inventory/Empty" });
    for (const path of ["/Inventory/Avatars", "/Inventory/Empty"]) {
      expect((await statusOf(test.raw.unary(remove, { path }))).code).toBe("FAILED_PRECONDITION");
    }
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "Empty", "MyAvatar"]);
    expect(await namesIn(test, "/Inventory/Avatars")).toEqual(["Robot"]);
  });

  it("IS10 removes a directory with all in it", async () => {
    await using test = await openSeeded();
    await test.raw.unary(remove, { path: "/Inventory/Avatars", recursive: true });
    expect(await namesIn(test, "/Inventory")).toEqual(["MyAvatar"]);
    await test.raw.unary(makeDir, { path: "/Inventory/Avatars" });
    expect(await namesIn(test, "/Inventory/Avatars")).toEqual([]);
  });

  it("IE1 IE2 IE3 IE4 IE5 IE9 works like a file system", async () => {
    await using test = await openSeeded();
    const { raw } = test;
    await raw.unary(makeDir, { path: "/Inventory/My töols" });
    await raw.unary(makeDir, { path: "/Inventory/My töols/Inner" });
    await raw.unary(copy, { sourcePath: "/Inventory/MyAvatar", destinationPath: "/Inventory/My töols/Inner/Me" });
    await raw.unary(copy, { sourcePath: "/Inventory/My töols", destinationPath: "/Inventory/B", recursive: true });
    expect(await namesIn(test, "/Inventory/B/Inner")).toEqual(["Me"]);
    await raw.unary(move, { sourcePath: "/Inventory/B", destinationPath: "/Inventory/C" });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "C", "My töols", "MyAvatar"]);
    for (const path of ["/Inventory/C", "/Inventory/My töols"]) await raw.unary(remove, { path, recursive: true });
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
    expect((await statusOf(raw.unary(remove, { path: "/Inventory/C", recursive: true }))).code).toBe("NOT_FOUND");
  });

  it("gives the same record ids in every run", async () => {
    const ids = async (): Promise<string[]> => {
      await using test = await openSeeded();
      const { recordId } = await test.raw.unary(makeDir, { path: "/Inventory/New" });
      return [recordId, ...(await test.raw.unary(list, { path: "/Inventory" })).entries.map((entry) => entry.recordId)];
    };
    expect(await ids()).toEqual(await ids());
  });
});

describe("inventory links", () => {
  const linked = {
    inventory: [
      { name: "Shelf", kind: "link", assetUri: "resrec:///U-alice/Inventory/My%20Shelf" },
      { name: "All", kind: "link", assetUri: "resrec:///U-alice/Inventory" },
      { name: "Gone", kind: "link", assetUri: "resrec:///U-nobody/Inventory/Gone" },
      { name: "ByRecord", kind: "link", assetUri: "resrec:///U-alice/R-1234" },
      { name: "Web", kind: "link", assetUri: "https://example.com/Inventory/Shelf" },
      { name: "Broken", kind: "link", assetUri: "resrec:///U-alice/Inventory/%E0%A4%A" },
    ],
    foreignInventories: {
      "U-alice": [
        { name: "My Shelf", children: [{ name: "Vase", object: { shape: "ball" } }] },
        { name: "Mirrors", kind: "link", assetUri: "resrec:///U-alice/Inventory/My Shelf" },
      ],
    },
  } as const satisfies ScenarioInput;

  it("IS21 IE8 lists through a link under the link's own path", async () => {
    await using test = await openMod({ scenario: linked });
    const { entries } = await test.raw.unary(list, { path: "/Inventory/Shelf" });
    expect(entries.map(({ path }) => path)).toEqual(["/Inventory/Shelf/Vase"]);
    const chained = await test.raw.unary(list, { path: "/Inventory/All/Mirrors" });
    expect(chained.entries.map(({ path }) => path)).toEqual(["/Inventory/All/Mirrors/Vase"]);
  });

  it("shows nothing behind a link that leads nowhere", async () => {
    await using test = await openMod({ scenario: linked });
    expect(await namesIn(test, "/Inventory/Gone")).toEqual([]);
    expect((await statusOf(test.raw.unary(list, { path: "/Inventory/Gone/Vase" }))).code).toBe("NOT_FOUND");
  });

  it.each(["ByRecord", "Web", "Broken"])("does not follow the link %s", async (name) => {
    await using test = await openMod({ scenario: linked });
    for (const path of [`/Inventory/${name}`, `/Inventory/${name}/Vase`]) {
      expect((await statusOf(test.raw.unary(list, { path }))).code).toBe("NOT_FOUND");
    }
    expect((await statusOf(test.raw.unary(spawn, { path: `/Inventory/${name}/Vase` }))).code).toBe("NOT_FOUND");
  });

  it("spawns and shows what lies behind a link", async () => {
    await using test = await openMod({ scenario: linked });
    const spawned = await test.raw.unary(spawn, { path: "/Inventory/All/Mirrors/Vase" });
    expect(spawned).toMatchObject({ sourcePath: "/Inventory/All/Mirrors/Vase", spawnedSlotName: "Vase" });
    expect((await test.raw.unary(fetchThumbnail, { path: "/Inventory/Shelf/Vase" })).data.length).toBeGreaterThan(0);
  });

  it("changes nothing behind a link", async () => {
    await using test = await openMod({ scenario: linked });
    const vase = "/Inventory/Shelf/Vase";
    const calls = [
      test.raw.unary(makeDir, { path: "/Inventory/Shelf/New" }),
      test.raw.unary(copy, { sourcePath: vase, destinationPath: "/Inventory/Vase" }),
      test.raw.unary(move, { sourcePath: vase, destinationPath: "/Inventory/Vase" }),
      test.raw.unary(remove, { path: vase }),
    ];
    for (const call of calls) expect((await statusOf(call)).code).toBe("NOT_FOUND");
    expect(await namesIn(test, "/Inventory/Shelf")).toEqual(["Vase"]);
  });

  it("copies, moves and removes the link itself, without a flag", async () => {
    await using test = await openMod({ scenario: linked });
    await test.raw.unary(copy, { sourcePath: "/Inventory/Shelf", destinationPath: "/Inventory/Second" });
    await test.raw.unary(move, { sourcePath: "/Inventory/Shelf", destinationPath: "/Inventory/Third" });
    expect(await namesIn(test, "/Inventory/Second")).toEqual(["Vase"]);
    expect(await namesIn(test, "/Inventory/Third")).toEqual(["Vase"]);
    await test.raw.unary(remove, { path: "/Inventory/Second" });
    await test.raw.unary(remove, { path: "/Inventory/Third" });
    expect(await namesIn(test, "/Inventory")).not.toContain("Second");
    expect(await namesIn(test, "/Inventory/All/My Shelf")).toEqual(["Vase"]);
  });
});

describe("inventory spawning", () => {
  it("IS11 IE6 spawns an object into the focused world", async () => {
    await using test = await openSeeded();
    const before = test.engine.worlds.requireFocused().objects.length;
    const spawned = await test.raw.unary(spawn, { path: "/Inventory/MyAvatar" });
    expect(spawned).toMatchObject({ sourcePath: "/Inventory/MyAvatar", spawnedSlotName: "MyAvatar" });
    expect(spawned.spawnedSlotId).toMatch(/^ID[0-9A-F]+$/);
    const again = await test.raw.unary(spawn, { path: "/Inventory/MyAvatar" });
    expect(again.spawnedSlotId).not.toBe(spawned.spawnedSlotId);
    const { objects } = test.engine.worlds.requireFocused();
    expect(objects).toHaveLength(before + 2);
    expect(objects.at(-2)).toMatchObject({
      slotId: spawned.spawnedSlotId,
      name: "MyAvatar",
      shape: "box",
      grabbable: true,
    });
  });

  it("puts the object on the floor before the avatar, and the camera sees it", async () => {
    await using test = await openSeeded();
    const { avatar } = test.engine.state;
    avatar.position = { x: 1, y: 0.4, z: -2 };
    avatar.yawDegrees = 90;
    const before = Buffer.from(test.engine.draw().pixels);
    await test.raw.unary(spawn, { path: "/Inventory/Avatars/Robot" });
    expect(before.equals(test.engine.draw().pixels)).toBe(false);
    const robot = test.engine.worlds.requireFocused().objects.at(-1);
    expect(robot).toMatchObject({ name: "Robot", shape: "pillar", size: { x: 0.5, y: 1.8, z: 0.5 }, yawDegrees: 90 });
    expect(robot?.position.x).toBeCloseTo(2.5);
    expect(robot?.position.y).toBeCloseTo(0.9);
    expect(robot?.position.z).toBeCloseTo(-2);
  });

  it.each([
    [0, { x: 4.7, z: 5.7 }],
    [45, { x: 5 - 0.3 * Math.SQRT2, z: 6 - 0.3 * Math.SQRT2 }],
  ])("keeps what is spawned at heading %d inside the room", async (yawDegrees, corner) => {
    await using test = await openSeeded();
    const { avatar } = test.engine.state;
    avatar.position = { x: 4.9, y: 0, z: 5.9 };
    avatar.yawDegrees = yawDegrees;
    await test.raw.unary(spawn, { path: "/Inventory/MyAvatar" });
    const position = test.engine.worlds.requireFocused().objects.at(-1)?.position;
    expect(position?.x).toBeCloseTo(corner.x);
    expect(position?.z).toBeCloseTo(corner.z);
  });

  it("puts what is larger than the room into its middle", async () => {
    await using test = await openMod({
      scenario: { inventory: [{ name: "Big", object: { size: { x: 99, y: 1, z: 99 } } }] },
    });
    await test.raw.unary(spawn, { path: "/Inventory/Big" });
    expect(test.engine.worlds.requireFocused().objects.at(-1)?.position).toEqual({ x: 0, y: 0.5, z: 0 });
  });

  it("answers FAILED_PRECONDITION without a focused world, after looking for the item", async () => {
    await using test = await openSeeded({ openWorlds: [] });
    expect((await statusOf(test.raw.unary(spawn, { path: "/Inventory/Nope" }))).code).toBe("NOT_FOUND");
    expect((await statusOf(test.raw.unary(spawn, { path: "/Inventory/MyAvatar" }))).code).toBe("FAILED_PRECONDITION");
    expect(await namesIn(test, "/Inventory")).toEqual(["Avatars", "MyAvatar"]);
  });

  it("answers FAILED_PRECONDITION where the user may not spawn", async () => {
    await using test = await openSeeded({ openWorlds: [{ name: "Museum", permissions: { spawn: false } }] });
    const before = test.engine.worlds.requireFocused().objects.length;
    expect((await statusOf(test.raw.unary(spawn, { path: "/Inventory/MyAvatar" }))).code).toBe("FAILED_PRECONDITION");
    expect(test.engine.worlds.requireFocused().objects).toHaveLength(before);
  });

  it.each(["directory", "world", "link", "unknown"] as const)("answers INTERNAL for a %s", async (kind) => {
    await using test = await openMod({ scenario: { inventory: [{ name: "Thing", kind }] } });
    expect((await statusOf(test.raw.unary(spawn, { path: "/Inventory/Thing" }))).code).toBe("INTERNAL");
  });
});

describe("inventory thumbnails", () => {
  it("IS16 IE7 fetches the picture of an entry", async () => {
    await using test = await openSeeded();
    const robot = await test.raw.unary(fetchThumbnail, { path: "/Inventory/Avatars/Robot" });
    expect(robot.contentType).toBe("image/png");
    const picture = decode(robot.data);
    expect(new Set(picture.data).size).toBeGreaterThan(20);
    const mine = await test.raw.unary(fetchThumbnail, { path: "/Inventory/MyAvatar" });
    expect(mine.data).not.toEqual(robot.data);
    expect((await test.raw.unary(fetchThumbnail, { path: "/Inventory/MyAvatar" })).data).toEqual(mine.data);
  });

  it("shows the inside of a saved world", async () => {
    await using test = await openMod({
      scenario: { inventory: [{ name: "Gallery", kind: "world" }, { name: "Gallery2" }] },
    });
    const world = await test.raw.unary(fetchThumbnail, { path: "/Inventory/Gallery" });
    const object = await test.raw.unary(fetchThumbnail, { path: "/Inventory/Gallery2" });
    expect(world.contentType).toBe("image/png");
    expect(world.data).not.toEqual(object.data);
  });

  it.each(["", "   "])("IS17 refuses the path '%s', even without a bridge", async (path) => {
    await using test = await openMod({ faults: { absentBridges: ["inventory"] } });
    expect((await statusOf(test.raw.unary(fetchThumbnail, { path }))).code).toBe("INVALID_ARGUMENT");
  });

  it("IS18 answers NOT_FOUND for an entry without a thumbnail", async () => {
    await using test = await openMod({
      scenario: {
        inventory: [
          { name: "Plain", hasThumbnail: false },
          { name: "Folder", children: [] },
        ],
      },
    });
    for (const path of ["/Inventory/Plain", "/Inventory/Folder", "/Inventory/Nope"]) {
      expect((await statusOf(test.raw.unary(fetchThumbnail, { path }))).code).toBe("NOT_FOUND");
    }
  });
});

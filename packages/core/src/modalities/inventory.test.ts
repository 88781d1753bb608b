import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Inventory, InventoryEntryKind } from "../gen/resonite_io/v1/inventory_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { InventoryClient } from "./inventory.js";

// The cases that the mod's own client is accepted by, in their numbering. IC10 is about something that does not exist here:
// a client that is not connected yet.
describe("InventoryClient acceptance cases", () => {
  it("IC1: list returns the path and the entries with every field, in the mod's order", async () => {
    const { inventory, requests } = modWith({
      list: () => ({
        path: "/Inventory",
        entries: [
          {
            name: "My Avatar",
            path: "/Inventory/My Avatar",
            kind: InventoryEntryKind.OBJECT,
            recordId: "R-myavatar",
            assetUri: "resrec:///U-test/R-myavatar",
            isPublic: true,
            lastModifiedUnixNanos: 1_700_000_000_000_000_001n,
          },
          { name: "Avatars", path: "/Inventory/Avatars", kind: InventoryEntryKind.DIRECTORY },
        ],
      }),
    });

    expect(await inventory.list("/Inventory")).toStrictEqual({
      path: "/Inventory",
      entries: [
        {
          name: "My Avatar",
          path: "/Inventory/My Avatar",
          kind: "object",
          recordId: "R-myavatar",
          assetUri: "resrec:///U-test/R-myavatar",
          isPublic: true,
          lastModifiedUnixNanos: 1_700_000_000_000_000_001n,
        },
        {
          name: "Avatars",
          path: "/Inventory/Avatars",
          kind: "directory",
          recordId: "",
          assetUri: "",
          isPublic: false,
          lastModifiedUnixNanos: 0n,
        },
      ],
    });
    expect(requests).toMatchObject([{ rpc: "List", message: { path: "/Inventory" } }]);
  });

  it("IC2: makeDir sends the path and returns path and id", async () => {
    const { inventory, requests } = modWith({ makeDir: ({ path }) => ({ path, recordId: "R-new" }) });

    expect(await inventory.makeDir("/Inventory/New")).toStrictEqual({ path: "/Inventory/New", recordId: "R-new" });
    expect(requests).toMatchObject([{ rpc: "MakeDir", message: { path: "/Inventory/New" } }]);
  });

  it.each([
    ["IC3: copy sends that it is recursive", { recursive: true }, true],
    ["IC4: copy is not recursive by default", {}, false],
  ])("%s, with both paths, and returns path and id", async (_, options, recursive) => {
    const { inventory, requests } = modWith({
      copy: ({ destinationPath }) => ({ path: destinationPath, recordId: "R-copy" }),
    });

    expect(await inventory.copy("/Inventory/A", "/Inventory/B", options)).toStrictEqual({
      path: "/Inventory/B",
      recordId: "R-copy",
    });
    expect(requests).toMatchObject([
      { rpc: "Copy", message: { sourcePath: "/Inventory/A", destinationPath: "/Inventory/B", recursive } },
    ]);
  });

  it("IC5: move sends both paths and returns path and id", async () => {
    const { inventory, requests } = modWith({
      move: ({ destinationPath }) => ({ path: destinationPath, recordId: "R-a" }),
    });

    expect(await inventory.move("/Inventory/A", "/Inventory/B")).toStrictEqual({
      path: "/Inventory/B",
      recordId: "R-a",
    });
    expect(requests).toMatchObject([
      { rpc: "Move", message: { sourcePath: "/Inventory/A", destinationPath: "/Inventory/B" } },
    ]);
  });

  it.each([
    ["IC6: remove sends that it is recursive", { recursive: true }, true],
    ["IC6: remove is not recursive by default", {}, false],
  ])("%s, and returns path and id", async (_, options, recursive) => {
    const { inventory, requests } = modWith({ remove: ({ path }) => ({ path, recordId: "R-a" }) });

    expect(await inventory.remove("/Inventory/A", options)).toStrictEqual({ path: "/Inventory/A", recordId: "R-a" });
    expect(requests).toMatchObject([{ rpc: "Remove", message: { path: "/Inventory/A", recursive } }]);
  });

  it("IC7: spawn sends the path and returns path and slot", async () => {
    const answer = { sourcePath: "/Inventory/A", spawnedSlotId: "ID2F00", spawnedSlotName: "A" };
    const { inventory, requests } = modWith({ spawn: () => answer });

    expect(await inventory.spawn("/Inventory/A")).toStrictEqual(answer);
    expect(requests).toMatchObject([{ rpc: "Spawn", message: { path: "/Inventory/A" } }]);
  });

  it.each([
    ["IC8: fetchThumbnail returns bytes and type", { data: Uint8Array.of(1, 2, 3, 4), contentType: "image/webp" }],
    ["IC9: an empty content type stays empty", { data: Uint8Array.of(1), contentType: "" }],
  ])("%s", async (_, answer) => {
    const { inventory, requests } = modWith({ fetchThumbnail: () => answer });

    expect(await inventory.fetchThumbnail("/Inventory/A")).toStrictEqual(answer);
    expect(requests).toMatchObject([{ rpc: "FetchThumbnail", message: { path: "/Inventory/A" } }]);
  });
});

describe("InventoryClient", () => {
  it.each([
    [InventoryEntryKind.DIRECTORY, "directory"],
    [InventoryEntryKind.OBJECT, "object"],
    [InventoryEntryKind.WORLD, "world"],
    [InventoryEntryKind.LINK, "link"],
    [InventoryEntryKind.UNKNOWN, "unknown"],
    [InventoryEntryKind.UNSPECIFIED, "unknown"],
    [6, "unknown"],
    [99, "unknown"],
    [-1, "unknown"],
  ])("names the kind with wire number %i %s", async (kind, name) => {
    expect(await received({ kind })).toMatchObject({ kind: name });
  });

  it("has a name for every kind of the contract", async () => {
    const numbers = Object.values(InventoryEntryKind).filter((value) => typeof value === "number" && value !== 0);
    const names = await Promise.all(numbers.map(async (number) => (await received({ kind: Number(number) }))?.kind));

    expect(new Set(names).size).toBe(numbers.length);
  });

  it.each([2n ** 53n + 1n, 2n ** 63n - 1n])("keeps the time %i exact", async (lastModifiedUnixNanos) => {
    expect(await received({ lastModifiedUnixNanos })).toMatchObject({ lastModifiedUnixNanos });
  });

  it("returns an empty directory as no entries", async () => {
    const { inventory } = modWith({ list: ({ path }) => ({ path }) });

    expect(await inventory.list("/Inventory/Empty")).toStrictEqual({ path: "/Inventory/Empty", entries: [] });
  });

  it.each(["", "/Inventory//Avatars/", "Inventory/../A b", "/Inventory/アバター", "\\Inventory"])(
    "sends the path %j as it is: the mod decides",
    async (path) => {
      const { inventory, requests } = modWith({
        list: () => ({}),
        makeDir: () => ({}),
        copy: () => ({}),
        move: () => ({}),
        remove: () => ({}),
        spawn: () => ({}),
        fetchThumbnail: () => ({}),
      });

      await inventory.list(path);
      await inventory.makeDir(path);
      await inventory.copy(path, path);
      await inventory.move(path, path);
      await inventory.remove(path);
      await inventory.spawn(path);
      await inventory.fetchThumbnail(path);

      expect(requests).toMatchObject([
        { rpc: "List", message: { path } },
        { rpc: "MakeDir", message: { path } },
        { rpc: "Copy", message: { sourcePath: path, destinationPath: path } },
        { rpc: "Move", message: { sourcePath: path, destinationPath: path } },
        { rpc: "Remove", message: { path } },
        { rpc: "Spawn", message: { path } },
        { rpc: "FetchThumbnail", message: { path } },
      ]);
    },
  );

  it("does not lose call options", async () => {
    const headers: (string | null)[] = [];
    const see = (header: Headers) => void headers.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const { inventory } = modWith({
      list: (_, { requestHeader }) => see(requestHeader) ?? {},
      makeDir: (_, { requestHeader }) => see(requestHeader) ?? {},
      copy: (_, { requestHeader }) => see(requestHeader) ?? {},
      move: (_, { requestHeader }) => see(requestHeader) ?? {},
      remove: (_, { requestHeader }) => see(requestHeader) ?? {},
      spawn: (_, { requestHeader }) => see(requestHeader) ?? {},
      fetchThumbnail: (_, { requestHeader }) => see(requestHeader) ?? {},
    });

    await inventory.list("/Inventory", call);
    await inventory.makeDir("/Inventory/A", call);
    await inventory.copy("/Inventory/A", "/Inventory/B", call);
    await inventory.move("/Inventory/A", "/Inventory/B", call);
    await inventory.remove("/Inventory/A", call);
    await inventory.spawn("/Inventory/A", call);
    await inventory.fetchThumbnail("/Inventory/A", call);

    expect(headers).toEqual(Array(Inventory.methods.length).fill("42"));
  });

  it("is cancelled by the caller's signal while the mod waits for the cloud", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { inventory } = modWith({
      copy(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const copying = inventory.copy("/Inventory/A", "/Inventory/B", { recursive: true, signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(copying).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });

  it("passes the mod's failure through unchanged", async () => {
    const { inventory } = modWith({
      makeDir() {
        throw new ConnectError("/Inventory/A is taken", Code.AlreadyExists);
      },
    });

    const failure = inventory.makeDir("/Inventory/A");

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code: Code.AlreadyExists, rawMessage: "/Inventory/A is taken" });
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Inventory>>) {
  const { transport, requests } = fakeMod(Inventory, handlers);
  return { inventory: new InventoryClient(transport), requests };
}

/** What becomes of an entry on its way from the mod. */
async function received(entry: { kind?: InventoryEntryKind; lastModifiedUnixNanos?: bigint }) {
  const { inventory } = modWith({ list: () => ({ entries: [entry] }) });
  return (await inventory.list("/Inventory")).entries[0];
}

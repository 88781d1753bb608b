import { Resonite } from "@resoio/core";
import { createMockMod, createVirtualClock } from "@resoio/mock-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeSession, toInstance, type WorldInstance } from "../../instances/index.js";
import { type OpenWorldServer, openWorldServer } from "../../testing/open-world-server.js";
import { askWorld } from "../../testing/world-request.js";

const listPath = "/public/me.virmesh.worldInstance.listInstance";
const getPath = "/public/me.virmesh.worldInstance.getInstance";

describe("an engine and its instance", () => {
  let server: OpenWorldServer;
  let nowMs = 0;

  beforeEach(async () => {
    nowMs = 1_770_000_000_000;
    server = await openWorldServer({ now: () => nowMs, graceMs: 60_000 });
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
  });

  async function list(): Promise<readonly WorldInstance[]> {
    const { http, payload } = await askWorld(server.url, listPath, { worldId: server.world.worldId });
    expect(http).toBe(200);
    return payload.instances;
  }

  it("without any engine, the list is empty", async () => {
    expect(await list()).toEqual([]);
  });

  it("appear and vanish together, and a closed one can be asked for during the grace time", async () => {
    server.addEngine("one");
    const [instance] = await list();
    nowMs += 5_000;
    server.engines.remove("one", "it was taken away");
    expect(await list()).toEqual([]);
    const query = { instanceId: instance?.id ?? "" };
    nowMs += 60_000;
    const closed = await askWorld(server.url, getPath, query);
    expect(closed.payload.instance).toEqual({ ...instance, state: "closed", updated_at: 1_770_000_005 });
    nowMs += 1;
    expect(await askWorld(server.url, getPath, query)).toMatchObject({ http: 404, status: "worldInstance.not_found" });
  });

  it("that comes again under the same name has another id", async () => {
    const ids = new Set<string>();
    for (let count = 0; count < 20; count++) {
      server.addEngine("one");
      for (const { id } of await list()) ids.add(id);
      server.engines.remove("one", "it was taken away");
    }
    expect(ids.size).toBe(20);
  });

  it("is starting while the engine boots, and open when it is there", async () => {
    const clock = createVirtualClock();
    await using mod = createMockMod({ clock, faults: { bootMs: 5_000 }, scenario: { openWorlds: [{ name: "Late" }] } });
    server.engines.add({ name: "slow", transport: mod.transport() });
    expect(await list()).toMatchObject([{ state: "starting", playerCount: 0, capacity: 1, joinPolicy: "private" }]);
    await clock.advance(5_000);
    nowMs += 3_000;
    expect(await list()).toMatchObject([{ state: "open", name: "Late", updated_at: 1_770_000_003 }]);
  });

  it("is closing when an engine that was open is not reached any more", async () => {
    const mod = server.addEngine("one");
    expect(await list()).toMatchObject([{ state: "open" }]);
    await mod.close();
    expect(await list()).toMatchObject([{ state: "closing", name: "one" }]);
  });

  it("keeps what it told last while the engine does not answer", async () => {
    const mod = server.addEngine("one");
    const before = await list();
    mod.faults.set({ hangs: ["world.listOpenWorlds"] });
    expect(await list()).toEqual(before);
  });

  it("tells when people come and the world is full", async () => {
    const users = ["Alice", "Bob"].map((userName) => ({ userName }));
    const settings = { maxUsers: 3 };
    server.addEngine("full", { openWorlds: [{ name: "Full", accessLevel: "Anyone", users, settings }] });
    expect(await list()).toMatchObject([{ state: "full", playerCount: 3, capacity: 3 }]);
  });

  it.each([
    ["Anyone", "public"],
    ["RegisteredUsers", "public"],
    ["ContactsPlus", "private"],
    ["Contacts", "private"],
    ["LAN", "private"],
    ["Private", "private"],
  ] as const)("with the access level %s is %s", async (accessLevel, joinPolicy) => {
    server.addEngine("one", { openWorlds: [{ name: "One", accessLevel }] });
    expect(await list()).toMatchObject([{ joinPolicy }]);
  });

  it("follows the world that is focused", async () => {
    const scenario = { openWorlds: [{ name: "Home" }, { name: "Lab", settings: { maxUsers: 4 } }] };
    const mod = server.addEngine("one", scenario);
    await using resonite = new Resonite(mod.transport());
    const worlds = await resonite.world.listOpenWorlds();
    for (const [name, capacity] of [
      ["Lab", 4],
      ["Home", 16],
    ] as const) {
      await resonite.world.focus(worlds.find((world) => world.name === name)?.handle ?? 0);
      expect(await list()).toMatchObject([{ name, capacity, state: "open" }]);
    }
  });

  it("is listed in the order in which it came", async () => {
    for (const name of ["c", "a", "b"]) {
      server.addEngine(name);
      nowMs += 1_000;
    }
    expect((await list()).map(({ name }) => name)).toEqual(["c", "a", "b"]);
  });

  it("asks the engine once for all who ask within a second", async () => {
    await server[Symbol.asyncDispose]();
    server = await openWorldServer({ now: () => nowMs, maxAgeMs: 1_000 });
    const mod = server.addEngine("one");
    await Promise.all(Array.from({ length: 20 }, list));
    nowMs += 999;
    await list();
    expect(mod.engine.journal.calls("world.listOpenWorlds")).toHaveLength(1);
    nowMs += 1;
    await list();
    expect(mod.engine.journal.calls("world.listOpenWorlds")).toHaveLength(2);
  });
});

describe("a session of the cloud", () => {
  it("is described by the same rules as an open world", async () => {
    await using mod = createMockMod();
    await using resonite = new Resonite(mod.transport());
    const { sessions } = await resonite.world.listSessions({ search: "Workshop" });
    const instances = sessions.map((session) =>
      toInstance(describeSession(session), {
        id: session.sessionId,
        worldId: "medi:world:ed25519:AAAA",
        endpoint: "https://example.com/",
        createdAt: Number(session.sessionBeginUnixNanos / 1_000_000_000n),
        updatedAt: Number(session.lastUpdateUnixNanos / 1_000_000_000n),
        socketUri: undefined,
      }),
    );
    expect(instances).toMatchObject([
      { name: "Workshop", state: "open", playerCount: 3, capacity: 16, joinPolicy: "private", worldProtocols: [] },
    ]);
  });
});

import { Code, ConnectError, type Resonite } from "@resoio/core";
import { StatusFeed } from "@resoio/core/internal";
import { createMockMod, type MockMod } from "@resoio/mock-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectProxy } from "../../client/connect-proxy.js";
import { createProxy, createWorldIdentity, EngineList, type ProxyOptions, type WebProxy } from "../../index.js";
import {
  createInstance,
  joinInstance,
  listInstances,
  resolveWorld,
  type WorldInstance,
} from "../../instances/index.js";
import { callJson, rawRequest } from "../../testing/raw-request.js";
import { askWorld } from "../../testing/world-request.js";
import { playerKey, worldKey } from "../../testing/world-vectors.js";

const listPath = "/public/me.virmesh.worldInstance.listInstance";
const createPath = "/private/me.virmesh.worldInstance.createInstance";
const ping = "/resonite_io.v1.Connection/Ping";

describe("a proxy with a world", () => {
  let stack: AsyncDisposableStack;
  let engines: EngineList;

  beforeEach(() => {
    stack = new AsyncDisposableStack();
    engines = new EngineList();
  });
  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function open(options: ProxyOptions = {}): Promise<WebProxy> {
    const identities = [createWorldIdentity(await worldKey(), { slug: "world", name: "Test World" })];
    return stack.use(await createProxy({ port: 0, engines, ...options, world: { identities, ...options.world } }));
  }

  function addEngine(name: string): MockMod {
    const scenario = { openWorlds: [{ name, accessLevel: "Anyone" as const }], records: [{ name: "Garden" }] };
    const mod = stack.use(createMockMod({ scenario }));
    engines.add({ name, transport: mod.transport() });
    return mod;
  }

  /** Joins an instance and returns it with its connection. */
  async function join(proxy: WebProxy, options: Parameters<typeof joinInstance>[1] = {}) {
    let joined: WorldInstance | undefined;
    const onJoin = (instance: WorldInstance): void => {
      joined = instance;
    };
    const resonite: Resonite = stack.use(await joinInstance(`127.0.0.1:${proxy.port}/world`, { ...options, onJoin }));
    return { resonite, id: joined?.id ?? "" };
  }

  it("lets each page land on the engine that it joined", async () => {
    const proxy = await open();
    const mods = [addEngine("one"), addEngine("two")];
    const first = await join(proxy);
    const second = await join(proxy, { except: new Set([first.id]) });
    const names = await Promise.all(
      [first, second].map(async ({ resonite }) => (await resonite.world.getCurrent())?.name),
    );
    expect(new Set(names)).toEqual(new Set(["one", "two"]));
    for (const [index, name] of ["one", "two"].entries()) {
      const page = names[0] === name ? first : second;
      await page.resonite.cursor.setPosition(0.25, 0.5);
      expect(mods[index]?.engine.journal.calls("cursor.setPosition")).toHaveLength(1);
    }
  });

  it("tells a page why its engine is gone, and lets it move to another", async () => {
    const proxy = await open();
    addEngine("one");
    const page = await join(proxy);
    const drive = page.resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    await page.resonite.connection.ping("here");
    addEngine("two");
    const gone = drive.summary.catch((error: unknown) => error);
    engines.remove("one", "its process has ended");
    expect(await gone).toMatchObject({
      code: Code.Unavailable,
      message: expect.stringContaining("its process has ended"),
    });
    // Until the end of the connection has arrived, calls on it end like the drive.
    let code: Code | undefined = Code.Unavailable;
    while (code === Code.Unavailable) code = await pingFailure(page.resonite);
    expect(code).toBe(Code.NotFound);
    const next = await join(proxy);
    expect(next.id).not.toBe(page.id);
    expect((await next.resonite.world.getCurrent())?.name).toBe("two");
  });

  it("gives an engine another id when its connection was lost and is back", async () => {
    const status = new StatusFeed({ state: "connected" });
    const transport = stack.use(createMockMod()).transport();
    const proxy = await open({ upstream: Object.assign(transport, { status: () => status.read() }) });
    const world = await resolveWorld(`127.0.0.1:${proxy.port}/world`);
    const [before] = await listInstances(world);
    status.publish({ state: "lost", reason: new ConnectError("cut", Code.Unavailable) });
    status.publish({ state: "connected" });
    let after: WorldInstance | undefined;
    while (after === undefined || after.id === before?.id) [after] = await listInstances(world);
    expect(after.state).toBe("open");
    expect(await askWorld(proxy.url, listPath.replace("list", "get"), { instanceId: before?.id ?? "" })).toMatchObject({
      http: 200,
      payload: { instance: { state: "closed" } },
    });
    status.publish({ state: "closed" });
  });

  it("means the only engine where none is named, and says which there are when there are several", async () => {
    const proxy = await open();
    expect(await callJson(proxy.url, ping)).toMatchObject({ status: 503 });
    await using page = await connectProxy({ url: proxy.url });
    await expect(page.connection.ping("a")).rejects.toMatchObject({ code: Code.Unavailable });
    addEngine("one");
    await page.connection.ping("b");
    addEngine("two");
    await expect(page.connection.ping("c")).rejects.toMatchObject({ code: Code.FailedPrecondition });
    expect((await callJson(proxy.url, `/engine/two${ping}`)).status).toBe(200);
    engines.remove("one", "it is gone");
    await page.connection.ping("d");
    expect(JSON.parse((await rawRequest(proxy.url, { path: "/healthz" })).text)).toMatchObject({
      upstreams: { two: expect.any(String) },
    });
  });

  it("takes and gives back upstreams while it runs, but not those of its options", async () => {
    const proxy = await open({ upstream: stack.use(createMockMod()).transport() });
    proxy.addUpstream("lab", stack.use(createMockMod()).transport());
    expect((await callJson(proxy.url, `/engine/lab${ping}`)).status).toBe(200);
    proxy.removeUpstream("lab", "it is needed elsewhere");
    expect((await callJson(proxy.url, `/engine/lab${ping}`)).status).toBe(404);
    expect(() => proxy.removeUpstream("default", "no")).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
    expect(() => proxy.addUpstream("a/b", createMockMod().transport())).toThrow(/cannot be the name/);
  });

  it("creates an instance on an engine that nobody uses, for as long as its world is open", async () => {
    const createPolicy = { record: { recordId: "R-garden", ownerId: "U-resonite" }, players: "anybody" } as const;
    const proxy = await open({ world: { createInstance: createPolicy } });
    const mod = addEngine("one");
    const world = await resolveWorld(`127.0.0.1:${proxy.port}/world`);
    const page = await join(proxy);
    const player = await playerKey();
    await expect(createInstance(world, { player })).rejects.toMatchObject({ httpStatus: 403 });
    await page.resonite.close();
    while (proxy.clients.length > 0) await new Promise((resolve) => setImmediate(resolve));

    const wanted = { player, name: "Mine", capacity: 3, joinPolicy: "private" };
    const created = await createInstance(world, wanted);
    expect(created).toMatchObject({ name: "Mine", capacity: 3, joinPolicy: "private", state: "open" });
    expect(mod.engine.journal.calls("world.startWorld")).toHaveLength(1);
    expect((await listInstances(world)).map(({ id }) => id)).toEqual([created.id]);

    const handle = mod.engine.worlds.focused?.handle ?? 0;
    const guest = await join(proxy, { instanceId: created.id });
    await guest.resonite.world.leave(handle);
    let after = await listInstances(world);
    while (after[0]?.id === created.id) after = await listInstances(world);
    expect(after).toMatchObject([{ name: "one" }]);
    await expect(guest.resonite.connection.ping("gone?")).rejects.toBeDefined();
  });

  it("lets every page read what is public when it is told to, and only its own pages ask for more", async () => {
    const proxy = await open({ world: { isOpenToAllOrigins: true } });
    const headers = { origin: "https://example.com" };
    const listed = await rawRequest(proxy.url, { path: "/public/", headers });
    expect([listed.status, listed.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
    for (const path of ["/private/", createPath, "/public/../private/", "/ws-sync/"]) {
      const { status, headers: answered, text } = await rawRequest(proxy.url, { path, headers });
      if (path.startsWith("/public/")) {
        expect(status).toBe(404);
        continue;
      }
      expect([status, answered["access-control-allow-origin"]]).toEqual([403, undefined]);
      expect(JSON.parse(text)).toMatchObject({ status: "status+me.virmesh.http.origin_not_allowed" });
    }
    const foreign = await rawRequest(proxy.url, { path: "/public/", headers: { host: "evil.example.com" } });
    expect([foreign.status, JSON.parse(foreign.text).status]).toEqual([421, "status+me.virmesh.http.host_not_allowed"]);
    const preflight = await rawRequest(proxy.url, { method: "OPTIONS", path: listPath, headers });
    expect([preflight.status, preflight.headers["access-control-allow-origin"]]).toEqual([204, "*"]);
  });

  it("keeps what is public to its own pages unless it is told otherwise", async () => {
    const proxy = await open();
    const { status } = await rawRequest(proxy.url, { path: "/public/", headers: { origin: "https://example.com" } });
    expect(status).toBe(403);
  });

  it("goes by the name by which it was called, or by its public url", async () => {
    const proxy = await open();
    addEngine("one");
    for (const host of ["127.0.0.1", "localhost"]) {
      const world = await resolveWorld(`${host}:${proxy.port}/world`);
      expect(world.server).toBe(`http://${host}:${proxy.port}/`);
      const [instance] = await listInstances(world);
      expect(instance?.worldProtocols[0]?.information).toEqual({
        uri: `ws://${host}:${proxy.port}/ws/${instance?.id}`,
      });
    }
    const behind = await open({ world: { publicUrl: "https://stage.example.com" } });
    const { payload } = await askWorld(behind.url, "/public/me.virmesh.world.resolveWorld", {
      address: "stage.example.com/world",
    });
    expect(payload.manifest.endpoint).toBe("https://stage.example.com/");
  });

  it("serves files and nothing of a world when it has none", async () => {
    const proxy = stack.use(await createProxy({ port: 0, engines }));
    expect((await rawRequest(proxy.url, { path: "/public/" })).status).toBe(404);
  });

  it.each([
    ["a public url by http", { publicUrl: "http://example.com" }],
    ["no identity at all", { identities: [] }],
  ])("does not start with %s", async (_, world) => {
    await expect(createProxy({ port: 0, engines, world })).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
  });
});

async function pingFailure(resonite: Resonite): Promise<Code | undefined> {
  return await resonite.connection.ping("there?").then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );
}

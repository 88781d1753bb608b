import { Code, type Resonite } from "@resoio/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createInstance,
  getInstance,
  joinInstance,
  listInstances,
  pickInstance,
  resolveWorld,
  type WorldInstance,
} from "../../instances/index.js";
import { type OpenWorldServer, type OpenWorldServerOptions, openWorldServer } from "../../testing/open-world-server.js";
import { askWorld, postWorld } from "../../testing/world-request.js";
import { playerKey, worldKey } from "../../testing/world-vectors.js";
import { createSigningKey, verifySignature } from "../../world/keys.js";
import { createPrivateRequest } from "../../world/private-request.js";
import type { CreateInstancePolicy } from "./create-instance-policy.js";
import { createWorldIdentity } from "./world-identity.js";

const resolvePath = "/public/me.virmesh.world.resolveWorld";
const listPath = "/public/me.virmesh.worldInstance.listInstance";
const getPath = "/public/me.virmesh.worldInstance.getInstance";
const createPath = "/private/me.virmesh.worldInstance.createInstance";

const unknownWorld = "medi:world:ed25519:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q";
const anybody: CreateInstancePolicy = {
  record: { recordId: "R-garden", ownerId: "U-resonite" },
  players: "anybody",
};
const records = { records: [{ name: "Garden" }] };

/** The numbers are those of the conformance checklist of the specification. */
describe("the conformance checklist, over HTTP", () => {
  let stack: AsyncDisposableStack;

  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function open(options?: OpenWorldServerOptions): Promise<OpenWorldServer> {
    return stack.use(await openWorldServer(options));
  }

  it("1: an instance has exactly the fields of the specification, with times in epoch seconds", async () => {
    const server = await open();
    server.addEngine("Main");
    const { http, payload } = await askWorld(server.url, listPath, { worldId: server.world.worldId });
    expect(http).toBe(200);
    const [instance] = payload.instances;
    const nowSeconds = Math.floor(Date.now() / 1_000);
    expect(instance).toEqual({
      id: expect.stringMatching(/^inst_[0-9A-Z]{26}$/),
      worldId: server.world.worldId,
      endpoint: server.url,
      name: "Main",
      state: "open",
      playerCount: 1,
      capacity: 16,
      joinPolicy: "public",
      createdAt: expect.toSatisfy((at) => Number.isInteger(at) && at <= nowSeconds && at > nowSeconds - 60),
      updated_at: expect.toSatisfy((at) => Number.isInteger(at) && at >= instance.createdAt && at <= nowSeconds),
      worldProtocols: [
        {
          name: "me.virmesh.world.websocket",
          version: "1.0.0",
          information: { uri: `${server.url.replace("http", "ws")}ws/${instance.id}` },
        },
      ],
    });
    expect((await askWorld(server.url, getPath, { instanceId: instance.id })).payload.instance).toEqual(instance);
  });

  it.each(["inst_1", "../../etc/passwd?x=1&worldId=y#z", "世界 +%2B", "😀".repeat(100), "2026-01-01T00:00:00Z"])(
    "2: a client takes the id %j as it is",
    async (id) => {
      const server = await open();
      server.addEngine("Main");
      const world = await resolveWorld(server.address);
      const [known] = await listInstances(world);
      const asked: string[] = [];
      const key = await worldKey();
      const fetchWithId: typeof fetch = async (input, init) => {
        asked.push(new URL(String(input)).searchParams.get("instanceId") ?? "");
        const instance = { ...known, id };
        const body = {
          status: "status+me.virmesh.success.x",
          payload: { instance, signature: await key.sign(instance) },
        };
        return new Response(JSON.stringify(body), init?.method === "POST" ? { status: 500 } : {});
      };
      expect((await getInstance(world, id, { fetch: fetchWithId })).id).toBe(id);
      expect(asked).toEqual([id]);
    },
  );

  it("3: a list has the instances of the world that was asked for, and of no other", async () => {
    const other = createWorldIdentity(await createSigningKey(new Uint8Array(32).fill(3)), {
      slug: "other",
      name: "Other",
    });
    const server = await open({ others: [other], worldOf: ({ name }) => (name === "Odd" ? "other" : "world") });
    for (const name of ["Even", "Odd", "Also Even"]) server.addEngine(name);
    const namesOf = async (worldId: string) =>
      (await askWorld(server.url, listPath, { worldId })).payload.instances
        .map(({ name }: WorldInstance) => name)
        .sort();
    expect(await namesOf(server.world.worldId)).toEqual(["Also Even", "Even"]);
    expect(await namesOf(other.worldId)).toEqual(["Odd"]);
    const [odd] = await listInstances(await resolveWorld(server.address.replace("world", "other")));
    const elsewhere = { instanceId: odd?.id ?? "", worldId: server.world.worldId };
    expect(await askWorld(server.url, getPath, elsewhere)).toMatchObject({
      http: 404,
      status: "worldInstance.not_found",
    });
  });

  it("4: list and get are public and need no signature, create is private and posted", async () => {
    const server = await open({ createInstance: anybody });
    const catalog = await Promise.all(["/public/", "/private/", "/ws-sync/"].map((path) => askWorld(server.url, path)));
    expect(catalog.map(({ payload }) => payload.actions)).toEqual([
      [
        { name: "me.virmesh.world.resolveWorld", method: "GET", path: resolvePath },
        { name: "me.virmesh.worldInstance.listInstance", method: "GET", path: listPath },
        { name: "me.virmesh.worldInstance.getInstance", method: "GET", path: getPath },
      ],
      [{ name: "me.virmesh.worldInstance.createInstance", method: "POST", path: createPath }],
      [],
    ]);
    expect(await askWorld(server.url, createPath)).toMatchObject({ http: 405, status: "http.method_not_allowed" });
    expect(await postWorld(server.url, listPath, "{}")).toMatchObject({ http: 405 });
    const swapped = [listPath.replace("public", "private"), createPath.replace("private", "public")];
    for (const path of swapped) {
      expect(await postWorld(server.url, path, "{}")).toMatchObject({ http: 404, status: "action.not_found" });
    }
  });

  it("5: a server that creates nothing says so, does not list it, and is joined all the same", async () => {
    const server = await open();
    const mod = server.addEngine("Main");
    expect((await askWorld(server.url, "/private/")).payload.actions).toEqual([]);
    for (const body of ["{}", "no json", await requestFor(server.world.worldId)]) {
      expect(await postWorld(server.url, createPath, body)).toMatchObject({
        http: 501,
        status: "action.not_supported",
      });
    }
    const world = await resolveWorld(server.address);
    await expect(createInstance(world, { player: await playerKey() })).rejects.toMatchObject({
      code: "WORLD_SERVER_REFUSED",
      status: "status+me.virmesh.action.not_supported",
    });
    expect(pickInstance(await listInstances(world))?.name).toBe("Main");
    expect(mod.engine.journal.calls("world.startWorld")).toEqual([]);
  });

  it.each<[string, Partial<CreateInstancePolicy>, number]>([
    ["a policy", { players: () => false }, 0],
    ["a quota of the server", { maxInstances: 1, maxInstancesPerPlayer: 9 }, 1],
    ["a quota of the player", { maxInstancesPerPlayer: 1 }, 1],
    ["a rate", { maxInstancesPerPlayer: 9, maxPerHour: 1 }, 1],
    ["the lack of engines", { maxInstancesPerPlayer: 9 }, 2],
  ])("6: refusal by %s is 403 create_not_allowed", async (_, policy, allowed) => {
    const server = await open({ createInstance: { ...anybody, ...policy } });
    const mods = [server.addEngine("one", records), server.addEngine("two", records)];
    for (let count = 0; count < allowed; count++) {
      expect(await postWorld(server.url, createPath, await requestFor(server.world.worldId))).toMatchObject({
        http: 200,
      });
    }
    const before = (await listInstances(await resolveWorld(server.address))).map(({ id }) => id);
    const refused = await postWorld(server.url, createPath, await requestFor(server.world.worldId));
    expect(refused).toMatchObject({ http: 403, status: "worldInstance.create_not_allowed" });
    expect((await listInstances(await resolveWorld(server.address))).map(({ id }) => id)).toEqual(before);
    expect(mods.flatMap(({ engine }) => engine.journal.calls("world.startWorld"))).toHaveLength(allowed);
  });

  it("7: an unknown world is 404 world.not_found for all four actions", async () => {
    const server = await open({ createInstance: anybody });
    server.addEngine("Main");
    const replies = [
      await askWorld(server.url, resolvePath, { worldId: unknownWorld }),
      await askWorld(server.url, resolvePath, { address: "example.com/nowhere" }),
      await askWorld(server.url, resolvePath, { worldId: server.world.worldId, versionId: "v0" }),
      await askWorld(server.url, listPath, { worldId: unknownWorld }),
      await askWorld(server.url, getPath, { worldId: unknownWorld, instanceId: "inst_1" }),
      await postWorld(server.url, createPath, await requestFor(unknownWorld)),
    ];
    for (const reply of replies) expect(reply).toMatchObject({ http: 404, status: "world.not_found" });
    expect(await askWorld(server.url, listPath, { worldId: server.world.worldId })).toMatchObject({ http: 200 });
  });

  it("8: every error is a status with a message", async () => {
    const server = await open({ createInstance: anybody });
    const replies = [
      await askWorld(server.url, resolvePath),
      await askWorld(server.url, resolvePath, { worldId: "x", address: "y" }),
      await askWorld(server.url, listPath),
      await askWorld(server.url, getPath, { instanceId: "nothing" }),
      await askWorld(server.url, "/public/nothing"),
      await askWorld(server.url, "/ws-sync/nothing"),
      await postWorld(server.url, createPath, "{"),
      await postWorld(server.url, "/public/", "{}"),
    ];
    for (const { http, status, payload } of replies) {
      expect(http).toBeGreaterThanOrEqual(400);
      expect(status).toMatch(/^[\w.]+$/);
      expect(payload).toEqual({ message: expect.stringMatching(/.{10}/) });
    }
  });

  it("9: what the module announces binds nobody: create decides when it is called", async () => {
    let isAllowed = false;
    const server = await open({ createInstance: { ...anybody, players: () => isAllowed } });
    server.addEngine("one", records);
    const world = await resolveWorld(server.address);
    expect(world.instancePolicy).toMatchObject({ createInstance: true, defaultCapacity: 16 });
    const player = await playerKey();
    await expect(createInstance(world, { player })).rejects.toMatchObject({ httpStatus: 403 });
    isAllowed = true;
    expect(await createInstance(world, { player })).toMatchObject({ state: "open", capacity: 16 });
  });

  it("10: a client verifies before it lists, lists the verified id, and uses no expired delegation", async () => {
    const expiresAt = Math.floor(Date.now() / 1_000) + 1_000;
    let nowMs = Date.now();
    const server = await open({ world: { expiresAt }, now: () => nowMs });
    server.addEngine("Main");
    const asked: string[] = [];
    const spy: typeof fetch = async (input, init) => {
      asked.push(String(input));
      return await fetch(input, init);
    };
    const now = (): number => nowMs;
    const world = await resolveWorld(server.address, { fetch: spy, now });
    await listInstances(world, { fetch: spy });
    const [resolved, listed] = asked.map((url) => new URL(url));
    expect(resolved?.pathname).toBe(resolvePath);
    expect(listed?.searchParams.get("worldId")).toBe(server.world.worldId);

    nowMs = expiresAt * 1_000 + 999; // The second itself is still good.
    expect((await askWorld(server.url, resolvePath, { worldId: world.worldId })).http).toBe(200);
    await resolveWorld(server.address, { now });
    nowMs += 1;
    const refusal = { http: 422, status: "world.delegation_expired" };
    expect(await askWorld(server.url, resolvePath, { worldId: world.worldId })).toMatchObject(refusal);
    nowMs -= 1_000;
    asked.length = 0;
    const joining = joinInstance(server.address, { fetch: spy, now: () => nowMs + 1_000 });
    await expect(joining).rejects.toMatchObject({ code: "DELEGATION_EXPIRED" });
    expect(asked.map((url) => new URL(url).pathname)).toEqual([resolvePath]);
  });

  it("10: a world that does not delegate live sessions is refused by the server", async () => {
    const server = await open({ world: { capabilities: ["resolveManifest"] } });
    const reply = await askWorld(server.url, resolvePath, { worldId: server.world.worldId });
    expect(reply).toMatchObject({ http: 422, status: "world.delegation_expired" });
  });

  it("11: delegation, manifest, modules and instances are signed by the world, over canonical JSON", async () => {
    const server = await open();
    server.addEngine("例の世界 \u2028 é");
    const { publicKey } = await worldKey();
    const { payload } = await askWorld(server.url, resolvePath, { worldId: server.world.worldId });
    const { hostingDelegation } = payload.manifest;
    const list = (await askWorld(server.url, listPath, { worldId: server.world.worldId })).payload;
    const signed: [unknown, string][] = [
      [hostingDelegation.payload, hostingDelegation.signature],
      [payload.manifest, payload.signature],
      ...Object.values<{ payload: unknown; signature: string }>(payload.modules).map((module): [unknown, string] => [
        module.payload,
        module.signature,
      ]),
      [list.instances[0], list.signatures[list.instances[0].id]],
    ];
    expect(signed).toHaveLength(5);
    for (const [value, signature] of signed) {
      expect(Buffer.from(signature, "base64")).toHaveLength(64);
      expect(await verifySignature(value, signature, publicKey)).toBe(true);
    }
  });

  it("12: a client connects to what the server names, letter by letter", async () => {
    const tried: string[] = [];
    class Recorder extends WebSocket {
      constructor(url: string, protocols: string[]) {
        tried.push(url);
        super(url, protocols);
      }
    }
    const uri = "ws://127.0.0.1:1/instances/not-its-id/session?a=%2F&b";
    const server = await open({ socketUri: () => uri });
    server.addEngine("Main");
    const joining: Promise<Resonite> = joinInstance(server.address, { connection: { webSocket: Recorder } });
    await expect(joining).rejects.toMatchObject({ code: "NO_INSTANCE", cause: { code: Code.Unavailable } });
    expect(tried).toEqual([uri]);
  });
});

/** A request for an instance by the player, as of now and with a nonce of its own. */
async function requestFor(worldId: string): Promise<string> {
  const payload = { worldId, createdAt: Math.floor(Date.now() / 1_000), nonce: crypto.randomUUID() };
  return JSON.stringify(await createPrivateRequest(await playerKey(), payload));
}

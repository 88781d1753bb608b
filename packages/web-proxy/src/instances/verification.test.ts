import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { playerKey, worldId, worldKey } from "../testing/world-vectors.js";
import type { SigningKey } from "../world/keys.js";
import { listInstances, pickInstance, resolveWorld, type WorldInstance } from "./index.js";

/** A world as its owner writes it, which a test changes and signs anew: each check is the only one that can fail. */
interface Draft {
  manifest: Record<string, unknown>;
  delegation: Record<string, unknown>;
  profile: Record<string, unknown>;
  policy: Record<string, unknown>;
}

const server = "https://worlds.example.com/";
const nowSeconds = 1_770_000_500;

describe("a world that its owner has signed", () => {
  let draft: Draft;

  beforeEach(() => {
    draft = {
      manifest: { worldId, schema: "obj+me.virmesh.world.manifest", versionId: "v1", endpoint: server },
      delegation: { worldId, server, capabilities: ["resolveManifest", "hostLiveSession"], issuedAt: 1_770_000_000 },
      profile: {
        module: "world+me.virmesh.world.profile",
        worldId,
        name: "例の世界",
        addresses: ["Worlds.Example.com/Main"],
        updated_at: 1_770_000_200,
      },
      policy: { module: "world+me.virmesh.world.instancePolicy", worldId, createInstance: false, updated_at: 1 },
    };
  });

  async function resolve(asked = "worlds.example.com/main", options: { readonly versionId?: string } = {}) {
    const payload = await sign(draft);
    return await resolveWorld(asked, { ...options, fetch: answering({ payload }), now: () => nowSeconds * 1_000 });
  }

  it("is resolved by its address in any case, and by its id", async () => {
    expect((await resolve("WORLDS.example.com/MAIN/")).worldId).toBe(worldId);
    const payload = await sign(draft);
    const world = await resolveWorld(worldId, { server: "https://worlds.example.com", fetch: answering({ payload }) });
    expect(world).toMatchObject({ worldId, server, profile: { name: "例の世界" } });
  });

  it("keeps fields that nobody knows yet", async () => {
    Object.assign(draft.manifest, { later: { a: [1, "x"] } });
    Object.assign(draft.delegation, { later: true });
    Object.assign(draft.profile, { later: null });
    const { manifest, profile } = await resolve();
    expect(manifest).toMatchObject({ later: { a: [1, "x"] }, hostingDelegation: { payload: { later: true } } });
    expect(profile).toMatchObject({ later: null });
  });

  it("may lack modules when it is asked for by its id, and be signed at either place", async () => {
    const { manifest, signature } = await sign(draft);
    const payload = { manifest, manifestSignature: signature };
    const world = await resolveWorld(worldId, { server, fetch: answering({ payload }) });
    expect([world.profile, world.instancePolicy]).toEqual([undefined, undefined]);
  });

  it("is good up to the second in which its delegation ends", async () => {
    Object.assign(draft.delegation, { expiresAt: nowSeconds });
    await resolve();
    Object.assign(draft.delegation, { expiresAt: nowSeconds - 1 });
    await expect(resolve()).rejects.toMatchObject({ code: "DELEGATION_EXPIRED" });
  });

  const other = "medi:world:ed25519:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q";
  it.each<[string, (draft: Draft) => void]>([
    ["MALFORMED_MANIFEST", ({ manifest }) => Object.assign(manifest, { versionId: undefined })],
    ["MALFORMED_MANIFEST", ({ delegation }) => Object.assign(delegation, { issuedAt: "1770000000" })],
    [
      "UNKNOWN_MANIFEST_SCHEMA",
      ({ manifest }) => Object.assign(manifest, { schema: "obj+me.virmesh.world.manifest2" }),
    ],
    ["MALFORMED_WORLD_ID", ({ manifest }) => Object.assign(manifest, { worldId: "world" })],
    ["UNSUPPORTED_KEY_TYPE", ({ manifest }) => Object.assign(manifest, { worldId: "medi:world:rsa:AAAA" })],
    ["INVALID_KEY", ({ manifest }) => Object.assign(manifest, { worldId: "medi:world:ed25519:AAAA" })],
    ["MANIFEST_SIGNATURE", ({ manifest }) => Object.assign(manifest, { worldId: other })],
    ["DELEGATION_WORLD_MISMATCH", ({ delegation }) => Object.assign(delegation, { worldId: other })],
    [
      "DELEGATION_SERVER_MISMATCH",
      ({ delegation }) => Object.assign(delegation, { server: "https://evil.example.com/" }),
    ],
    ["DELEGATION_SERVER_MISMATCH", ({ delegation }) => Object.assign(delegation, { server: `${server}x/` })],
    [
      "DELEGATION_SERVER_MISMATCH",
      ({ delegation }) => Object.assign(delegation, { server: "http://worlds.example.com/" }),
    ],
    ["DELEGATION_SERVER_MISMATCH", ({ delegation }) => Object.assign(delegation, { server: "worlds.example.com" })],
    ["ENDPOINT_MISMATCH", ({ manifest }) => Object.assign(manifest, { endpoint: "https://worlds.example.com:444/" })],
    ["RESOLVING_NOT_DELEGATED", ({ delegation }) => Object.assign(delegation, { capabilities: ["hostLiveSession"] })],
    ["MALFORMED_MODULE", ({ profile }) => Object.assign(profile, { name: undefined })],
    ["MALFORMED_MODULE", ({ profile }) => Object.assign(profile, { addresses: "worlds.example.com/main" })],
    ["MALFORMED_MODULE", ({ policy }) => Object.assign(policy, { createInstance: "yes" })],
    ["MODULE_NAME_MISMATCH", ({ profile }) => Object.assign(profile, { module: "world+me.virmesh.world.other" })],
    ["MODULE_WORLD_MISMATCH", ({ profile }) => Object.assign(profile, { worldId: other })],
    ["ADDRESS_MISMATCH", ({ profile }) => Object.assign(profile, { addresses: ["worlds.example.com/other"] })],
    ["ADDRESS_MISMATCH", ({ profile }) => Object.assign(profile, { addresses: undefined })],
  ])("is refused with %s", async (code, change) => {
    change(draft);
    await expect(resolve()).rejects.toMatchObject({ name: "WorldVerificationError", code });
  });

  it("is refused when it is not what was asked for", async () => {
    const payload = await sign(draft);
    const asking = resolveWorld(other, { server, fetch: answering({ payload }) });
    await expect(asking).rejects.toMatchObject({ code: "WORLD_MISMATCH" });
    await expect(resolve(undefined, { versionId: "v2" })).rejects.toMatchObject({ code: "VERSION_MISMATCH" });
    await expect(resolve(undefined, { versionId: "v1" })).resolves.toMatchObject({ worldId });
  });

  it("is refused when another key has signed a part of it", async () => {
    const thief = await playerKey();
    for (const [part, code] of [
      ["delegation", "DELEGATION_SIGNATURE"],
      ["manifest", "MANIFEST_SIGNATURE"],
      ["profile", "MODULE_SIGNATURE"],
      ["policy", "MODULE_SIGNATURE"],
    ] as const) {
      const payload = await sign(draft, { [part]: thief });
      const asking = resolveWorld("worlds.example.com/main", { fetch: answering({ payload }) });
      await expect(asking).rejects.toMatchObject({ code });
    }
  });

  describe("and its instances", () => {
    const instance = {
      id: "inst_1",
      worldId,
      endpoint: server,
      name: "Main",
      state: "open",
      playerCount: 12,
      capacity: 32,
      joinPolicy: "public",
      createdAt: 1_770_000_000,
      updated_at: 1_770_000_100,
      worldProtocols: [
        { name: "me.virmesh.world.websocket", version: "1.0.0", information: { uri: "wss://worlds.example.com/x" } },
      ],
    };

    async function list(changes: object): Promise<readonly WorldInstance[]> {
      const payload = { instances: [{ ...instance, ...changes }] };
      return await listInstances(await resolve(), { fetch: answering({ payload }) });
    }

    function at(uri: unknown): object {
      return { worldProtocols: [{ name: "me.virmesh.world.websocket", version: "1.0.0", information: { uri } }] };
    }

    it("are taken without a signature where the world does not announce one", async () => {
      expect(await list({ later: [0.5] })).toEqual([{ ...instance, later: [0.5] }]);
    });

    it("need a signature where the world announces one", async () => {
      Object.assign(draft.policy, { signedInstances: true });
      await expect(list({})).rejects.toMatchObject({ code: "INSTANCE_SIGNATURE" });
    });

    it.each<[string, object]>([
      ["MALFORMED_INSTANCE", { id: 1 }],
      ["MALFORMED_INSTANCE", { playerCount: "12" }],
      ["MALFORMED_INSTANCE", { capacity: 1.5 }],
      ["MALFORMED_INSTANCE", { updated_at: -1 }],
      ["MALFORMED_INSTANCE", { state: null }],
      ["MALFORMED_INSTANCE", { worldProtocols: {} }],
      ["MALFORMED_INSTANCE", { worldProtocols: [{ name: "x", version: "1.0.0" }] }],
      ["INSTANCE_WORLD_MISMATCH", { worldId: other }],
      ["INSTANCE_ENDPOINT_MISMATCH", { endpoint: "https://other.example.com/" }],
      ["INSECURE_SESSION_URI", at("ws://worlds.example.com/x")],
      ["INSECURE_SESSION_URI", at("https://worlds.example.com/x")],
      ["INSECURE_SESSION_URI", at("wss://me:secret@worlds.example.com/x")],
      ["INSECURE_SESSION_URI", at("nothing")],
    ])("are refused with %s", async (code, changes) => {
      await expect(list(changes)).rejects.toMatchObject({ name: "WorldVerificationError", code });
    });

    it.each(["ws://127.0.0.1:7707/ws", "ws://localhost/ws", "ws://[::1]:1/ws", "wss://elsewhere.example.org/"])(
      "may be at %s",
      async (uri) => {
        expect(pickInstance(await list(at(uri)))?.id).toBe("inst_1");
      },
    );

    it.each<[string, object]>([
      ["a state that nobody knows", { state: "paused" }],
      ["a policy that nobody knows", { joinPolicy: "ticket" }],
      ["no free seat", { playerCount: 32 }],
      ["more players than seats", { playerCount: 33 }],
      ["a private one", { joinPolicy: "private" }],
      ["one whose seats are not told", { capacity: undefined }],
      ["one with no way in", { worldProtocols: [] }],
      [
        "one with a way in of a later version",
        { worldProtocols: [{ ...instance.worldProtocols[0], version: "2.0.0" }] },
      ],
      ["one with a way in of version 10", { worldProtocols: [{ ...instance.worldProtocols[0], version: "10.0.0" }] }],
      ["one that says not where", at(undefined)],
    ])("are listed and not picked: %s", async (_, changes) => {
      const instances = await list(changes);
      expect(instances).toHaveLength(1);
      expect(pickInstance(instances)).toBeUndefined();
    });

    it("are picked: the fullest that has room, then the oldest, then by id", () => {
      const candidates = [
        { ...instance, id: "d", playerCount: 5, createdAt: 1 },
        { ...instance, id: "c", playerCount: 9, createdAt: 3 },
        { ...instance, id: "b", playerCount: 9, createdAt: 2 },
        { ...instance, id: "a", playerCount: 9, createdAt: 2 },
        { ...instance, id: "e", playerCount: 32, createdAt: 1 },
      ];
      const except = new Set<string>();
      const order: string[] = [];
      for (let next = pickInstance(candidates); next !== undefined; next = pickInstance(candidates, { except })) {
        order.push(next.id);
        except.add(next.id);
      }
      expect(order).toEqual(["a", "b", "c", "d"]);
    });
  });
});

describe("what a client asks", () => {
  it.each([
    ["nothing", ""],
    ["another machine by http", "http://example.com/world"],
    ["a user in the address", "https://me@example.com/world"],
    ["a query in the address", "example.com/world?x"],
    ["an id without a server", worldId],
  ])("is refused before anything is sent: %s", async (_, address) => {
    const asking = resolveWorld(address, { fetch: () => expect.fail("something was sent") });
    await expect(asking).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
  });

  it.each([
    "http://example.com",
    "ftp://example.com",
    "https://me:x@example.com",
    "https://example.com/?x",
    "example.com",
  ])("is not asked at the server %s", async (place) => {
    const asking = resolveWorld(worldId, { server: place, fetch: () => expect.fail("something was sent") });
    await expect(asking).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
  });

  it.each([
    ["example.com/world", "https://example.com/public/me.virmesh.world.resolveWorld?address=example.com%2Fworld"],
    [
      "example.com:8443/a/b",
      "https://example.com:8443/public/me.virmesh.world.resolveWorld?address=example.com%3A8443%2Fa%2Fb",
    ],
    [
      "127.0.0.1:7707/world",
      "http://127.0.0.1:7707/public/me.virmesh.world.resolveWorld?address=127.0.0.1%3A7707%2Fworld",
    ],
    [
      "https://localhost:7707/World",
      "https://localhost:7707/public/me.virmesh.world.resolveWorld?address=localhost%3A7707%2Fworld",
    ],
  ])("about %s goes to %s", async (address, url) => {
    const asked: string[] = [];
    const fetching: typeof fetch = async (input) => {
      asked.push(String(input));
      return new Response("{}", { status: 500 });
    };
    await expect(resolveWorld(address, { fetch: fetching })).rejects.toMatchObject({ code: "MALFORMED_RESPONSE" });
    expect(asked).toEqual([url]);
  });
});

describe("an answer", () => {
  const address = "example.com/world";

  it.each<[string, string, number, object]>([
    [
      "that refuses",
      '{"status":"status+me.virmesh.world.not_found","payload":{"message":"no"}}',
      404,
      { code: "WORLD_SERVER_REFUSED", status: "status+me.virmesh.world.not_found", httpStatus: 404 },
    ],
    [
      "that refuses with 200",
      '{"status":"status+me.virmesh.world.not_found","payload":{"message":"no"}}',
      200,
      { code: "WORLD_SERVER_REFUSED" },
    ],
    ["that refuses without a message", '{"status":"status+example.other"}', 400, { code: "WORLD_SERVER_REFUSED" }],
    [
      "of a success with 500",
      '{"status":"status+me.virmesh.success.worldResolved","payload":{}}',
      500,
      { code: "MALFORMED_RESPONSE" },
    ],
    ["that is a page", "<html>", 200, { code: "MALFORMED_RESPONSE" }],
    ["that is a list", "[]", 200, { code: "MALFORMED_RESPONSE" }],
    ["with fields twice", '{"payload":{},"payload":{}}', 200, { code: "MALFORMED_RESPONSE" }],
    ["without a payload", '{"status":"status+me.virmesh.success.worldResolved"}', 200, { code: "MALFORMED_MANIFEST" }],
    ["of 5 MiB", `{"payload":"${"x".repeat(5 * 1_048_576)}"}`, 200, { code: "MALFORMED_RESPONSE" }],
  ])("%s is told as what it is", async (_, text, status, error) => {
    const asking = resolveWorld(address, { fetch: async () => new Response(text, { status }) });
    await expect(asking).rejects.toMatchObject(error);
  });

  it("that never comes ends with a timeout, and with the caller's signal", async () => {
    const silent: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      });
    await expect(resolveWorld(address, { fetch: silent, timeoutMs: 1 })).rejects.toMatchObject({
      code: "WORLD_SERVER_TIMEOUT",
    });
    const reason = new Error("enough");
    const controller = new AbortController();
    const asking = resolveWorld(address, { fetch: silent, signal: controller.signal });
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
  });

  it("from nowhere is told as such", async () => {
    await expect(resolveWorld("127.0.0.1:1/world")).rejects.toMatchObject({ code: "WORLD_SERVER_UNREACHABLE" });
  });

  describe("where signatures cannot be checked", () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    beforeEach(() => {
      Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    });
    afterEach(() => {
      if (own !== undefined) Object.defineProperty(globalThis, "crypto", own);
    });

    it("is not believed", async () => {
      await expect(resolveWorld(address, { fetch: answering({ payload: {} }) })).rejects.toMatchObject({
        code: "NO_WEB_CRYPTO",
      });
    });
  });
});

async function sign(
  { manifest, delegation, profile, policy }: Draft,
  keys: Partial<Record<keyof Draft, SigningKey>> = {},
) {
  const key = await worldKey();
  const signed = {
    ...manifest,
    hostingDelegation: { payload: delegation, signature: await (keys.delegation ?? key).sign(delegation) },
  };
  return {
    manifest: signed,
    signature: await (keys.manifest ?? key).sign(signed),
    modules: {
      "world+me.virmesh.world.profile": { payload: profile, signature: await (keys.profile ?? key).sign(profile) },
      "world+me.virmesh.world.instancePolicy": {
        payload: policy,
        signature: await (keys.policy ?? key).sign(policy),
      },
    },
  };
}

function answering(body: object): typeof fetch {
  return async () => new Response(JSON.stringify(body));
}

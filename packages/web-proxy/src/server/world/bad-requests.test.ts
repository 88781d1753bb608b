import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenWorldServer, openWorldServer } from "../../testing/open-world-server.js";
import { rawRequest } from "../../testing/raw-request.js";
import { askWorld, postWorld } from "../../testing/world-request.js";
import { hexOf, playerKey, worldKey, worldSpki } from "../../testing/world-vectors.js";
import { toBase64, toBase64Url } from "../../world/encoded-bytes.js";
import { playerIdOf } from "../../world/identity.js";
import { createSigningKey } from "../../world/keys.js";

const listPath = "/public/me.virmesh.worldInstance.listInstance";
const getPath = "/public/me.virmesh.worldInstance.getInstance";
const resolvePath = "/public/me.virmesh.world.resolveWorld";
const createPath = "/private/me.virmesh.worldInstance.createInstance";
const nowSeconds = 1_770_000_000;
const spkiHead = worldSpki.slice(0, 16);

describe("a WorldServer that is asked wrongly", () => {
  let server: OpenWorldServer;
  let nowMs: number;
  /** The instances and started worlds, which no refused request may change. */
  let before: string;
  let started: () => readonly unknown[];

  beforeEach(async () => {
    nowMs = nowSeconds * 1_000 - 1_000_000;
    const players = () => true;
    const createInstance = { record: { recordId: "R-garden", ownerId: "U-resonite" }, players, maxPerHour: 1_000 };
    server = await openWorldServer({ createInstance, now: () => nowMs });
    nowMs = nowSeconds * 1_000;
    const mod = server.addEngine("one", { records: [{ name: "Garden" }] });
    started = () => mod.engine.journal.calls("world.startWorld");
    before = await idsOf();
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
  });

  async function idsOf(): Promise<string> {
    const { payload } = await askWorld(server.url, listPath, { worldId: server.world.worldId });
    return payload.instances.map(({ id }: { id: string }) => id).join();
  }

  async function expectNothingCreated(): Promise<void> {
    expect(started()).toEqual([]);
    expect(await idsOf()).toBe(before);
  }

  /** A request that is right but for what the test changes. */
  async function request(changes: object = {}, envelope: object = {}) {
    const key = await playerKey();
    const { worldId } = server.world;
    const payload = { worldId, createdAt: nowSeconds, nonce: crypto.randomUUID(), ...changes };
    const signature = await key.sign(payload).catch(() => "");
    return { from: playerIdOf(key.publicKey), payload, signature, ...envelope };
  }

  async function post(body: object) {
    return await postWorld(server.url, createPath, JSON.stringify(body));
  }

  it.each<[string, string, Record<string, string>, number, string]>([
    ["no world", listPath, {}, 400, "json.invalid_payload"],
    ["an empty world", listPath, { worldId: "" }, 400, "json.invalid_payload"],
    ["a text for a world", listPath, { worldId: "Main" }, 400, "json.invalid_payload"],
    ["a player for a world", listPath, { worldId: "medi:player:ed25519:AAAA" }, 400, "json.invalid_payload"],
    ["an id with a line feed", listPath, { worldId: "medi\n:world:ed25519:A" }, 400, "json.invalid_payload"],
    ["a scheme that is not enabled", listPath, { worldId: "medi:world:rsa:AAAA" }, 400, "key.unsupported_keytype"],
    ["a key that is none", listPath, { worldId: "medi:world:ed25519:AAAA" }, 400, "key.invalid_key"],
    [
      "the world's key in another encoding",
      listPath,
      { worldId: `medi:world:ed25519:${worldSpki}` },
      404,
      "world.not_found",
    ],
    [
      "an id of 8,000 characters",
      listPath,
      { worldId: `medi:world:ed25519:${"A".repeat(8_000)}` },
      400,
      "json.invalid_payload",
    ],
    ["no instance", getPath, {}, 400, "json.invalid_payload"],
    ["two instances", getPath, { instanceId: "a", id: "b" }, 400, "json.invalid_payload"],
    ["an unknown instance", getPath, { instanceId: "inst_0" }, 404, "worldInstance.not_found"],
    ["an unknown instance by its other name", getPath, { id: "__proto__" }, 404, "worldInstance.not_found"],
    ["neither id nor address", resolvePath, {}, 400, "json.invalid_payload"],
    ["an unknown action", "/public/constructor", {}, 404, "action.not_found"],
    ["an action of another family", createPath.replace("private", "ws-sync"), {}, 404, "action.not_found"],
  ])("answers with a documented status to %s", async (_, path, query, http, status) => {
    expect(await askWorld(server.url, path, query)).toMatchObject({ http, status });
  });

  it("refuses a parameter that is given twice", async () => {
    const id = encodeURIComponent(server.world.worldId);
    const reply = await askWorld(server.url, `${listPath}?worldId=${id}&worldId=${id}`);
    expect(reply).toMatchObject({ http: 400, status: "json.invalid_payload" });
  });

  it("takes colons of an id as they are, and encoded", async () => {
    const { worldId } = server.world;
    for (const text of [worldId, encodeURIComponent(worldId)]) {
      expect(await askWorld(server.url, `${listPath}?worldId=${text}`)).toMatchObject({ http: 200 });
    }
  });

  it.each([
    ["nothing", "", 400, "json.invalid_json"],
    ["what is no JSON", "{", 400, "json.invalid_json"],
    ["fields twice", '{"from":"a","from":"b"}', 400, "json.invalid_json"],
    ["60,000 lists in each other", "[".repeat(60_000), 400, "json.invalid_json"],
    ["30,000 lists that end", "[".repeat(30_000) + "]".repeat(30_000), 400, "json.invalid_json"],
    ["what is no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 400, "json.invalid_json"],
    ["a list", "[]", 400, "json.invalid_payload"],
    ["an empty object", "{}", 400, "json.invalid_payload"],
    ["64 KiB and one byte", " ".repeat(65_537), 413, "http.payload_too_large"],
    ["1 MiB", `{"from":"${"x".repeat(1_048_576)}"}`, 413, "http.payload_too_large"],
  ])("answers with a documented status to a body of %s", async (_, body, http, status) => {
    expect(await postWorld(server.url, createPath, body)).toMatchObject({ http, status });
    await expectNothingCreated();
  });

  it("stops reading a body of unknown length when it is too long", async () => {
    const body = "x".repeat(1_048_576);
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    const { status } = await rawRequest(server.url, { method: "POST", path: createPath, headers, body });
    expect(status).toBe(413);
  });

  it("takes a body of exactly 64 KiB", async () => {
    const text = JSON.stringify(await request());
    expect(await postWorld(server.url, createPath, text.padEnd(65_536, " "))).toMatchObject({ http: 200 });
  });

  it.each<[string, object]>([
    ["no world", { worldId: undefined }],
    ["a number for a world", { worldId: 1 }],
    ["no nonce", { nonce: undefined }],
    ["an empty nonce", { nonce: "" }],
    ["a nonce of 129 characters", { nonce: "n".repeat(129) }],
    ["no time", { createdAt: undefined }],
    ["a time in a text", { createdAt: String(nowSeconds) }],
    ["a fraction of a second", { createdAt: nowSeconds + 0.5 }],
    ["a time before all", { createdAt: -1 }],
    ["no room", { capacity: 0 }],
    ["half a player", { capacity: 1.5 }],
    ["an empty name", { name: "  " }],
    ["a name of 65 characters", { name: "😀".repeat(65) }],
    ["a policy that nobody knows", { joinPolicy: "ticket" }],
  ])("refuses a request with %s", async (_, changes) => {
    expect(await post(await request(changes))).toMatchObject({ http: 400, status: "json.invalid_payload" });
    await expectNothingCreated();
  });

  it("refuses fields that it does not know", async () => {
    const unexpected = { http: 400, status: "json.unexpected_fields" };
    expect(await post(await request({ admin: true }))).toMatchObject(unexpected);
    expect(await post(await request({}, { to: "server" }))).toMatchObject(unexpected);
    await expectNothingCreated();
  });

  it("refuses more room than the policy has, and takes what it has", async () => {
    const refused = await post(await request({ capacity: 33 }));
    expect(refused).toMatchObject({ http: 403, status: "worldInstance.create_not_allowed" });
    await expectNothingCreated();
    const { http, payload } = await post(await request({ capacity: 32, name: " 例 ", joinPolicy: "private" }));
    expect([http, payload.instance]).toMatchObject([200, { capacity: 32, name: "例", joinPolicy: "private" }]);
  });

  describe("with keys", () => {
    it.each<[string, (raw: Uint8Array) => string]>([
      ["base64", toBase64],
      ["base64url", toBase64Url],
      ["hex", hexOf],
      ["hex with its name", (raw) => `hex:${hexOf(raw)}`],
      ["SPKI", (raw) => spkiHead + toBase64(raw)],
      ["PEM", (raw) => `-----BEGIN PUBLIC KEY-----\n${spkiHead}${toBase64(raw)}\n-----END PUBLIC KEY-----`],
    ])("takes one as %s", async (_, encode) => {
      // Not each 32 bytes fit behind the head of SPKI in base64 letter by letter: 12 bytes do.
      const { publicKey } = await playerKey();
      const from = `medi:player:ed25519:${encode(publicKey)}`;
      expect(await post(await request({}, { from }))).toMatchObject({ http: 200 });
    });

    it.each([
      ["an id of a world", "medi:world:ed25519:AAAA", 400, "json.invalid_payload"],
      ["a text", "Robin", 400, "json.invalid_payload"],
      ["a scheme that is not enabled", "medi:player:rsa:AAAA", 400, "key.unsupported_keytype"],
      ["a key that is none", "medi:player:ed25519:AAAA", 400, "key.invalid_key"],
      ["a key under which anybody can sign", `medi:player:ed25519:01${"00".repeat(31)}`, 400, "key.invalid_key"],
    ])("refuses %s", async (_, from, http, status) => {
      expect(await post(await request({}, { from }))).toMatchObject({ http, status });
      await expectNothingCreated();
    });

    it("refuses a signature of another player, of another payload, and what is none", async () => {
      const refused = { http: 401, status: "key.invalid_signature" };
      const right = await request();
      const others = [
        { ...right, from: playerIdOf((await worldKey()).publicKey) },
        { ...right, payload: { ...right.payload, capacity: 2 } },
        { ...right, signature: "" },
        { ...right, signature: `${right.signature}AAAA` },
        { ...right, signature: (await request()).signature },
      ];
      for (const other of others) expect(await post(other)).toMatchObject(refused);
      await expectNothingCreated();
      expect(await post(right)).toMatchObject({ http: 200 });
    });
  });

  describe("with clocks", () => {
    it.each([
      [-301, 400, "worldInstance.timestamp_out_of_range"],
      [-300, 200, "success.instanceCreated"],
      [0, 200, "success.instanceCreated"],
      [30, 200, "success.instanceCreated"],
      [31, 400, "worldInstance.timestamp_in_future"],
      [1_000_000, 400, "worldInstance.timestamp_in_future"],
    ])("answers to one that is %i seconds ahead with %i %s", async (ahead, http, status) => {
      expect(await post(await request({ createdAt: nowSeconds + ahead }))).toMatchObject({ http, status });
      if (http !== 200) await expectNothingCreated();
    });

    it("refuses what was signed before the server was started, as it may have been answered then", async () => {
      await using late = await openWorldServer({
        createInstance: { record: { recordId: "R-garden", ownerId: "U-resonite" }, players: "anybody" },
        now: () => nowMs,
      });
      const old = await request({ createdAt: nowSeconds - 1 });
      const reply = await postWorld(late.url, createPath, JSON.stringify(old));
      expect(reply).toMatchObject({ http: 400, status: "worldInstance.timestamp_out_of_range" });
    });
  });

  it("refuses a request that comes again, for as long as it would be accepted and after", async () => {
    const again = await request();
    expect(await post(again)).toMatchObject({ http: 200 });
    for (const [later, http, status] of [
      [0, 409, "worldInstance.nonce_conflict"],
      [300, 409, "worldInstance.nonce_conflict"],
      [301, 400, "worldInstance.timestamp_out_of_range"],
    ] as const) {
      nowMs = (nowSeconds + later) * 1_000;
      expect(await post(again)).toMatchObject({ http, status });
    }
    expect(started()).toHaveLength(1);
  });

  it("refuses it also under another writing of the player's id", async () => {
    const first = await request();
    expect(await post(first)).toMatchObject({ http: 200 });
    const { publicKey } = await playerKey();
    const reply = await post({ ...first, from: `medi:player:ed25519:${hexOf(publicKey)}` });
    expect(reply).toMatchObject({ http: 409, status: "worldInstance.nonce_conflict" });
  });

  it("keeps the nonces of players apart", async () => {
    const key = await createSigningKey(new Uint8Array(32).fill(9));
    const first = await request({
      nonce: "n",
      worldId: "medi:world:ed25519:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q",
    });
    expect(await post(first)).toMatchObject({ http: 404 });
    const { payload } = first;
    const reply = await post({ from: playerIdOf(key.publicKey), payload, signature: await key.sign(payload) });
    expect(reply).toMatchObject({ http: 404 });
  });

  it("checks no more signatures than it can, from one network", async () => {
    const replies = await Promise.all(
      Array.from({ length: 25 }, async () => await post(await request({}, { signature: "" }))),
    );
    const refused = replies.filter(({ status }) => status === "worldInstance.create_not_allowed");
    expect([refused.length, refused[0]?.http]).toEqual([5, 403]);
  });

  it("sends everything as JSON that nobody keeps and every page may read", async () => {
    for (const path of ["/public/", listPath, "/public/nothing"]) {
      const { headers } = await rawRequest(server.url, { path, headers: { origin: "https://example.com" } });
      expect(headers).toMatchObject({
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "access-control-allow-origin": "*",
      });
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
    }
  });
});

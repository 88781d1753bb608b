import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { worldId } from "../../testing/world-vectors.js";
import { verifySignature } from "../../world/keys.js";
import { defaultWorldDirectory, WorldStore } from "./world-store.js";

describe("WorldStore", () => {
  let parent: string;
  let directory: string;
  let store: WorldStore;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "resoio-worlds-"));
    directory = join(parent, "deep/worlds");
    store = new WorldStore({ directory });
  });
  afterEach(async () => {
    await rm(parent, { recursive: true, force: true });
  });

  it("holds nothing and makes nothing before it is asked to", async () => {
    expect(await store.list()).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
  });

  it("keeps a world over restarts, for its owner only", async () => {
    const made = await store.create({ slug: "lab", name: "例 Lab", tags: ["a"], addresses: ["example.com/lab"] });
    const modes = await Promise.all(
      [directory, join(directory, "lab.world.json")].map(async (path) => (await stat(path)).mode),
    );
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o700, 0o600]);
    expect(await readdir(directory)).toEqual(["lab.world.json"]);
    const read = await new WorldStore({ directory }).get("lab");
    expect({ ...read, key: undefined }).toEqual({ ...made, key: undefined });
    expect(await verifySignature({ a: 1 }, await read.key.sign({ a: 1 }), made.key.publicKey)).toBe(true);
  });

  it("makes a world of its own when there is none, once", async () => {
    const both = await Promise.all([store.listOrCreate("Here"), new WorldStore({ directory }).listOrCreate("Here")]);
    const [one, other] = both.map((worlds) => worlds.map(({ worldId: id }) => id));
    expect(one).toHaveLength(1);
    expect(other).toEqual(one);
    expect(await store.listOrCreate("There")).toMatchObject([{ slug: "world", name: "Here" }]);
  });

  it.each([
    ["hex", "01".repeat(32)],
    ["base64", Buffer.alloc(32, 1).toString("base64")],
    ["base64url with a line feed", `${Buffer.alloc(32, 1).toString("base64url")}\n`],
  ])("takes a key of one's own in %s, and gives it back", async (_, privateKey) => {
    expect(await store.create({ slug: "own", name: "Own", privateKey })).toMatchObject({ worldId });
    const pem = await store.exportPrivateKey("own");
    await rm(directory, { recursive: true });
    expect(await store.create({ slug: "again", name: "Again", privateKey: pem })).toMatchObject({ worldId });
  });

  it("takes the key that OpenSSL and Node write", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const { key } = await store.create({ slug: "own", name: "Own", privateKey: pem });
    expect(key.publicKey).toEqual(new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(12)));
    expect(await store.exportPrivateKey("own")).toBe(pem);
  });

  it("refuses other keys without showing them", async () => {
    const x25519 = generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const cipher = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" } as const;
    const locked = generateKeyPairSync("ed25519").privateKey.export(cipher).toString();
    const broken = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
    for (const [privateKey, code] of [
      [x25519, "UNSUPPORTED_KEY_TYPE"],
      [locked, "INVALID_KEY"],
      [broken, "INVALID_KEY"],
      ["c2VjcmV0", "INVALID_KEY"],
      ["", "INVALID_KEY"],
    ] as const) {
      const error = await failureOf(store.create({ slug: "own", name: "Own", privateKey }));
      expect(error).toMatchObject({ name: "WorldKeyError", code });
      // With its causes.
      expect(inspect(error)).not.toContain("c2VjcmV0");
    }
    expect(await store.list()).toEqual([]);
  });

  it("refuses a second world with the same name, key or address", async () => {
    await store.create({ slug: "one", name: "One", privateKey: "01".repeat(32), addresses: ["example.com/One"] });
    const exists = { code: "WORLD_EXISTS" };
    await expect(store.create({ slug: "one", name: "Other" })).rejects.toMatchObject(exists);
    await expect(store.create({ slug: "two", name: "Two", privateKey: "01".repeat(32) })).rejects.toMatchObject(exists);
    await expect(store.create({ slug: "two", name: "Two", addresses: ["EXAMPLE.com/one"] })).rejects.toMatchObject(
      exists,
    );
    expect(await readdir(directory)).toEqual(["one.world.json"]);
  });

  it.each(["", "Lab", "../lab", "a/b", ".hidden", "a b", "x".repeat(65)])(
    "refuses %j as a name in an address",
    async (slug) => {
      await expect(store.create({ slug, name: "Name" })).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
      await expect(store.get(slug)).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
    },
  );

  it.each(["", "  ", "x".repeat(101), "\ud800"])("refuses %j as a name", async (name) => {
    await expect(store.create({ slug: "lab", name })).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
  });

  it("refuses to use keys that others can read or replace", async () => {
    await store.create({ slug: "lab", name: "Lab" });
    await chmod(join(directory, "lab.world.json"), 0o640);
    await expect(store.list()).rejects.toMatchObject({
      code: "KEYS_EXPOSED",
      message: expect.stringContaining("chmod 600"),
    });
    await chmod(join(directory, "lab.world.json"), 0o600);
    await chmod(directory, 0o755);
    await expect(store.list()).rejects.toMatchObject({
      code: "KEYS_EXPOSED",
      message: expect.stringContaining("chmod 700"),
    });
    await expect(store.create({ slug: "two", name: "Two" })).rejects.toMatchObject({ code: "KEYS_EXPOSED" });
  });

  it.each(["", "{}", '{"version":1,"privateKey":"c2VjcmV0","name":1}', '{"version":2}', "c2VjcmV0"])(
    "refuses a file with %j without showing it",
    async (text) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(join(directory, "lab.world.json"), text, { mode: 0o600 });
      const error = await failureOf(store.list());
      expect(error).toMatchObject({ code: "MALFORMED_WORLD_FILE" });
      // With its causes.
      expect(inspect(error)).not.toContain("c2VjcmV0");
    },
  );

  it("says so when there is no such world", async () => {
    await expect(store.get("lab")).rejects.toMatchObject({ code: "NO_SUCH_WORLD" });
    await store.create({ slug: "lab", name: "Lab" });
    await expect(store.exportPrivateKey("other")).rejects.toMatchObject({ code: "NO_SUCH_WORLD" });
  });

  it("leaves files of others alone", async () => {
    await store.create({ slug: "lab", name: "Lab" });
    await writeFile(join(directory, "notes.txt"), "mine");
    expect(await store.list()).toMatchObject([{ slug: "lab" }]);
    expect(await readFile(join(directory, "notes.txt"), "utf8")).toBe("mine");
  });

  it("is where programs keep their settings, if it is nowhere else", () => {
    expect(defaultWorldDirectory({ XDG_CONFIG_HOME: "/etc/x" })).toBe("/etc/x/resoio/worlds");
    expect(defaultWorldDirectory({})).toMatch(/\/\.config\/resoio\/worlds$/);
  });
});

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  return await action.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
}

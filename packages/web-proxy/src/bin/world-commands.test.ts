import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { worldId } from "../testing/world-vectors.js";

const command = join(import.meta.dirname, "../../bin/resoio-proxy.js");

// Every test starts processes.
describe("resoio-proxy world", { timeout: 60_000 }, () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "resoio-world-command-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a sub-command to its end. */
  async function world(...args: string[]) {
    const { promise, resolve } = Promise.withResolvers<{ code: unknown; stdout: string; stderr: string }>();
    const env = { ...process.env, XDG_CONFIG_HOME: folder };
    execFile(process.execPath, [command, "world", ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
    return await promise;
  }

  it("makes worlds, lists them, and gives their keys back", async () => {
    expect(await world("list", "--format", "json")).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
    const made = await world("create", "My Lab", "--slug", "lab", "--tag", "a", "b", "--expires-in", "30d");
    expect(made).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^medi:world:ed25519:[\w-]{43}\n$/),
    });
    await world("create", "Other", "--slug", "other", "--address", "example.com/other");
    const { stdout } = await world("list", "--format", "json");
    expect(JSON.parse(stdout)).toEqual([
      {
        worldId: made.stdout.trim(),
        name: "My Lab",
        address: "127.0.0.1:7707/lab",
        slug: "lab",
        tags: ["a", "b"],
        expiresAt: expect.closeTo(Date.now() / 1_000 + 30 * 86_400, -3),
      },
      { worldId: expect.any(String), name: "Other", address: "example.com/other", slug: "other" },
    ]);
    expect((await world("list")).stdout).toContain(`My Lab  127.0.0.1:7707/lab  ${made.stdout.trim()}`);
    const { mode } = await stat(join(folder, "resoio/worlds/lab.world.json"));
    expect(mode & 0o777).toBe(0o600);

    const shown = await world("export", "lab");
    expect(JSON.parse(shown.stdout)).toMatchObject({ worldId: made.stdout.trim() });
    expect(shown.stdout).not.toContain("PRIVATE");
    const key = await world("export", "lab", "--private-key");
    await writeFile(join(folder, "key.pem"), key.stdout);
    const elsewhere = join(folder, "elsewhere");
    const again = await world("create", "Again", "--key-file", join(folder, "key.pem"), "--world-directory", elsewhere);
    expect(again.stdout).toBe(made.stdout);
  });

  it("takes a key of one's own", async () => {
    await writeFile(join(folder, "key"), "01".repeat(32));
    expect((await world("create", "Own", "--key-file", join(folder, "key"))).stdout).toBe(`${worldId}\n`);
  });

  it.each([
    ["a format that does not exist", ["list", "--format", "xml"], /text or json/],
    ["a key that is not there", ["create", "X", "--key-file", "/nowhere"], /ENOENT/],
    ["a key that is none", ["create", "X", "--key-file", command], /neither PEM nor/],
    ["a name that cannot be in an address", ["create", "X", "--slug", "A B"], /small letters/],
    ["a world that is not there", ["export", "nothing"], /there is no world "nothing"/],
  ])("says in a line what is wrong with %s", async (_, args, says) => {
    const { code, stdout, stderr } = await world(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { startMockServer } from "@resoio/mock-server";
import { openRecordingFile } from "@resoio/recording/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createInstance, resolveWorld } from "../instances/index.js";
import { localhostCert, localhostKey } from "../testing/localhost-certificate.js";
import { callJson, rawRequest } from "../testing/raw-request.js";
import { playerId, playerKey } from "../testing/world-vectors.js";

const command = join(import.meta.dirname, "../../bin/resoio-proxy.js");
const ping = "/resonite_io.v1.Connection/Ping";

// Every test starts a process or more.
describe("resoio-proxy", { timeout: 60_000 }, () => {
  let folder: string;
  let secretFile: string;
  const children: ChildProcessByStdio<null, Readable, Readable>[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "resoio-proxy-test-"));
    secretFile = join(folder, "secret");
    await writeFile(secretFile, "a secret of more than thirty-two bytes\n", { mode: 0o600 });
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  function run(...args: string[]): ChildProcessByStdio<null, Readable, Readable> {
    const env = { ...process.env, RESONITE_IO_SOCKET: "", RESONITE_IO_SOCKET_DIR: folder };
    const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
    children.push(child);
    return child;
  }

  /** Runs the command until it listens, on any port. */
  async function start(...args: string[]) {
    const child = run("--port", "0", ...args);
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    let stdout = "";
    const lines = createInterface(child.stdout);
    lines.on("line", (text) => {
      stdout += `${text}\n`;
    });
    const [line] = await once(lines, "line");
    return {
      stdout: () => stdout,
      url: /listens at (\S+)/.exec(String(line))?.[1] ?? "",
      stderr: () => stderr,
      async stop() {
        // Not as soon as it has ended, but when all that it said is here.
        const closed = once(child, "close");
        child.kill("SIGINT");
        return Number((await closed)[0]);
      },
    };
  }

  /** Runs the command to its end. */
  async function finish(...args: string[]) {
    const child = run(...args);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    return { code, stdout, stderr };
  }

  it("records what goes through, and says what it has when it is interrupted", async () => {
    const file = join(folder, "run.mcap");
    const proxy = await start("--mock", "--record", file, "--record-camera", "jpeg:64", "--record-always", "camera");
    expect((await callJson(proxy.url, ping, { message: "hello" })).status).toBe(200);
    expect(await proxy.stop()).toBe(0);

    expect(proxy.stdout()).toMatch(/^recorded \d+\.\d s: \d+ messages, \d+\.\d MB(, \d+ are missing)?$/m);
    await using reader = await openRecordingFile(file);
    expect(reader.info.isComplete).toBe(true);
    const topics = reader.topics.map(({ topic }) => topic);
    expect(topics).toEqual(expect.arrayContaining(["/calls", "/rpc/connection.ping/request"]));
    expect(topics).not.toContain("/rpc/camera.streamFrames/response");
  });

  it.each([
    ["a file that cannot be written", ["--record", "/nowhere/run.mcap"], "no such file or directory"],
    ["how to record, and no file", ["--record-always", "camera"], "give a file with it"],
    ["a stream that there is not", ["--record", "run.mcap", "--record-always", "smell"], "expected camera, speaker"],
    ["a format that there is not", ["--record", "run.mcap", "--record-camera", "gif"], "expected raw, jpeg or webp"],
  ])("ends at once with %s", async (_, args, problem) => {
    const { code, stderr } = await finish("--port", "0", "--mock", ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(problem);
  });

  it("finds the mod, carries calls, and ends when it is interrupted", async () => {
    await using mod = await startMockServer({ socketPath: join(folder, `resonite-${process.pid}.sock`) });
    const proxy = await start();
    expect((await callJson(proxy.url, ping, { message: "hello" })).text).toContain("hello");
    expect(await proxy.stop()).toBe(0);
    expect(mod.engine.journal.calls("connection.ping")).toHaveLength(1);
  });

  it("waits for a mod that is not there yet", async () => {
    const proxy = await start();
    expect((await callJson(proxy.url, ping)).status).toBe(503);
    await using _mod = await startMockServer({ socketPath: join(folder, `resonite-${process.pid}.sock`) });
    expect((await callJson(proxy.url, ping)).status).toBe(200);
    expect(proxy.stderr()).toContain("there is no mod yet");
    expect(await proxy.stop()).toBe(0);
  });

  it("brings a simulated mod, files, and further mods by name", async () => {
    await using _lab = await startMockServer({ socketPath: join(folder, "lab.sock") });
    await writeFile(join(folder, "hello.txt"), "hello");
    const proxy = await start("--mock", "--static", folder, "--upstream", `lab=${join(folder, "lab.sock")}`);
    expect((await callJson(proxy.url, ping)).status).toBe(200);
    expect((await callJson(proxy.url, `/engine/lab${ping}`)).status).toBe(200);
    expect((await rawRequest(proxy.url, { path: "/hello.txt" })).text).toBe("hello");
    expect(await proxy.stop()).toBe(0);
  });

  it("gives rights to those without a token, or none", async () => {
    const generous = await start("--mock", "--grant", "admin,write");
    expect((await callJson(generous.url, "/resonite_io.v1.Auth/Logout")).status).toBe(200);
    expect((await callJson(generous.url, "/resonite_io.v1.Auth/Login")).status).toBe(403);
    await generous.stop();
    const strict = await start("--mock", "--token-secret-file", secretFile, "--require-token");
    expect((await callJson(strict.url, ping)).status).toBe(401);
    const { code, stdout, stderr } = await finish("token", "--token-secret-file", secretFile, "--access", "observe");
    expect([code, stderr]).toEqual([0, ""]);
    const authorization = `Bearer ${stdout.trim()}`;
    expect((await callJson(strict.url, ping, {}, { authorization })).status).toBe(200);
    expect((await callJson(strict.url, "/resonite_io.v1.Cursor/SetPosition", {}, { authorization })).status).toBe(403);
    await strict.stop();
    expect(strict.stderr()).not.toContain(stdout.trim());
  });

  it("lets other origins and names in when it is told to", async () => {
    const proxy = await start("--mock", "--allow-origin", "http://localhost:5173", "--allow-host", "stage.local");
    expect((await callJson(proxy.url, ping, {}, { origin: "http://localhost:5173" })).status).toBe(200);
    expect((await callJson(proxy.url, ping, {}, { origin: "http://localhost:5174" })).status).toBe(403);
    expect((await callJson(proxy.url, ping, {}, { host: "stage.local" })).status).toBe(401);
    expect((await callJson(proxy.url, ping, {}, { host: "stage.lokal" })).status).toBe(421);
    await proxy.stop();
  });

  it("listens beyond this machine only with TLS and tokens", async () => {
    const cert = join(folder, "cert.pem");
    const key = join(folder, "key.pem");
    await writeFile(cert, localhostCert);
    await writeFile(key, localhostKey);
    const refused = await finish("--mock", "--host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key);
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("it needs a token secret") });
    const proxy = await start(
      ...["--mock", "--host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key, "--token-secret-file", secretFile],
    );
    expect(proxy.url).toMatch(/^https:\/\/localhost:\d+$/);
    expect(await proxy.stop()).toBe(0);
  });

  it("takes the next port that is free and says so, or fails with --strict-port", async () => {
    const first = await start("--mock");
    const { port } = new URL(first.url);
    const second = await start("--mock", "--port", port);
    expect(Number(new URL(second.url).port)).toBeGreaterThan(Number(port));
    expect((await callJson(second.url, ping)).status).toBe(200);
    expect(second.stderr()).toContain(`port ${port} is taken: ${new URL(second.url).port} it is instead`);
    const strict = await finish("--mock", "--port", port, "--strict-port");
    expect(strict).toMatchObject({ code: 1, stdout: "" });
    expect(strict.stderr).toContain(`resoio-proxy: port ${port} of 127.0.0.1 is taken`);
    expect(await first.stop()).toBe(0);
    expect(await second.stop()).toBe(0);
  });

  it("lets those players create instances that it is told, and nobody without being told", async () => {
    const worlds = ["--mock", "--world-directory", join(folder, "worlds")];
    const player = await playerKey();
    const createAt = async (url: string) => {
      const world = await resolveWorld(`${new URL(url).host}/world`);
      return await createInstance(world, { player, name: "Attic" });
    };
    const closed = await start(...worlds);
    await expect(createAt(closed.url)).rejects.toMatchObject({ status: "status+me.virmesh.action.not_supported" });
    await closed.stop();
    const record = ["--create-instances-of", "U-robin/R-robin-s-attic", "--create-instances-by"];
    const others = await start(...worlds, ...record, "medi:player:ed25519:somebody-else");
    await expect(createAt(others.url)).rejects.toMatchObject({ httpStatus: 403 });
    await others.stop();
    const open = await start(...worlds, ...record, "medi:player:ed25519:somebody-else", playerId);
    expect(await createAt(open.url)).toMatchObject({ name: "Attic", state: "open" });
    await open.stop();
  });

  it("warns of a secret that others can read", async () => {
    await chmod(secretFile, 0o644);
    const { code, stdout, stderr } = await finish("token", "--token-secret-file", secretFile);
    expect([code, stdout.split(".").length]).toEqual([0, 3]);
    expect(stderr).toContain("chmod 600");
  });

  it.each([
    ["a port that is none", ["--port", "http"], /whole number/],
    ["a right that does not exist", ["--grant", "root"], /observe,control,write,admin,secret/],
    ["a time that is none", ["token", "--token-secret-file", "x", "--expires-in", "soon"], /90s, 30m, 8h/],
    ["a secret that is not there", ["token", "--token-secret-file", "/nowhere"], /ENOENT/],
    ["half a certificate", ["--mock", "--tls-cert", "cert.pem"], /belong together/],
    ["a port that does not exist", ["--mock", "--port", "65536"], /0 to 65535/],
    ["a folder that is not there", ["--mock", "--port", "0", "--static", "/nowhere"], /static files/],
    ["an upstream without a name", ["--mock", "--upstream", "/tmp/lab.sock"], /NAME=PATH/],
    ["an origin that is none", ["--mock", "--port", "0", "--allow-origin", "*"], /no wildcard/],
    ["half a permission to create", ["--mock", "--create-instances-by", "anybody"], /belong together/],
    ["a saved world that is none", ["--mock", "--create-instances-of", "R-attic"], /OWNER\/RECORD/],
    ["two mods", ["--mock", "--socket", "/tmp/a.sock"], /cannot be used with/],
  ])("says in a line what is wrong with %s", async (_, args, says) => {
    const { code, stdout, stderr } = await finish(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

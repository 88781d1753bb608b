import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { services } from "@resoio/core";
import { connect } from "@resoio/node-uds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RawClient, statusOf } from "../testing/raw-client.js";

const command = join(import.meta.dirname, "../../bin/resoio-mock.js");

describe("resoio-mock", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "resoio-mock-test-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function run(...args: string[]): ChildProcessByStdio<null, Readable, Readable> {
    const env = { ...process.env, RESONITE_IO_SOCKET: "", RESONITE_IO_SOCKET_DIR: folder };
    return spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  }

  /** Runs the command until it listens. */
  async function start(...args: string[]): Promise<{ socketPath: string; stop: () => Promise<number> }> {
    const child = run(...args);
    const [line] = await once(createInterface(child.stdout), "line");
    return {
      socketPath: /listens on (\S+)/.exec(String(line))?.[1] ?? "",
      async stop() {
        const exited = once(child, "exit");
        child.kill("SIGINT");
        const [code] = await exited;
        return Number(code);
      },
    };
  }

  /** Runs the command to its end. */
  async function finish(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
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

  it("listens where the real mod would, answers, and leaves nothing when it is interrupted", async () => {
    const mock = await start();
    expect(mock.socketPath).toMatch(new RegExp(`^${folder}/resonite-\\d+\\.sock$`));
    await using resonite = await connect({ socketPath: mock.socketPath });
    expect((await resonite.connection.ping("hello")).message).toBe("hello");
    expect(await mock.stop()).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it("ends by itself when a caller shuts the game down", async () => {
    const socketPath = join(folder, "mine.sock");
    const child = run("--socket", socketPath);
    await once(createInterface(child.stdout), "line");
    const exited = once(child, "exit");
    using raw = new RawClient(socketPath);
    expect((await raw.unary(services.lifecycle.method.shutdown, {})).accepted).toBe(true);
    expect((await exited)[0]).toBe(0);
    expect(existsSync(socketPath)).toBe(false);
  });

  it("starts with a scenario that comes along, or one from a file", async () => {
    const shipped = await start("--scenario", "empty", "--mod-version", "0.6.1");
    using client = new RawClient(shipped.socketPath);
    expect((await client.unary(services.world.method.listOpenWorlds, {})).worlds).toEqual([]);
    expect((await client.unary(services.info.method.getServerInfo, {})).modVersion).toBe("0.6.1");
    await shipped.stop();

    const file = join(folder, "lab.json");
    await writeFile(file, JSON.stringify({ openWorlds: [{ name: "Lab" }] }));
    const own = await start("--scenario", file);
    using raw = new RawClient(own.socketPath);
    expect((await raw.unary(services.world.method.getCurrent, {})).world?.name).toBe("Lab");
    await own.stop();
  });

  it("lets go wrong what it is told to", async () => {
    const mock = await start(
      ...["--absent", "camera", "--throwing", "dash", "--error", "connection.ping@2=not_found", "--old-mod"],
      ...["--cut", "world.getCurrent@1", "--latency", "*=1+1", "--stale-sockets", "2"],
    );
    using raw = new RawClient(mock.socketPath);
    const { ping } = services.connection.method;
    expect((await statusOf(raw.unary(ping, {}))).code).toBe("OK");
    expect((await statusOf(raw.unary(ping, {}))).code).toBe("NOT_FOUND");
    expect((await statusOf(raw.unary(services.dash.method.getState, {}))).code).toBe("INTERNAL");
    expect((await statusOf(raw.unary(services.grabber.method.use, {}))).code).toBe("UNIMPLEMENTED");
    expect((await statusOf(raw.unary(services.world.method.getCurrent, {}))).code).toBe("UNAVAILABLE");
    const camera = raw.serverStream(services.camera.method.streamFrames, {});
    expect((await statusOf(camera[Symbol.asyncIterator]().next())).code).toBe("UNAVAILABLE");
    expect((await readdir(folder)).filter((name) => name.endsWith(".sock"))).toHaveLength(3);
    await mock.stop();
  });

  it.each([
    ["a scenario that does not exist", ["--scenario", "no-such.json"], "no-such.json"],
    ["an RPC that does not exist", ["--hang", "camera.blink"], "must be an RPC"],
    ["a modality that does not exist", ["--absent", "telepathy"], "must be one of"],
    ["a status that does not exist", ["--error", "world.join@1=sad"], "errors.0.code"],
    ["a boot time that is no number", ["--boot-ms", "soon"], "bootMs"],
    ["a latency that is none", ["--latency", "world.join"], "RPC=MS"],
    ["an option that does not exist", ["--blink"], "--blink"],
  ])("refuses %s in one clear message", async (_, args, named) => {
    const { code, stdout, stderr } = await finish(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
  });

  it("names the field of a scenario file that is wrong", async () => {
    const file = join(folder, "broken.json");
    await writeFile(file, JSON.stringify({ openWorlds: [{ name: "Lab", users: [{ userName: 7 }] }] }));
    const { code, stderr } = await finish("--scenario", file);
    expect(code).toBe(1);
    expect(stderr).toContain(file);
    expect(stderr).toContain("openWorlds[0].users[0].userName");
  });

  it("explains itself", async () => {
    const { code, stdout } = await finish("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--scenario");
    expect(stdout).toContain("not-host");
  });
});

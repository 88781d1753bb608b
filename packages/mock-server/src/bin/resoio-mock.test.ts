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
import { makeRun, RecordingMaker } from "../testing/make-recording.js";
import { RawClient, statusOf } from "../testing/raw-client.js";

const command = join(import.meta.dirname, "../../bin/resoio-mock.js");
const withoutSharp = join(import.meta.dirname, "../testing/without-sharp.mjs");

/** How a command has ended. */
interface Finished {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

// Every test starts a process or two.
describe("resoio-mock", { timeout: 60_000 }, () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "resoio-mock-test-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function run(node: readonly string[], ...args: string[]): ChildProcessByStdio<null, Readable, Readable> {
    const env = { ...process.env, RESONITE_IO_SOCKET: "", RESONITE_IO_SOCKET_DIR: folder };
    return spawn(process.execPath, [...node, command, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  }

  /** A command that listens. */
  interface Running {
    /** What it says then. */
    readonly line: string;
    readonly socketPath: string;
    readonly stop: () => Promise<number>;
  }

  /** Runs the command until it listens. */
  const start = (...args: string[]): Promise<Running> => startWith([], ...args);

  /** The same, with options for Node. */
  async function startWith(node: readonly string[], ...args: string[]): Promise<Running> {
    const child = run(node, ...args);
    const [line] = await once(createInterface(child.stdout), "line");
    return {
      line: String(line),
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
  const finish = (...args: string[]): Promise<Finished> => finishWith([], ...args);

  /** The same, with options for Node. */
  async function finishWith(node: readonly string[], ...args: string[]): Promise<Finished> {
    const child = run(node, ...args);
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
    const child = run([], "--socket", socketPath);
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

  it("plays a recording, as it is told to", async () => {
    const file = join(folder, "run.mcap");
    await writeFile(file, await makeRun(30).bytes());
    const mock = await start(
      ...["--play", file, "--play-speed", "0.1", "--play-from", "20000", "--play-else", "fail", "--play-loop"],
      ...["--play-start", "at-once", "--play-latency", "none", "--play-at-end", "close"],
    );
    expect(mock.line).toBe(`resoio-mock listens on ${mock.socketPath} and plays ${file} (Ctrl-C stops it)`);
    using raw = new RawClient(mock.socketPath);
    expect((await raw.unary(services.world.method.getCurrent, {})).world?.name).toBe("World 20");
    expect((await statusOf(raw.unary(services.dash.method.getState, {}))).code).toBe("UNAVAILABLE");
    const camera = raw.serverStream(services.camera.method.streamFrames, {});
    const { value } = await camera[Symbol.asyncIterator]().next();
    expect(Number(value.frameId)).toBeGreaterThanOrEqual(200);
    camera.cancel();
    expect(await mock.stop()).toBe(0);
    for (const [option, value, problem] of [
      ["--play-speed", "9", "at a speed from 0.1 to 8, not 9"],
      ["--play-from", "31000", "a recording of 30000 ms can begin at 0 to 30000 ms, not at 31000"],
    ] as const) {
      const { code, stderr } = await finish("--play", file, option, value);
      expect(code).toBe(1);
      expect(stderr).toContain(problem);
    }
  });

  it("does not play a camera that it cannot decode, and says what is missing", async () => {
    const file = join(folder, "run.mcap");
    const maker = new RecordingMaker({ camera: async () => new Uint8Array(0) });
    await writeFile(file, await maker.open("camera.streamFrames").picture(1).at(1_000).bytes());
    const { code, stderr } = await finishWith(["--import", withoutSharp], "--play", file);
    expect(code).toBe(1);
    expect(stderr).toContain(`the camera of ${file} was recorded as JPEG or WebP`);
    expect(stderr).toContain("npm install sharp");
    expect(stderr).not.toContain("    at ");
  });

  it("plays a camera that was recorded raw without sharp", async () => {
    const file = join(folder, "run.mcap");
    await writeFile(file, await makeRun(2).bytes());
    const mock = await startWith(["--import", withoutSharp], "--play", file);
    using raw = new RawClient(mock.socketPath);
    const camera = raw.serverStream(services.camera.method.streamFrames, {});
    const { value } = await camera[Symbol.asyncIterator]().next();
    expect(value.width).toBe(2);
    camera.cancel();
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
    ["a recording that does not exist", ["--play", "no-such.mcap"], "no-such.mcap"],
    ["a recording that is none", ["--play", command], `${command} cannot be played`],
    ["a choice that does not exist", ["--play-else", "hope"], "scenario, fail"],
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

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "./engine/clock.js";
import { InvalidScenarioError } from "./scenarios/parse-scenario.js";
import { socketFileName } from "./server/socket-file.js";
import { type MockServer, startMockServer } from "./start-mock-server.js";
import { openMod } from "./testing/open-mod.js";
import { RawClient, statusOf } from "./testing/raw-client.js";
import { settleUntil } from "./testing/settle-until.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

const { ping } = services.connection.method;
const deadPid = 0x7ffffffe;

/** A server in that folder with the socket name of the real mod. */
function startIn(folder: string): Promise<MockServer> {
  return startMockServer({ socketPath: join(folder, socketFileName()), clock: createVirtualClock() });
}

async function pingOver(socketPath: string): Promise<string> {
  using client = new RawClient(socketPath);
  return (await client.unary(ping, { message: "hello" })).message;
}

describe("startMockServer", () => {
  it("has a socket and accepts connections when it resolves", async () => {
    await using folder = await temporaryFolder();
    await using server = await startIn(folder.path);
    expect(statSync(server.socketPath).isSocket()).toBe(true);
    expect(await pingOver(server.socketPath)).toBe("hello");
  });

  it("removes the socket when it is closed, also when that happens twice", async () => {
    await using folder = await temporaryFolder();
    const server = await startIn(folder.path);
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await server.closed;
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("does not touch the socket of a later server when it is closed again", async () => {
    await using folder = await temporaryFolder();
    const first = await startIn(folder.path);
    await first.close();
    await using second = await startIn(folder.path);
    await first.close();
    expect(await pingOver(second.socketPath)).toBe("hello");
  });

  it("removes the sockets of processes that are gone", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, socketFileName(deadPid)), "");
    await using server = await startIn(folder.path);
    expect(readdirSync(folder.path)).toEqual([socketFileName()]);
    expect(existsSync(server.socketPath)).toBe(true);
  });

  it("keeps the socket of another process that lives, and files with other names", async () => {
    await using folder = await temporaryFolder();
    const kept = [socketFileName(process.ppid), "foo.sock", "resonite-abc.sock"];
    for (const name of kept) writeFileSync(join(folder.path, name), "");
    const server = await startIn(folder.path);
    expect(new Set(readdirSync(folder.path))).toEqual(new Set([...kept, socketFileName()]));
    await server.close();
    expect(new Set(readdirSync(folder.path))).toEqual(new Set(kept));
  });

  it("takes the place of what an earlier process with the same id left", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, socketFileName()), "");
    await using server = await startIn(folder.path);
    expect(await pingOver(server.socketPath)).toBe("hello");
  });

  it("makes the folder when it does not exist", async () => {
    await using folder = await temporaryFolder();
    await using server = await startIn(join(folder.path, "new", "folder"));
    expect(await pingOver(server.socketPath)).toBe("hello");
  });

  it("sweeps the folder of a socket with a name of its own, too", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, socketFileName(deadPid)), "");
    await using server = await startMockServer({ socketPath: join(folder.path, "mine.sock") });
    expect(readdirSync(folder.path)).toEqual(["mine.sock"]);
    expect(await pingOver(server.socketPath)).toBe("hello");
  });

  it("is in a private folder of its own when no place is given, which goes with it", async () => {
    const servers = await Promise.all([startMockServer(), startMockServer()]);
    const folders = servers.map(({ socketPath }) => dirname(socketPath));
    expect(new Set(folders).size).toBe(2);
    for (const folder of folders) expect(statSync(folder).mode & 0o077).toBe(0);
    for (const server of servers) await server.close();
    for (const folder of folders) expect(existsSync(folder)).toBe(false);
  });

  it("runs a hundred times in one process at once, each with a world of its own", async () => {
    const servers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        startMockServer({ clock: createVirtualClock(), scenario: { info: { modVersion: `${index}.0.0` } } }),
      ),
    );
    const versions = await Promise.all(
      servers.map(async ({ socketPath }) => {
        using client = new RawClient(socketPath);
        return (await client.unary(services.info.method.getServerInfo, {})).modVersion;
      }),
    );
    expect(versions).toEqual(servers.map((_, index) => `${index}.0.0`));
    await Promise.all(servers.map((server) => server.close()));
    for (const { socketPath } of servers) expect(existsSync(dirname(socketPath))).toBe(false);
  });

  it("rejects a path that is too long for a socket, and leaves nothing", async () => {
    await using folder = await temporaryFolder();
    const socketPath = join(folder.path, "x".repeat(200));
    await expect(startMockServer({ socketPath })).rejects.toThrow();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("rejects a folder that is a file, and leaves that alone", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, "file"), "content");
    await expect(startIn(join(folder.path, "file"))).rejects.toThrow(/EEXIST|ENOTDIR/);
    expect(statSync(join(folder.path, "file")).size).toBe(7);
  });

  it("rejects a place where a folder is, and leaves that alone", async () => {
    await using folder = await temporaryFolder();
    mkdirSync(join(folder.path, "taken.sock"));
    await expect(startMockServer({ socketPath: join(folder.path, "taken.sock") })).rejects.toThrow("EADDRINUSE");
    expect(readdirSync(folder.path)).toEqual(["taken.sock"]);
  });

  it("rejects a scenario that does not fit before it makes anything", async () => {
    await using folder = await temporaryFolder();
    const options = { socketPath: join(folder.path, "a.sock"), scenario: { cameraFps: -1 } };
    await expect(startMockServer(options)).rejects.toThrow(InvalidScenarioError);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("leaves sockets of dead processes beside its own on request, and takes them with it", async () => {
    await using folder = await temporaryFolder();
    const server = await startMockServer({
      socketPath: join(folder.path, "own.sock"),
      faults: { staleSockets: 3 },
    });
    const stale = readdirSync(folder.path).filter((name) => name !== "own.sock");
    expect(stale).toHaveLength(3);
    for (const name of stale) {
      expect(name).toMatch(/^resonite-\d+\.sock$/);
      expect(statSync(join(folder.path, name)).isSocket()).toBe(true);
      expect(() => process.kill(Number(/\d+/.exec(name)?.[0]), 0)).toThrow("ESRCH");
      using client = new RawClient(join(folder.path, name));
      expect((await statusOf(client.unary(ping, {}))).code).toBe("UNAVAILABLE");
    }
    expect(await pingOver(server.socketPath)).toBe("hello");
    await server.close();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("reads back what display was given, and says UNAVAILABLE without the bridge", async () => {
    await using test = await openMod();
    await test.raw.unary(services.display.method.apply, { width: 1920, height: 1080, maxFps: 120 });
    await test.clock.advance(1000);
    expect(await test.raw.unary(services.display.method.get, {})).toMatchObject({
      width: 1920,
      height: 1080,
      maxFps: 120,
    });
    test.mod.faults.set({ absentBridges: ["display"] });
    expect((await statusOf(test.raw.unary(services.display.method.get, {}))).code).toBe("UNAVAILABLE");
  });

  it("counts the calls that are being answered, down to none when their clients cancel", async () => {
    await using test = await openMod({ faults: { hangs: ["world.getCurrent"] } });
    const streams = [1, 2, 3].map(() => test.raw.serverStream(services.speaker.method.streamAudio, {}));
    for (const stream of streams) stream.on("error", () => {});
    const speaking = test.raw.clientStream(services.microphone.method.streamAudio);
    speaking.send({});
    await settleUntil(test.clock, () => test.mod.openCalls === 4);
    for (const stream of streams) stream.cancel();
    speaking.cancel();
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
  });

  it("cuts the calls that are being answered when it is closed", async () => {
    const test = await openMod({ faults: { hangs: ["world.getCurrent"] } });
    const hanging = statusOf(test.raw.unary(services.world.method.getCurrent, {}));
    const streaming = statusOf(
      test.raw.serverStream(services.speaker.method.streamAudio, {})[Symbol.asyncIterator]().next(),
    );
    await settleUntil(test.clock, () => test.mod.openCalls === 2);
    await test.mod.close();
    expect((await hanging).code).toBe("UNAVAILABLE");
    expect((await streaming).code).toBe("UNAVAILABLE");
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
    await test[Symbol.asyncDispose]();
  });
});

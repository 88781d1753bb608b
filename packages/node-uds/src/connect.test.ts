import { writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { Code, InvalidOptionsError } from "@resoio/core";
import { describe, expect, it } from "vitest";
import {
  AmbiguousSocketError,
  connect,
  InvalidEnvironmentError,
  ReadyTimeoutError,
  type SocketEnvironment,
  SocketNotFoundError,
} from "./index.js";
import { builtLibrary, runScript } from "./testing/child-process.js";
import { setVariable } from "./testing/environment-variable.js";
import { callFailure, failureOf } from "./testing/failure-of.js";
import { type GrpcHandlers, startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answer, answerPing, pong, startHttp2Server } from "./testing/http2-server.js";
import { makeDeadSocket, startNetServer } from "./testing/net-server.js";
import { makeTempFolder } from "./testing/temp-folder.js";

describe("connect", () => {
  it("returns a Resonite that is connected, and that closes its connection", async () => {
    const hungUp = Promise.withResolvers<void>();
    await using server = await startHttp2Server((stream) => {
      stream.session?.once("close", hungUp.resolve);
      answerPing(stream);
    });
    {
      await using resonite = await connect({ socketPath: server.socketPath });
      expect(server.sessions).toHaveLength(1);
      expect((await resonite.connection.ping()).message).toBe("pong");
    }
    await hungUp.promise;
  });

  it("finds the only socket of a living process", async () => {
    await using folder = await makeTempFolder();
    await using _server = await startGrpcJsServer(
      { connection: { ping: ({ request }, respond) => respond(null, { message: request.message }) } },
      { socketPath: folder.file(`resonite-${process.pid}.sock`) },
    );
    await using resonite = await connect({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } });
    expect((await resonite.connection.ping("found")).message).toBe("found");
  });

  it("finds the socket that RESONITE_IO_SOCKET names, in the environment that is given or else in the process's own", async () => {
    await using server = await startHttp2Server(answerPing);
    {
      await using resonite = await connect({ environment: { RESONITE_IO_SOCKET: server.socketPath } });
      await resonite.connection.ping();
    }
    using _variable = setVariable("RESONITE_IO_SOCKET", server.socketPath);
    await using resonite = await connect();
    await resonite.connection.ping();
  });

  it("takes the option socketPath before what the environment says", async () => {
    await using wanted = await startHttp2Server((stream) => answer(stream, { body: pong("wanted") }));
    await using other = await startHttp2Server(answerPing);
    const environment = { RESONITE_IO_SOCKET: other.socketPath };
    await using resonite = await connect({ socketPath: wanted.socketPath, environment });
    expect((await resonite.connection.ping()).message).toBe("wanted");
  });

  it("chooses a mod by its process id", async () => {
    await using folder = await makeTempFolder();
    await using _wanted = await startHttp2Server((stream) => answer(stream, { body: pong("wanted") }), {
      socketPath: folder.file(`resonite-${process.pid}.sock`),
    });
    await using _other = await startHttp2Server(answerPing, { socketPath: folder.file("resonite-other.sock") });
    await using resonite = await connect({
      pid: process.pid,
      environment: { RESONITE_IO_SOCKET_DIR: folder.path },
    });
    expect((await resonite.connection.ping()).message).toBe("wanted");
  });

  it("looks for the socket again when the mod was restarted", async () => {
    await using folder = await makeTempFolder();
    const arrived = Promise.withResolvers<void>();
    await using first = await startHttp2Server(() => arrived.resolve(), {
      socketPath: folder.file("resonite-first.sock"),
    });
    await using resonite = await connect({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } });
    const lost = callFailure(resonite.connection.ping());
    await arrived.promise;
    await first.stop();
    expect((await lost).code).toBe(Code.Unavailable);
    const notFound = await callFailure(resonite.connection.ping());
    expect(notFound.code).toBe(Code.Unavailable);
    expect(notFound.cause).toBeInstanceOf(SocketNotFoundError);

    await using _second = await startHttp2Server(answerPing, { socketPath: folder.file("resonite-second.sock") });
    await resonite.connection.ping();
  });

  it("passes its other options to the transport", async () => {
    await using server = await startHttp2Server(answerPing);
    await using resonite = await connect({ socketPath: server.socketPath, readMaxBytes: 1 });
    expect((await callFailure(resonite.connection.ping())).code).toBe(Code.ResourceExhausted);
  });

  it("throws what finding the socket throws, as it is", async () => {
    await using folder = await makeTempFolder();
    const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
    expect(await failureOf(connect({ environment }))).toBeInstanceOf(SocketNotFoundError);
    await writeFile(folder.file("resonite-a.sock"), "");
    await writeFile(folder.file("resonite-b.sock"), "");
    expect(await failureOf(connect({ environment }))).toBeInstanceOf(AmbiguousSocketError);
    const invalid = { RESONITE_IO_SOCKET: folder.file("resonite-a.sock") };
    expect(await failureOf(connect({ environment: invalid }))).toBeInstanceOf(InvalidEnvironmentError);
    const contradiction = connect({ socketPath: folder.file("resonite-a.sock"), pid: process.pid });
    expect(await failureOf(contradiction)).toBeInstanceOf(InvalidOptionsError);
  });

  it("fails at once when nobody listens", async () => {
    await using folder = await makeTempFolder();
    await makeDeadSocket(folder.file("resonite-dead.sock"));
    const error = await callFailure(connect({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } }));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.message).toContain("nobody listens");
  });

  it.each([
    ["connectTimeoutMs", { connectTimeoutMs: 20 }],
    ["timeoutMs", { timeoutMs: 20, connectTimeoutMs: Infinity }],
  ])("gives up on a peer that keeps silent after %s, and hangs up", async (_, options) => {
    const hungUp = Promise.withResolvers<void>();
    await using peer = await startNetServer((socket) => socket.resume().once("close", () => hungUp.resolve()));
    const error = await callFailure(connect({ socketPath: peer.socketPath, ...options }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    await hungUp.promise;
  });

  it("fails with Canceled when its signal is already aborted, whatever else is wrong", async () => {
    await using folder = await makeTempFolder();
    const reason = new Error("changed my mind");
    const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
    const error = await callFailure(connect({ environment, signal: AbortSignal.abort(reason) }));
    expect(error.code).toBe(Code.Canceled);
    expect(error.cause).toBe(reason);
  });

  it("gives up when its signal is aborted, and hangs up", async () => {
    const connected = Promise.withResolvers<void>();
    const hungUp = Promise.withResolvers<void>();
    await using peer = await startNetServer((socket) => {
      socket.resume().once("close", () => hungUp.resolve());
      connected.resolve();
    });
    const controller = new AbortController();
    const options = { connectTimeoutMs: Infinity, signal: controller.signal };
    const failure = callFailure(connect({ socketPath: peer.socketPath, ...options }));
    await connected.promise;
    const reason = new Error("changed my mind");
    controller.abort(reason);
    const error = await failure;
    expect(error.code).toBe(Code.Canceled);
    expect(error.cause).toBe(reason);
    await hungUp.promise;
  });

  it("has done with its signal once it is connected", async () => {
    await using server = await startHttp2Server(answerPing);
    const controller = new AbortController();
    await using resonite = await connect({ socketPath: server.socketPath, signal: controller.signal });
    controller.abort();
    await resonite.connection.ping();
  });

  it.each([
    ["there is no socket", "{ socketPath: missing }"],
    ["the peer keeps silent", "{ socketPath: silent, timeoutMs: 20 }"],
    ["it is aborted", "{ socketPath: silent, signal: AbortSignal.timeout(20) }"],
  ])("leaves nothing that keeps the process alive when it fails because %s", async (_, options) => {
    await using folder = await makeTempFolder();
    await using peer = await startNetServer(() => {});
    const result = await runScript(`
      import { connect } from ${JSON.stringify(builtLibrary)};
      const missing = ${JSON.stringify(folder.file("missing.sock"))};
      const silent = ${JSON.stringify(peer.socketPath)};
      // No limit that would end the connection anyhow.
      const options = { connectTimeoutMs: Infinity, ...${options} };
      await connect(options).catch((error) => console.log(error.name));
    `);
    expect(result).toEqual({ exitCode: 0, stdout: "ConnectError\n", stderr: "" });
  });

  describe("with waitForReady", () => {
    it("waits for a mod that appears later", async () => {
      await using folder = await makeTempFolder();
      const { environment, looked } = watchedEnvironment(folder.path);
      const connecting = connect({ waitForReady: true, environment });
      await looked;
      await using server = await startHttp2Server(answerPing, { socketPath: folder.file("resonite-late.sock") });
      await using resonite = await connecting;
      expect(await resonite.status().next()).toMatchObject({ value: { state: "connected" } });
      expect((await resonite.connection.ping()).message).toBe("pong");
      // One to see that it is ready, and the one that stays.
      expect(server.sessions).toHaveLength(2);
    });

    it("waits for a mod that is still starting", async () => {
      let pingCount = 0;
      await using server = await startGrpcJsServer({
        connection: {
          ping(_, respond) {
            if (++pingCount === 1) respond({ code: grpc.status.FAILED_PRECONDITION, details: "starting" });
            else respond(null, {});
          },
        },
      });
      await using _resonite = await connect({ waitForReady: true, socketPath: server.socketPath });
      expect(pingCount).toBe(2);
    });

    it("throws ReadyTimeoutError when no mod came in time", async () => {
      await using folder = await makeTempFolder();
      const options = { environment: { RESONITE_IO_SOCKET_DIR: folder.path }, timeoutMs: 30 };
      const error = await failureOf(connect({ waitForReady: true, ...options }));
      expect(error).toBeInstanceOf(ReadyTimeoutError);
      expect(error).toMatchObject({ timeoutMs: 30, cause: expect.any(SocketNotFoundError) });
    });

    it("does not count the time that it takes to connect to a mod that is ready", async () => {
      await using server = await startHttp2Server(answerPing);
      let connectionCount = 0;
      await using slow = await startNetServer((socket) => {
        const forward = () => void socket.pipe(createConnection(server.socketPath)).pipe(socket);
        // The first is the one that sees that the mod is ready.
        if (++connectionCount === 1) forward();
        else setTimeout(forward, 20);
      });
      await using resonite = await connect({ waitForReady: true, socketPath: slow.socketPath, timeoutMs: 0 });
      await resonite.connection.ping();
    });

    it("throws the reason of its signal, at once or while it waits", async () => {
      await using folder = await makeTempFolder();
      const { environment, looked } = watchedEnvironment(folder.path);
      const controller = new AbortController();
      const { signal } = controller;
      const failure = failureOf(connect({ waitForReady: true, environment, signal }));
      await looked;
      const reason = new Error("changed my mind");
      controller.abort(reason);
      expect(await failure).toBe(reason);
      expect(await failureOf(connect({ waitForReady: true, environment, signal }))).toBe(reason);
    });
  });

  describe("with a logger", () => {
    it.each(["0.6.9", "0.8.0", "1.7.0", "7"])("warns of a mod %s, which speaks another version", async (version) => {
      await using mod = await startMod(version);
      const result = await runLogging(`await connect({ socketPath: ${JSON.stringify(mod.socketPath)}, logger });`);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      expect(result.lines).toEqual([expect.stringMatching(/^warn: version mismatch: /)]);
      expect(result.lines[0]).toContain(`the mod is ${version}, these packages speak to 0.7.0`);
    });

    it("warns, once too, of a mod that is too old to tell its version", async () => {
      await using mod = await startGrpcJsServer({});
      const result = await runLogging(`
        const options = { socketPath: ${JSON.stringify(mod.socketPath)}, logger };
        await Promise.all([connect(options), connect(options)]);
      `);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      expect(result.lines).toEqual([expect.stringMatching(/^warn: the mod is too old to tell its version/)]);
    });

    it.each(["0.7.0", "0.7.12", "0.7.1-dev"])("says nothing of a mod %s, and asks it once", async (version) => {
      await using mod = await startMod(version);
      const result = await runLogging(`
        const options = { socketPath: ${JSON.stringify(mod.socketPath)}, logger };
        const first = await connect(options);
        // Answered after the question of the connection.
        await first.info.getServerInfo();
        await connect(options);
      `);
      expect(result).toEqual({ exitCode: 0, lines: [], stderr: "" });
      // The second is the script's own.
      expect(mod.askedCount).toBe(2);
    });

    it("warns once in a process, also of two connections at the same time", async () => {
      await using mod = await startMod("0.6.0", { together: 2 });
      const result = await runLogging(`
        const options = { socketPath: ${JSON.stringify(mod.socketPath)}, logger };
        await Promise.all([connect(options), connect(options)]);
        await warned;
        await connect(options);
      `);
      expect(result.lines).toHaveLength(1);
      expect(mod.askedCount).toBe(2);
    });

    it("throws nothing when the mod cannot be asked, and the next connection asks again", async () => {
      await using mod = await startMod("0.6.0", { failures: 1 });
      const result = await runLogging(`
        const options = { socketPath: ${JSON.stringify(mod.socketPath)}, logger };
        const resonite = await connect(options);
        await debugged;
        await resonite.connection.ping();
        await connect(options);
      `);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      expect(result.lines).toEqual([
        "debug: the mod's version could not be asked for: no idea",
        expect.stringMatching(/^warn: version mismatch/),
      ]);
    });

    it("asks no more when it is closed at once", async () => {
      await using mod = await startMod("0.6.0");
      const result = await runLogging(`
        await using _ = await connect({ socketPath: ${JSON.stringify(mod.socketPath)}, logger });
      `);
      const reason = "debug: the mod's version could not be asked for: the transport was closed";
      expect(result).toEqual({ exitCode: 0, lines: [reason], stderr: "" });
    });

    it("does not wait for the answer", async () => {
      const asked = Promise.withResolvers<void>();
      await using server = await startHttp2Server((stream, headers) => {
        if (headers[":path"]?.endsWith("/GetServerInfo")) asked.resolve();
        else answerPing(stream);
      });
      const logger = { debug() {}, info() {}, warn() {} };
      await using resonite = await connect({ socketPath: server.socketPath, logger });
      await asked.promise;
      await resonite.connection.ping();
    });
  });

  it("does not ask for the version without a logger", async () => {
    await using mod = await startMod("0.6.0");
    const result = await runLogging(`
      const resonite = await connect({ socketPath: ${JSON.stringify(mod.socketPath)} });
      await resonite.connection.ping();
    `);
    expect(result).toEqual({ exitCode: 0, lines: [], stderr: "" });
    expect(mod.askedCount).toBe(0);
  });
});

/** Variables that tell when a socket has been looked for with them in vain. */
function watchedEnvironment(directory: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const environment: SocketEnvironment = {
    get RESONITE_IO_SOCKET_DIR() {
      if (++count === 2) resolve();
      return directory;
    },
  };
  return { environment, looked: promise };
}

interface ModOptions {
  /** How often it fails before it answers. */
  readonly failures?: number;
  /** How many questions it answers at a time, when all of them have come. */
  readonly together?: number;
}

/** A mod that counts how often it was asked for its version. */
async function startMod(modVersion: string, { failures = 0, together = 1 }: ModOptions = {}) {
  const waiting: (() => void)[] = [];
  let askedCount = 0;
  const handlers: GrpcHandlers = {
    connection: { ping: (_, respond) => respond(null, {}) },
    info: {
      getServerInfo(_, respond) {
        const status = ++askedCount <= failures ? { code: grpc.status.INTERNAL, details: "no idea" } : null;
        waiting.push(() => respond(status, { modVersion }));
        if (waiting.length === together) for (const answer of waiting.splice(0)) answer();
      },
    },
  };
  const { socketPath, [Symbol.asyncDispose]: dispose } = await startGrpcJsServer(handlers);
  return {
    socketPath,
    get askedCount() {
      return askedCount;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** What is asked and warned of once per process needs a process for each test. Changes of life are left out. */
async function runLogging(script: string) {
  const { exitCode, stdout, stderr } = await runScript(`
    import { connect } from ${JSON.stringify(builtLibrary)};
    const { promise: warned, resolve: tellWarned } = Promise.withResolvers();
    const { promise: debugged, resolve: tellDebugged } = Promise.withResolvers();
    const logger = {
      debug: (message) => tellDebugged(console.log("debug: " + message)),
      info() {},
      warn: (message) => tellWarned(console.log("warn: " + message)),
    };
    ${script}
  `);
  return { exitCode, lines: stdout.split("\n").filter((line) => line !== ""), stderr };
}

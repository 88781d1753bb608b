import { writeFile } from "node:fs/promises";
import { Code, InvalidOptionsError } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { AmbiguousSocketError, connect, InvalidEnvironmentError, SocketNotFoundError } from "./index.js";
import { builtLibrary, runScript } from "./testing/child-process.js";
import { setVariable } from "./testing/environment-variable.js";
import { callFailure, failureOf } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
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
});

import { getEventListeners } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import * as grpc from "@grpc/grpc-js";
import { Code, InvalidOptionsError } from "@resoio/core";
import { describe, expect, it } from "vitest";
import {
  AmbiguousSocketError,
  InvalidEnvironmentError,
  ReadyTimeoutError,
  type SocketEnvironment,
  SocketNotFoundError,
  waitForReady,
} from "./index.js";
import { failureOf } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answerPing, startHttp2Server } from "./testing/http2-server.js";
import { makeDeadSocket, startNetServer } from "./testing/net-server.js";
import { makeTempFolder, type TempFolder } from "./testing/temp-folder.js";

describe("waitForReady", () => {
  it("returns the path of the socket of a mod that is ready", async () => {
    await using folder = await makeTempFolder();
    const socketPath = folder.file(`resonite-${process.pid}.sock`);
    await using _server = await startHttp2Server(answerPing, { socketPath });
    expect(await waitForReady({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } })).toBe(socketPath);
    expect(await waitForReady({ socketPath })).toBe(socketPath);
  });

  it("leaves no connection behind", async () => {
    const hungUp = Promise.withResolvers<void>();
    await using server = await startHttp2Server((stream) => {
      stream.session?.once("close", hungUp.resolve);
      answerPing(stream);
    });
    await waitForReady({ socketPath: server.socketPath });
    await hungUp.promise;
  });

  describe("keeps trying", () => {
    it("while there is no socket", async () => {
      await using folder = await makeTempFolder();
      const attempts = countAttempts(folder, 3);
      const ready = waitForReady({ environment: attempts.environment, intervalMs: 1 });
      await attempts.made;
      await using server = await startHttp2Server(answerPing, { socketPath: folder.file("resonite-late.sock") });
      expect(await ready).toBe(server.socketPath);
    });

    it("while RESONITE_IO_SOCKET names a socket that is not there yet", async () => {
      await using folder = await makeTempFolder();
      const socketPath = folder.file("late.sock");
      const attempts = countAttempts(folder, 3, { RESONITE_IO_SOCKET: socketPath });
      const ready = waitForReady({ environment: attempts.environment, intervalMs: 1 });
      await attempts.made;
      await using _server = await startHttp2Server(answerPing, { socketPath });
      expect(await ready).toBe(socketPath);
    });

    it("while the folder that RESONITE_IO_SOCKET_DIR names is not there yet", async () => {
      await using folder = await makeTempFolder();
      let reads = 0;
      const readTwice = Promise.withResolvers<void>();
      const environment: SocketEnvironment = {
        get RESONITE_IO_SOCKET_DIR() {
          if (++reads === 2) readTwice.resolve();
          return folder.file("late");
        },
      };
      const ready = waitForReady({ environment, intervalMs: 1 });
      await readTwice.promise;
      await mkdir(folder.file("late"));
      await using server = await startHttp2Server(answerPing, { socketPath: folder.file("late/resonite-late.sock") });
      expect(await ready).toBe(server.socketPath);
    });

    it("while nobody listens on the socket, and takes another one that appears instead", async () => {
      await using folder = await makeTempFolder();
      await makeDeadSocket(folder.file("dead.sock"));
      await using server = await startHttp2Server(answerPing, { socketPath: folder.file("live.sock") });
      const attempts = countAttempts(folder, 3, { RESONITE_IO_SOCKET: folder.file("dead.sock") });
      const ready = waitForReady({ environment: attempts.environment, intervalMs: 1 });
      await attempts.made;
      attempts.environment.RESONITE_IO_SOCKET = server.socketPath;
      expect(await ready).toBe(server.socketPath);
    });

    it("while the mod says that it is still starting", async () => {
      let pingCount = 0;
      await using server = await startGrpcJsServer({
        connection: {
          ping(_, respond) {
            pingCount++;
            if (pingCount < 3) respond({ code: grpc.status.FAILED_PRECONDITION, details: "still starting" });
            else respond(null, {});
          },
        },
      });
      expect(await waitForReady({ socketPath: server.socketPath, intervalMs: 1 })).toBe(server.socketPath);
      expect(pingCount).toBe(3);
    });

    it("while the mod hangs up", async () => {
      let pingCount = 0;
      await using server = await startHttp2Server((stream) => {
        pingCount++;
        if (pingCount < 3) stream.session?.destroy();
        else answerPing(stream);
      });
      expect(await waitForReady({ socketPath: server.socketPath, intervalMs: 1 })).toBe(server.socketPath);
      expect(pingCount).toBe(3);
    });
  });

  describe("throws at once", () => {
    it("when several sockets come into question", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file("resonite-a.sock"), "");
      await writeFile(folder.file("resonite-b.sock"), "");
      const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
      expect(await failureOf(waitForReady({ environment }))).toBeInstanceOf(AmbiguousSocketError);
    });

    it("when a variable can never lead to a socket", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file("file"), "");
      for (const name of ["RESONITE_IO_SOCKET", "RESONITE_IO_SOCKET_DIR"]) {
        const error = await failureOf(waitForReady({ environment: { [name]: folder.file("file") } }));
        expect(error).toBeInstanceOf(InvalidEnvironmentError);
      }
    });

    it("when the peer is no mod", async () => {
      await using server = await startHttp2Server((stream) => stream.respond({ ":status": 404 }, { endStream: true }));
      expect(await failureOf(waitForReady({ socketPath: server.socketPath }))).toMatchObject({
        code: Code.Unimplemented,
      });
    });

    it.each([
      grpc.status.UNIMPLEMENTED,
      grpc.status.PERMISSION_DENIED,
      grpc.status.UNAUTHENTICATED,
      grpc.status.INTERNAL,
      grpc.status.UNKNOWN,
    ])("when the mod answers the ping with the status %d", async (code) => {
      let pingCount = 0;
      await using server = await startGrpcJsServer({
        connection: {
          ping(_, respond) {
            pingCount++;
            respond({ code, details: "never" });
          },
        },
      });
      const error = await failureOf(waitForReady({ socketPath: server.socketPath, intervalMs: 1 }));
      expect(error).toMatchObject({ name: "ConnectError", code, rawMessage: "never" });
      expect(pingCount).toBe(1);
    });

    it("when what listens does not speak HTTP/2", async () => {
      await using peer = await startNetServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      expect(await failureOf(waitForReady({ socketPath: peer.socketPath }))).toMatchObject({ code: Code.Unknown });
    });

    it.each([
      { timeoutMs: -1 },
      { timeoutMs: Number.NaN },
      { intervalMs: -1 },
      { intervalMs: Number.NaN },
      { intervalMs: Infinity },
      { socketPath: "a.sock", pid: 1 },
    ])("when the options are %j", async (options) => {
      expect(await failureOf(waitForReady(options))).toBeInstanceOf(InvalidOptionsError);
    });
  });

  describe("gives up", () => {
    it("when the time is over, with the last failure as the cause", async () => {
      await using folder = await makeTempFolder();
      const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
      const error = await failureOf(waitForReady({ environment, timeoutMs: 30, intervalMs: 1 }));
      expect(error).toBeInstanceOf(ReadyTimeoutError);
      expect(error).toMatchObject({ code: "READY_TIMEOUT", name: "ReadyTimeoutError", timeoutMs: 30 });
      expect(error).toHaveProperty("cause", expect.any(SocketNotFoundError));
      expect(error).toHaveProperty("message", expect.stringContaining(folder.path));
    });

    it("on a peer that keeps silent when the time is over", async () => {
      await using peer = await startNetServer(() => {});
      const error = await failureOf(waitForReady({ socketPath: peer.socketPath, timeoutMs: 30, intervalMs: 1 }));
      expect(error).toBeInstanceOf(ReadyTimeoutError);
      expect(error).toMatchObject({ cause: { code: Code.DeadlineExceeded } });
    });

    it("on a mod that does not answer the ping when the time is over", async () => {
      await using server = await startHttp2Server(() => {});
      const error = await failureOf(waitForReady({ socketPath: server.socketPath, timeoutMs: 30, intervalMs: 1 }));
      expect(error).toBeInstanceOf(ReadyTimeoutError);
      expect(error).toMatchObject({ cause: { code: Code.DeadlineExceeded } });
    });

    it("not before the only attempt had its 5 seconds when there is no time for more", async () => {
      let deadline: number | undefined;
      await using server = await startGrpcJsServer({
        connection: {
          ping(call, respond) {
            deadline = Number(call.getDeadline());
            respond(null, {});
          },
        },
      });
      const startedAt = Date.now();
      expect(await waitForReady({ socketPath: server.socketPath, timeoutMs: 0 })).toBe(server.socketPath);
      expect(deadline).toBeGreaterThanOrEqual(startedAt + 5_000);
      expect(deadline).toBeLessThanOrEqual(Date.now() + 5_000);
    });

    it("after one attempt when there is no time at all", async () => {
      await using folder = await makeTempFolder();
      const attempts = countAttempts(folder, 1);
      const error = await failureOf(waitForReady({ environment: attempts.environment, timeoutMs: 0 }));
      expect(error).toBeInstanceOf(ReadyTimeoutError);
      expect(attempts.count).toBe(1);
    });
  });

  describe("when its signal is aborted", () => {
    it("throws the reason without an attempt when it was aborted before", async () => {
      await using folder = await makeTempFolder();
      const attempts = countAttempts(folder, 1);
      const reason = new Error("changed my mind");
      const ready = waitForReady({ environment: attempts.environment, signal: AbortSignal.abort(reason) });
      expect(await failureOf(ready)).toBe(reason);
      expect(attempts.count).toBe(0);
    });

    it("throws the reason in the pause between two attempts", async () => {
      await using folder = await makeTempFolder();
      const attempts = countAttempts(folder, 1);
      const controller = new AbortController();
      const ready = failureOf(
        waitForReady({ environment: attempts.environment, intervalMs: 60_000, signal: controller.signal }),
      );
      await attempts.made;
      const reason = new Error("changed my mind");
      controller.abort(reason);
      expect(await ready).toBe(reason);
    });

    it("no longer listens to it when it is over", async () => {
      await using server = await startHttp2Server(answerPing);
      const { signal } = new AbortController();
      await waitForReady({ socketPath: server.socketPath, signal });
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    it("throws the reason during a ping, and cancels it", async () => {
      const arrived = Promise.withResolvers<void>();
      const cancelled = Promise.withResolvers<void>();
      await using server = await startGrpcJsServer({
        connection: {
          ping(call) {
            call.on("cancelled", cancelled.resolve);
            arrived.resolve();
          },
        },
      });
      const controller = new AbortController();
      const ready = failureOf(waitForReady({ socketPath: server.socketPath, signal: controller.signal }));
      await arrived.promise;
      const reason = new Error("changed my mind");
      controller.abort(reason);
      expect(await ready).toBe(reason);
      await cancelled.promise;
    });
  });
});

/** Variables that tell when `expected` attempts have been made to find a socket with them. */
function countAttempts(folder: TempFolder, expected: number, { RESONITE_IO_SOCKET }: SocketEnvironment = {}) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  let socket = RESONITE_IO_SOCKET;
  return {
    made: promise,
    get count() {
      return count;
    },
    environment: {
      get RESONITE_IO_SOCKET(): string | undefined {
        count++;
        if (count === expected) resolve();
        return socket;
      },
      set RESONITE_IO_SOCKET(value: string | undefined) {
        socket = value;
      },
      RESONITE_IO_SOCKET_DIR: folder.path,
    },
  };
}

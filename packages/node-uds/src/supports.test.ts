import { getEventListeners } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import type * as grpc from "@grpc/grpc-js";
import { Code, neverReconnect, Resonite, type RpcId, rpcs } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport, SocketNotFoundError } from "./index.js";
import { callFailure, failureOf } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answerPing, answerStatus, type OnCall, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";
import { readUntil } from "./testing/read-until.js";
import { makeTempFolder } from "./testing/temp-folder.js";

const askable = Object.values(rpcs).filter(({ kind }) => kind === "unary" || kind === "server_streaming");
const clientStreaming: readonly RpcId[] = ["locomotion.drive", "microphone.streamAudio"];

describe("supports", () => {
  describe("against another implementation of gRPC", () => {
    it("tells what the mod has from what it has not, and no handler runs", async () => {
      const ran: string[] = [];
      await using server = await startGrpcJsServer({
        grabber: {
          use(_, respond) {
            ran.push("use");
            respond(null, {});
          },
        },
        camera: {
          streamFrames(call) {
            ran.push("streamFrames");
            call.end();
          },
        },
      });
      await using resonite = connectTo(server.socketPath);
      expect(await resonite.supports("grabber.use")).toBe(true);
      expect(await resonite.supports("camera.streamFrames")).toBe(true);
      // Another method of a service that is there, and services that are not.
      expect(await resonite.supports("grabber.grab")).toBe(false);
      expect(await resonite.supports("speaker.streamAudio")).toBe(false);
      expect(await resonite.supports("connection.ping")).toBe(false);
      expect(ran).toEqual([]);
    });

    it("sends nothing for any RPC that a handler would take for a request", async () => {
      const ran: string[] = [];
      await using server = await startServerOfEverything((name) => ran.push(name));
      await using resonite = connectTo(server.socketPath);
      for (const { id } of askable) expect(await resonite.supports(id), id).toBe(true);
      expect(ran).toEqual([]);
      // The handlers are there, and would have told.
      await resonite.connection.ping();
      expect(ran).toEqual(["connection.ping"]);
    });
  });

  it("takes every answer but Unimplemented for a yes", async () => {
    for (const [code, isThere] of [
      [Code.Internal, true],
      [Code.InvalidArgument, true],
      [Code.Unknown, true],
      [Code.PermissionDenied, true],
      [Code.Unimplemented, false],
    ] as const) {
      await using server = await startHttp2Server((stream) => answerStatus(stream, { "grpc-status": `${code}` }));
      await using resonite = connectTo(server.socketPath);
      expect(await resonite.supports("grabber.use"), Code[code]).toBe(isThere);
      expect(await resonite.supports("camera.streamFrames"), Code[code]).toBe(isThere);
    }
  });

  it("takes a server that does not know the path for a no", async () => {
    await using server = await startHttp2Server((stream) => stream.respond({ ":status": 404 }, { endStream: true }));
    await using resonite = connectTo(server.socketPath);
    expect(await resonite.supports("grabber.use")).toBe(false);
  });

  it("sends the headers that it is given", async () => {
    const notes: unknown[] = [];
    await using server = await startHttp2Server((stream, headers) => {
      notes.push(headers["x-note"]);
      answerStatus(stream, { "grpc-status": "12" });
    });
    await using resonite = connectTo(server.socketPath);
    await resonite.supports("grabber.use", { headers: { "x-note": "unary" } });
    await resonite.supports("camera.streamFrames", { headers: { "x-note": "stream" } });
    expect(notes).toEqual(["unary", "stream"]);
  });

  it("takes even an answer for a yes, and reads no further", async () => {
    const cancelled = Promise.withResolvers<void>();
    await using server = await startHttp2Server((stream, headers) => {
      if (headers[":path"]?.endsWith("/Ping")) return answerPing(stream);
      stream.once("close", cancelled.resolve);
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(Buffer.alloc(5));
    });
    await using resonite = connectTo(server.socketPath);
    expect(await resonite.supports("connection.ping")).toBe(true);
    expect(await resonite.supports("camera.streamFrames")).toBe(true);
    await cancelled.promise;
  });

  it("says yes to the RPCs that take a stream, without a request or a connection", async () => {
    await using folder = await makeTempFolder();
    await using resonite = connectTo(folder.file("missing.sock"));
    expect(clientStreaming).toHaveLength(Object.keys(rpcs).length - askable.length);
    for (const id of clientStreaming) expect(await resonite.supports(id)).toBe(true);
    expect(await resonite.status().next()).toMatchObject({ value: { state: "idle" } });
  });

  describe("remembers", () => {
    it("each answer, yes or no, and asks for each RPC once", async () => {
      const asked: unknown[] = [];
      await using server = await startHttp2Server((stream, headers) => {
        asked.push(headers[":path"]);
        answerStatus(stream, { "grpc-status": asked.length === 1 ? "13" : "12" });
      });
      await using resonite = connectTo(server.socketPath);
      for (let round = 1; round <= 3; round++) {
        expect(await resonite.supports("grabber.use")).toBe(true);
        expect(await resonite.supports("grabber.unuse")).toBe(false);
      }
      expect(asked).toEqual(["/resonite_io.v1.Grabber/Use", "/resonite_io.v1.Grabber/Unuse"]);
    });

    it("nothing of a mod whose connection was lost: the next one may be another version", async () => {
      await using folder = await makeTempFolder();
      const socketPath = folder.file("mod.sock");
      await using older = await startHttp2Server(answerWith("12"), { socketPath });
      await using resonite = connectTo(socketPath);
      const changes = resonite.status();
      expect(await resonite.supports("grabber.use")).toBe(false);
      await older.stop();
      await readUntil(changes, "lost");

      await using newer = await startHttp2Server(answerWith("13"), { socketPath });
      expect(await resonite.supports("grabber.use")).toBe(true);
      await newer.stop();
      await readUntil(changes, "lost");
      expect((await callFailure(resonite.supports("grabber.use"))).code).toBe(Code.Unavailable);
    });

    it("no failure, but asks again", async () => {
      let count = 0;
      await using server = await startHttp2Server((stream) => {
        // Unavailable, Canceled, DeadlineExceeded, then Unimplemented.
        answerStatus(stream, { "grpc-status": ["14", "1", "4"][count++] ?? "12" });
      });
      await using resonite = connectTo(server.socketPath);
      for (const code of [Code.Unavailable, Code.Canceled, Code.DeadlineExceeded]) {
        expect((await callFailure(resonite.supports("grabber.use"))).code).toBe(code);
      }
      expect(await resonite.supports("grabber.use")).toBe(false);
      expect(count).toBe(4);
    });
  });

  describe("fails, and does not take it for an answer,", () => {
    it("when the mod is not there", async () => {
      await using folder = await makeTempFolder();
      await using resonite = connectTo(folder.file("missing.sock"));
      for (const id of ["grabber.use", "camera.streamFrames"] as const) {
        const error = await callFailure(resonite.supports(id));
        expect(error.code).toBe(Code.Unavailable);
        expect(error.message).toContain("there is no socket");
      }
    });

    it("with Unavailable when no socket is found, and with what was thrown as the cause", async () => {
      const cause = new SocketNotFoundError({ directory: "nowhere", skipped: [] });
      await using transport = createUdsTransport({ socketPath: () => Promise.reject(cause) });
      const error = await callFailure(new Resonite(transport).supports("grabber.use"));
      expect(error.code).toBe(Code.Unavailable);
      expect(error.cause).toBe(cause);
    });

    it("with Unknown when what listens is no gRPC server", async () => {
      await using peer = await startNetServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      await using resonite = connectTo(peer.socketPath);
      expect((await callFailure(resonite.supports("grabber.use"))).code).toBe(Code.Unknown);
    });

    it("with FailedPrecondition when the connection is closed", async () => {
      await using server = await startHttp2Server(answerWith("13"));
      const resonite = connectTo(server.socketPath);
      await resonite.connection.ping().catch(() => {});
      await resonite.close();
      expect((await callFailure(resonite.supports("grabber.use"))).code).toBe(Code.FailedPrecondition);
    });

    it("when the connection is lost before the answer", async () => {
      const arrived = Promise.withResolvers<ServerHttp2Stream>();
      await using server = await startHttp2Server(arrived.resolve);
      await using resonite = connectTo(server.socketPath);
      const failure = callFailure(resonite.supports("camera.streamFrames"));
      await arrived.promise;
      await server.stop();
      expect((await failure).code).toBe(Code.Unavailable);
    });
  });

  describe("gives up", () => {
    it("with Canceled when its signal is aborted, and does not listen to it any more", async () => {
      const arrived = Promise.withResolvers<ServerHttp2Stream>();
      const cancelled = Promise.withResolvers<void>();
      await using server = await startHttp2Server((stream) => {
        stream.once("close", cancelled.resolve);
        arrived.resolve(stream);
      });
      await using resonite = connectTo(server.socketPath);
      const controller = new AbortController();
      const { signal } = controller;
      const failure = callFailure(resonite.supports("grabber.use", { signal }));
      await arrived.promise;
      controller.abort();
      expect((await failure).code).toBe(Code.Canceled);
      await cancelled.promise;
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    it("with Canceled while it connects", async () => {
      const connected = Promise.withResolvers<void>();
      await using peer = await startNetServer(() => connected.resolve());
      await using resonite = connectTo(peer.socketPath);
      const controller = new AbortController();
      const failure = callFailure(resonite.supports("grabber.use", { signal: controller.signal }));
      await connected.promise;
      controller.abort();
      expect((await failure).code).toBe(Code.Canceled);
    });

    it("with DeadlineExceeded when its time is over, before and after it is connected", async () => {
      await using silent = await startNetServer(() => {});
      await using server = await startHttp2Server(() => {});
      for (const { socketPath } of [silent, server]) {
        await using resonite = connectTo(socketPath);
        const error = await callFailure(resonite.supports("grabber.use", { timeoutMs: 20 }));
        expect(error.code).toBe(Code.DeadlineExceeded);
      }
    });

    it("never when its time is 0, as other calls", async () => {
      await using server = await startHttp2Server(async (stream, headers) => {
        await atLeast(10);
        answerWith("13")(stream, headers);
      });
      await using transport = createUdsTransport({
        async socketPath() {
          await atLeast(10);
          return server.socketPath;
        },
        defaultTimeoutMs: 5,
      });
      expect(await new Resonite(transport).supports("grabber.use", { timeoutMs: 0 })).toBe(true);
    });

    it("does not keep the answer of another question waiting, or from being asked", async () => {
      await using server = await startHttp2Server((stream, headers) => {
        if (headers[":path"]?.endsWith("/Use")) return;
        answerWith("12")(stream, headers);
      });
      await using resonite = connectTo(server.socketPath);
      const waiting = failureOf(resonite.supports("grabber.use"));
      expect(await resonite.supports("grabber.grab")).toBe(false);
      await resonite.close();
      expect(await waiting).toMatchObject({ code: Code.Canceled });
    });
  });
});

function connectTo(socketPath: string): Resonite {
  return new Resonite(createUdsTransport({ socketPath, reconnect: neverReconnect }));
}

/** Longer than the deadline that must not count. */
function atLeast(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function answerWith(status: string): OnCall {
  return (stream) => answerStatus(stream, { "grpc-status": status });
}

/** A server that has every RPC that can be asked about, decodes requests as usual, and tells which handlers ran. */
async function startServerOfEverything(tell: (id: RpcId) => void) {
  const handlers: Record<string, Record<string, unknown>> = {};
  for (const { id, modality, kind, method } of askable) {
    const unary: grpc.handleUnaryCall<unknown, object> = (_, respond) => {
      tell(id);
      respond(null, {});
    };
    const streaming: grpc.handleServerStreamingCall<unknown, object> = (call) => {
      tell(id);
      call.end();
    };
    handlers[modality] ??= {};
    handlers[modality][method.localName] = kind === "server_streaming" ? streaming : unary;
  }
  return await startGrpcJsServer(handlers);
}

import * as grpc from "@grpc/grpc-js";
import { Code, Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport, type UdsTransportOptions } from "./index.js";
import { callFailure } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answerPing, startHttp2Server } from "./testing/http2-server.js";
import { expectFailure, failingWith, failure, heldCalls, metadata } from "./testing/transport-fixtures.js";

describe("createUdsTransport, unary calls", () => {
  describe("a unary call to another implementation of gRPC", () => {
    it("carries the message and the metadata both ways", async () => {
      let received: grpc.Metadata | undefined;
      await using server = await startGrpcJsServer({
        connection: {
          ping(call, respond) {
            received = call.metadata;
            call.sendMetadata(metadata({ "x-header": "h", "x-bytes-bin": Buffer.from([1, 2, 255]) }));
            const { message } = call.request;
            respond(null, { message: `${message}!`, serverUnixNanos: 2n ** 62n }, metadata({ "x-trailer": "t" }));
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      let header: Headers | undefined;
      let trailer: Headers | undefined;
      const pong = await new Resonite(transport).connection.ping("grüße", {
        headers: { "X-Ask": "a", "x-blob-bin": Buffer.from([255, 0]).toString("base64") },
        onHeader: (headers) => {
          header = headers;
        },
        onTrailer: (trailers) => {
          trailer = trailers;
        },
      });
      expect(pong).toEqual({ message: "grüße!", serverUnixNanos: 2n ** 62n });
      expect(received?.get("x-ask")).toEqual(["a"]);
      expect(received?.get("x-blob-bin")).toEqual([Buffer.from([255, 0])]);
      expect(header?.get("x-header")).toBe("h");
      expect(header?.get("x-bytes-bin")).toBe(Buffer.from([1, 2, 255]).toString("base64"));
      expect(trailer?.get("x-trailer")).toBe("t");
    });

    it("carries the status, its text and its metadata", async () => {
      await using server = await startGrpcJsServer({
        connection: { ping: (_, respond) => respond(failure("x-more", "kept")) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expectFailure(await callFailure(new Resonite(transport).connection.ping()), "x-more", "kept");
    });

    it("fails with Unimplemented when the method does not exist", async () => {
      await using server = await startGrpcJsServer({ connection: {} });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, info } = new Resonite(transport);
      expect((await callFailure(connection.ping())).code).toBe(Code.Unimplemented);
      expect((await callFailure(info.getServerInfo())).code).toBe(Code.Unimplemented);
    });

    it("tells the server its deadline", async () => {
      const deadline = Promise.withResolvers<grpc.Deadline>();
      await using server = await startGrpcJsServer({
        connection: {
          ping(call, respond) {
            deadline.resolve(call.getDeadline());
            respond(null, {});
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const before = Date.now();
      await new Resonite(transport).connection.ping("ping", { timeoutMs: 3_600_000 });
      expect(Number(await deadline.promise)).toBeGreaterThanOrEqual(before + 3_600_000);
    });

    it("that is cancelled is cancelled on the server", async () => {
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
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const controller = new AbortController();
      const error = callFailure(new Resonite(transport).connection.ping("ping", { signal: controller.signal }));
      await arrived.promise;
      controller.abort();
      await cancelled.promise;
      expect((await error).code).toBe(Code.Canceled);
    });
  });

  describe("a status of another implementation of gRPC", () => {
    it.each([
      [1, "Canceled"],
      [2, "Unknown"],
      [3, "InvalidArgument"],
      [4, "DeadlineExceeded"],
      [5, "NotFound"],
      [6, "AlreadyExists"],
      [7, "PermissionDenied"],
      [8, "ResourceExhausted"],
      [9, "FailedPrecondition"],
      [10, "Aborted"],
      [11, "OutOfRange"],
      [12, "Unimplemented"],
      [13, "Internal"],
      [14, "Unavailable"],
      [15, "DataLoss"],
      [16, "Unauthenticated"],
    ])("with the code %d fails every kind of call with %s", async (code, name) => {
      await using server = await startGrpcJsServer(failingWith({ code, details: "no" }));
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      for (const [, start] of heldCalls) {
        const error = await callFailure(start(new Resonite(transport), {}));
        expect(Code[error.code]).toBe(name);
        expect(error.rawMessage).toBe("no");
      }
    });

    it.each([
      "record resrec:///U-1/R-2: not found",
      "100%",
      "50%25 of %41 and %zz",
      "Grüße, 日本語, 🙂",
      'two\r\nlines\tand a "quoted" \\',
      " spaces ",
      "",
    ])("keeps its text %j", async (details) => {
      await using server = await startGrpcJsServer(failingWith({ code: grpc.status.NOT_FOUND, details }));
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      for (const [, start] of heldCalls) {
        expect((await callFailure(start(new Resonite(transport), {}))).rawMessage).toBe(details);
      }
    });
  });

  describe("a unary call that is answered as a stream", () => {
    it.each([
      [0, "without a message"],
      [2, "more than one message"],
    ])("with %d messages fails with Unimplemented", async (count, problem) => {
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            for (let frameId = 0; frameId < count; frameId++) call.write({ frameId: BigInt(frameId) });
            call.end();
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const method = { ...services.camera.method.streamFrames, methodKind: "unary" } as const;
      const error = await callFailure(transport.unary(method, undefined, undefined, undefined, {}));
      expect(error.code).toBe(Code.Unimplemented);
      expect(error.message).toContain(problem);
    });
  });

  it("fails a stream with ResourceExhausted at a message above readMaxBytes, after those before it, and cancels it", async () => {
    const cancelled = Promise.withResolvers<void>();
    await using server = await startGrpcJsServer({
      camera: {
        streamFrames(call) {
          call.on("cancelled", cancelled.resolve);
          call.write({ pixels: new Uint8Array(100) });
          call.write({ pixels: new Uint8Array(2000) });
        },
      },
    });
    await using transport = createUdsTransport({ socketPath: server.socketPath, readMaxBytes: 1000 });
    const frames = new Resonite(transport).rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    const outcome = callFailure(frames.next().then(() => frames.next()));
    expect((await outcome).code).toBe(Code.ResourceExhausted);
    await cancelled.promise;
  });

  it.each<[string, Partial<UdsTransportOptions>]>([
    ["a deadline", { defaultTimeoutMs: Infinity }],
    [
      "a deadline with interceptors",
      { defaultTimeoutMs: Infinity, interceptors: [(next) => (request) => next(request)] },
    ],
    ["a limit for connecting", { connectTimeoutMs: Infinity }],
  ])("takes Infinity as %s, and does not take it for the shortest time that a timer knows", async (_, options) => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", onWarning);
    try {
      await using server = await startHttp2Server(answerPing);
      await using transport = createUdsTransport({ ...options, socketPath: server.socketPath });
      await transport.open();
      await new Resonite(transport).connection.ping();
    } catch {
      // That the time was cut short shows in the warning, whether or not it was long enough.
    } finally {
      process.off("warning", onWarning);
    }
    expect(warnings).toEqual([]);
  });

  it("fails with InvalidArgument for a request that cannot be encoded, and sends nothing", async () => {
    const calls: string[] = [];
    await using server = await startHttp2Server((_, headers) => calls.push(String(headers[":path"])));
    await using transport = createUdsTransport({ socketPath: server.socketPath });
    const { rpc } = new Resonite(transport);
    const failure = await callFailure(rpc.world.focus({ handle: 2 ** 40 }));
    expect(failure.code).toBe(Code.InvalidArgument);
    expect(failure.rawMessage).toContain("resonite_io.v1.FocusRequest");
    const drive = await callFailure(rpc.locomotion.drive(onlyOnce({ unixNanos: 2n ** 70n })));
    expect(drive.code).toBe(Code.InvalidArgument);
    expect(calls).not.toContain("/resonite_io.v1.World/Focus");
  });
});

async function* onlyOnce<T>(value: T): AsyncGenerator<T> {
  yield value;
}

import { once } from "node:events";
import * as http2 from "node:http2";
import { createClient, type Interceptor } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { type CallOptions, Code, type ConnectError, Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport, type UdsTransport, type UdsTransportOptions } from "./index.js";
import { collect } from "./testing/collect.js";
import { callFailure } from "./testing/failure-of.js";
import { type GrpcHandlers, startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answer, answerPing, begin, pong, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";
import { makeTempFolder } from "./testing/temp-folder.js";

/** Every kind of call, for as long as the server holds it. */
const heldCalls: readonly [string, (resonite: Resonite, options: CallOptions) => Promise<unknown>][] = [
  ["a unary call", ({ connection }, options) => connection.ping("ping", options)],
  ["a server stream", ({ rpc }, options) => collect(rpc.camera.streamFrames({}, options))],
  ["a client stream", ({ rpc }, options) => rpc.locomotion.drive(holdingOn(), options)],
];

describe("createUdsTransport", () => {
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

  describe("a server stream from another implementation of gRPC", () => {
    it("carries the request, the messages in order, and the metadata both ways", async () => {
      let received: grpc.Metadata | undefined;
      let fpsLimit: number | undefined;
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            received = call.metadata;
            fpsLimit = call.request.fpsLimit;
            call.sendMetadata(metadata({ "x-header": "h" }));
            for (let frameId = 0n; frameId < 100n; frameId++) call.write({ frameId });
            call.end(metadata({ "x-trailer": "t" }));
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      let header: Headers | undefined;
      let trailer: Headers | undefined;
      const frames = await collect(
        new Resonite(transport).camera.stream({
          fpsLimit: 7.5,
          headers: { "x-ask": "a" },
          onHeader: (headers) => {
            header = headers;
          },
          onTrailer: (trailers) => {
            trailer = trailers;
          },
        }),
      );
      expect(frames.map(({ frameId }) => frameId)).toEqual(Array.from({ length: 100 }, (_, index) => BigInt(index)));
      expect(fpsLimit).toBe(7.5);
      expect(received?.get("x-ask")).toEqual(["a"]);
      expect(header?.get("x-header")).toBe("h");
      expect(trailer?.get("x-trailer")).toBe("t");
    });

    it("carries the status after the messages", async () => {
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            call.write({ frameId: 0n });
            call.emit("error", failure("x-more", "kept"));
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const frames = new Resonite(transport).camera.stream();
      expect(await frames.next()).toMatchObject({ value: { frameId: 0n } });
      expectFailure(await callFailure(frames.next()), "x-more", "kept");
    });

    it("carries the status of a stream that fails before its first message", async () => {
      await using server = await startGrpcJsServer({
        camera: { streamFrames: (call) => void call.emit("error", failure("x-more", "kept")) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expectFailure(await callFailure(new Resonite(transport).camera.stream().next()), "x-more", "kept");
    });

    it("hands a message on as soon as it is there", async () => {
      const readOn = Promise.withResolvers<void>();
      await using server = await startGrpcJsServer({
        camera: {
          async streamFrames(call) {
            call.write({ frameId: 0n });
            await readOn.promise;
            call.write({ frameId: 1n });
            call.end();
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const frames = new Resonite(transport).camera.stream();
      expect(await frames.next()).toMatchObject({ value: { frameId: 0n } });
      readOn.resolve();
      expect(await frames.next()).toMatchObject({ value: { frameId: 1n } });
      expect(await frames.next()).toMatchObject({ done: true });
    });

    it.each([
      ["break", (frames: AsyncIterable<unknown>) => leave(frames)],
      [
        "an exception",
        async (frames: AsyncIterable<unknown>) => {
          await expect(leave(frames, new Error("enough"))).rejects.toThrow("enough");
        },
      ],
    ])("is cancelled on the server when the loop over it is left by %s", async (_, leaveLoop) => {
      const cancelled = Promise.withResolvers<void>();
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            call.on("cancelled", cancelled.resolve);
            call.write({ frameId: 0n });
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      await leaveLoop(new Resonite(transport).camera.stream());
      await cancelled.promise;
    });

    it("is cancelled on the server when the loop over the transport's own messages is left", async () => {
      const cancelled = Promise.withResolvers<void>();
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            call.on("cancelled", cancelled.resolve);
            call.write({ frameId: 0n });
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { message } = await transport.stream(
        services.camera.method.streamFrames,
        undefined,
        undefined,
        undefined,
        (async function* () {
          yield {};
        })(),
      );
      await leave(message);
      await cancelled.promise;
    });

    it("carries a 4K picture of 33 MB unchanged", async () => {
      const [width, height] = [3840, 2160];
      const pixels = Buffer.alloc(width * height * 4);
      for (let offset = 0; offset < pixels.byteLength; offset += 4) pixels.writeUInt32LE(offset, offset);
      await using server = await startGrpcJsServer({
        camera: { streamFrames: (call) => void call.write({ width, height, pixels }) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const shot = await new Resonite(transport).camera.shot();
      expect(shot.pixels.byteLength).toBe(33_177_600);
      expect(Buffer.compare(shot.pixels, pixels)).toBe(0);
    });
  });

  describe("a client stream to another implementation of gRPC", () => {
    it("carries the messages in order, the answer, and the metadata both ways", async () => {
      const received: (number | undefined)[] = [];
      let receivedMetadata: grpc.Metadata | undefined;
      await using server = await startGrpcJsServer({
        locomotion: {
          drive(call, respond) {
            receivedMetadata = call.metadata;
            call.sendMetadata(metadata({ "x-header": "h" }));
            call.on("data", ({ moveForward }) => received.push(moveForward));
            call.on("end", () => respond(null, { receivedCount: 100n }, metadata({ "x-trailer": "t" })));
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      let header: Headers | undefined;
      let trailer: Headers | undefined;
      const summary = await new Resonite(transport).rpc.locomotion.drive(
        (async function* () {
          for (let moveForward = 0; moveForward < 100; moveForward++) yield { moveForward };
        })(),
        {
          headers: { "x-ask": "a" },
          onHeader: (headers) => {
            header = headers;
          },
          onTrailer: (trailers) => {
            trailer = trailers;
          },
        },
      );
      expect(summary.receivedCount).toBe(100n);
      expect(received).toEqual(Array.from({ length: 100 }, (_, index) => index));
      expect(receivedMetadata?.get("x-ask")).toEqual(["a"]);
      expect(header?.get("x-header")).toBe("h");
      expect(trailer?.get("x-trailer")).toBe("t");
    });

    it("may be empty", async () => {
      const drive = recordDrive();
      await using server = await startGrpcJsServer({ locomotion: { drive: drive.handler } });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      await new Resonite(transport).rpc.locomotion.drive((async function* () {})());
      expect(await drive.ended).toBe("half-closed");
    });

    it("ends with a half-close when the input ends, and with a cancel when it is aborted", async () => {
      const halfClosed = recordDrive();
      const cancelled = recordDrive();
      const drives = [halfClosed, cancelled];
      await using server = await startGrpcJsServer({
        locomotion: { drive: (call, respond) => drives.shift()?.handler(call, respond) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { locomotion } = new Resonite(transport).rpc;
      await locomotion.drive(
        (async function* () {
          yield { moveForward: 1 };
        })(),
      );
      expect(await halfClosed.ended).toBe("half-closed");

      const controller = new AbortController();
      const failure = callFailure(locomotion.drive(holdingOn(), { signal: controller.signal }));
      await cancelled.received;
      controller.abort();
      expect(await cancelled.ended).toBe("cancelled");
      expect((await failure).code).toBe(Code.Canceled);
    });

    it("is cancelled when the input throws, and fails with what it threw", async () => {
      const drive = recordDrive();
      await using server = await startGrpcJsServer({ locomotion: { drive: drive.handler } });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const reason = new Error("the gamepad was pulled out");
      const error = await callFailure(
        new Resonite(transport).rpc.locomotion.drive(
          (async function* () {
            yield { moveForward: 1 };
            await drive.received;
            throw reason;
          })(),
        ),
      );
      expect(error.code).toBe(Code.Canceled);
      expect(error.cause).toBe(reason);
      expect(await drive.ended).toBe("cancelled");
    });

    it.each([
      ["its answer", null],
      ["an error", failure("x-more", "kept")],
    ])("is over when the server ends it early with %s", async (_, serverError) => {
      await using server = await startGrpcJsServer({
        locomotion: {
          drive: (call, respond) =>
            void call.once("data", () =>
              serverError === null ? respond(null, { receivedCount: 1n }) : respond(serverError),
            ),
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, rpc } = new Resonite(transport);
      const summary = rpc.locomotion.drive(holdingOn());
      if (serverError === null) expect((await summary).receivedCount).toBe(1n);
      else expectFailure(await callFailure(summary), "x-more", "kept");
      // The connection lives on.
      expect((await callFailure(connection.ping())).code).toBe(Code.Unimplemented);
    });

    it("stops asking an input for more when the server has ended the call", async () => {
      const ended = Promise.withResolvers<void>();
      await using server = await startGrpcJsServer({
        locomotion: { drive: (call, respond) => void call.once("data", () => respond(null, {})) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const released = Promise.withResolvers<void>();
      await new Resonite(transport).rpc.locomotion
        .drive(
          (async function* () {
            try {
              yield { moveForward: 1 };
              await ended.promise;
              for (;;) yield { moveForward: 2 };
            } finally {
              released.resolve();
            }
          })(),
        )
        .finally(ended.resolve);
      await released.promise;
    });

    it("carries a message of 33 MB unchanged", async () => {
      const samples = Buffer.alloc(33 * 1024 * 1024);
      for (let offset = 0; offset < samples.byteLength; offset += 4) samples.writeUInt32LE(offset, offset);
      let isSame: boolean | undefined;
      await using server = await startGrpcJsServer({
        microphone: {
          streamAudio(call, respond) {
            call.on("data", (frame) => {
              isSame = Buffer.compare(frame.samples, samples) === 0;
            });
            call.on("end", () => respond(null, {}));
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      await new Resonite(transport).rpc.microphone.streamAudio(
        (async function* () {
          yield { samples };
        })(),
      );
      expect(isSame).toBe(true);
    });
  });

  describe.each(heldCalls)("%s that another implementation of gRPC holds", (_, start) => {
    it("fails with Canceled when it is aborted, and is cancelled on the server", async () => {
      const peer = holdCalls();
      await using server = await startGrpcJsServer(peer.handlers);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const controller = new AbortController();
      const failure = callFailure(start(new Resonite(transport), { signal: controller.signal }));
      await peer.arrived;
      controller.abort();
      expect((await failure).code).toBe(Code.Canceled);
      await peer.cancelled;
    });

    it("tells the server its deadline", async () => {
      const peer = holdCalls();
      await using server = await startGrpcJsServer(peer.handlers);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const earliest = Date.now() + 3_600_000;
      const failure = callFailure(start(new Resonite(transport), { timeoutMs: 3_600_000 }));
      expect(Number((await peer.arrived).getDeadline())).toBeGreaterThanOrEqual(earliest);
      expect(Number((await peer.arrived).getDeadline())).toBeLessThanOrEqual(Date.now() + 3_600_000);
      await transport.close();
      await failure;
    });

    it("has no deadline when the default is 0", async () => {
      const peer = holdCalls();
      await using server = await startGrpcJsServer(peer.handlers);
      await using transport = createUdsTransport({ socketPath: server.socketPath, defaultTimeoutMs: 0 });
      const failure = callFailure(start(new Resonite(transport), {}));
      expect((await peer.arrived).getDeadline()).toBe(Infinity);
      await transport.close();
      expect((await failure).code).toBe(Code.Canceled);
    });

    it("fails with DeadlineExceeded when its deadline passes", async () => {
      const peer = holdCalls();
      await using server = await startGrpcJsServer(peer.handlers);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expect((await callFailure(start(new Resonite(transport), { timeoutMs: 50 }))).code).toBe(Code.DeadlineExceeded);
    });
  });

  it("fails a stream with Canceled when it is aborted between two messages, and it is cancelled on the server", async () => {
    const cancelled = Promise.withResolvers<void>();
    await using server = await startGrpcJsServer({
      camera: {
        streamFrames(call) {
          call.on("cancelled", cancelled.resolve);
          call.write({ frameId: 0n });
        },
      },
    });
    await using transport = createUdsTransport({ socketPath: server.socketPath });
    const controller = new AbortController();
    const frames = new Resonite(transport).camera.stream({ signal: controller.signal });
    expect(await frames.next()).toMatchObject({ value: { frameId: 0n } });
    controller.abort();
    expect((await callFailure(frames.next())).code).toBe(Code.Canceled);
    await cancelled.promise;
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

  describe("a stream of 10,000 messages", () => {
    const indexes = Array.from({ length: 10_000 }, (_, index) => index);

    it("from another implementation of gRPC arrives in order", async () => {
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            for (const index of indexes) call.write({ frameId: BigInt(index) });
            call.end();
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const frames = await collect(new Resonite(transport).camera.stream());
      expect(frames.map(({ frameId }) => Number(frameId))).toEqual(indexes);
    });

    it("to another implementation of gRPC arrives in order", async () => {
      const received: (number | undefined)[] = [];
      await using server = await startGrpcJsServer({
        locomotion: {
          drive(call, respond) {
            call.on("data", ({ yawRate }) => received.push(yawRate));
            call.on("end", () => respond(null, { receivedCount: BigInt(received.length) }));
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const summary = await new Resonite(transport).rpc.locomotion.drive(
        (async function* () {
          for (const yawRate of indexes) yield { yawRate };
        })(),
      );
      expect(summary.receivedCount).toBe(10_000n);
      expect(received).toEqual(indexes);
    });
  });

  // A mod takes the half-close for the end in good order, after which the avatar keeps the last command.
  describe("a client stream that is cut off", () => {
    it.each<[string, (call: CutOff) => Promise<unknown>]>([
      [
        "it is aborted",
        async ({ locomotion, received }) => {
          const controller = new AbortController();
          const call = locomotion.drive(holdingOn(), { signal: controller.signal });
          void received.then(() => controller.abort());
          await call;
        },
      ],
      ["its deadline passes", ({ locomotion }) => locomotion.drive(holdingOn(), { timeoutMs: 50 })],
      [
        "its input throws",
        ({ locomotion, received }) =>
          locomotion.drive(
            (async function* () {
              yield { moveForward: 1 };
              await received;
              throw new Error("the gamepad was pulled out");
            })(),
          ),
      ],
      [
        "the transport is closed",
        async ({ locomotion, received, transport }) => {
          const call = locomotion.drive(holdingOn());
          void received.then(() => transport.close());
          await call;
        },
      ],
    ])("because %s is reset, and not half-closed before that", async (_, cutOff) => {
      await using folder = await makeTempFolder();
      const socketPath = folder.file("own.sock");
      const events: string[] = [];
      const received = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<number>();
      const server = http2.createServer();
      server.on("stream", (stream) => {
        for (const name of ["aborted", "end"]) stream.on(name, () => events.push(name));
        stream.on("error", () => {
          // The reset, which is what is tested.
        });
        stream.once("close", () => closed.resolve(stream.rstCode));
        stream.on("data", () => received.resolve());
      });
      server.listen(socketPath);
      await once(server, "listening");
      await using _server = {
        async [Symbol.asyncDispose]() {
          server.close();
          await once(server, "close");
        },
      };
      await using transport = createUdsTransport({ socketPath });
      await transport.open();
      const { locomotion } = new Resonite(transport).rpc;
      await callFailure(cutOff({ locomotion, transport, received: received.promise }));
      expect(await closed.promise).toBe(http2.constants.NGHTTP2_CANCEL);
      expect(events[0]).toBe("aborted");
    });
  });

  describe("the input of a client stream", () => {
    it.each<[string, (controller: AbortController) => void, Code | undefined]>([
      ["the server has ended the call", () => {}, undefined],
      ["the call was aborted", (controller) => controller.abort(), Code.Canceled],
    ])("is closed when %s, also while it waits for its next message", async (_, abort, code) => {
      const received = Promise.withResolvers<void>();
      await using server = await startGrpcJsServer({
        locomotion: {
          drive(call, respond) {
            call.once("data", () => {
              received.resolve();
              if (code === undefined) respond(null, { receivedCount: 1n });
            });
          },
        },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const input = recordInput([{ moveForward: 1 }], "waits");
      const controller = new AbortController();
      const summary = new Resonite(transport).rpc.locomotion.drive(input.messages, { signal: controller.signal });
      await received.promise.then(() => abort(controller));
      if (code === undefined) expect((await summary).receivedCount).toBe(1n);
      else expect((await callFailure(summary)).code).toBe(code);
      await input.closed;
    });

    it("is not closed when it has ended by itself", async () => {
      const drive = recordDrive();
      await using server = await startGrpcJsServer({ locomotion: { drive: drive.handler } });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const input = recordInput([{ moveForward: 1 }], "ends");
      await new Resonite(transport).rpc.locomotion.drive(input.messages);
      expect(await drive.ended).toBe("half-closed");
      expect(input.closeCount).toBe(0);
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

  describe("interceptors", () => {
    it("run in their order, the first outermost, around unary calls and streams", async () => {
      const log: string[] = [];
      const logged =
        (name: string): Interceptor =>
        (next) =>
        async (request) => {
          log.push(`${name} before ${request.method.name}`);
          const response = await next(request);
          log.push(`${name} after ${request.method.name}`);
          return response;
        };
      await using server = await startGrpcJsServer({
        connection: { ping: (_, respond) => respond(null, {}) },
        camera: { streamFrames: (call) => void call.end() },
      });
      await using transport = createUdsTransport({
        socketPath: server.socketPath,
        interceptors: [logged("outer"), logged("inner")],
      });
      const { connection, camera } = new Resonite(transport);
      await connection.ping();
      await collect(camera.stream());
      const around = (method: string): string[] => [
        `outer before ${method}`,
        `inner before ${method}`,
        `inner after ${method}`,
        `outer after ${method}`,
      ];
      expect(log).toEqual([...around("Ping"), ...around("StreamFrames")]);
    });

    it("can set headers, read headers and trailers, and change messages, for every kind of call", async () => {
      const seen: Record<string, unknown> = {};
      const marks = (call: { metadata: grpc.Metadata; sendMetadata(metadata: grpc.Metadata): void }, name: string) => {
        seen[name] = call.metadata.get("x-mark");
        call.sendMetadata(metadata({ "x-header": name }));
      };
      await using server = await startGrpcJsServer({
        connection: {
          ping(call, respond) {
            marks(call, "Ping");
            respond(null, { message: call.request.message }, metadata({ "x-trailer": "Ping" }));
          },
        },
        camera: {
          streamFrames(call) {
            marks(call, "StreamFrames");
            call.write({ frameId: 1n });
            call.end(metadata({ "x-trailer": "StreamFrames" }));
          },
        },
        locomotion: {
          drive(call, respond) {
            marks(call, "Drive");
            call.resume().on("end", () => respond(null, {}, metadata({ "x-trailer": "Drive" })));
          },
        },
      });
      const headers: Record<string, string | null> = {};
      await using transport = createUdsTransport({
        socketPath: server.socketPath,
        interceptors: [
          (next) => async (request) => {
            request.header.set("x-mark", request.method.name);
            if (!request.stream && request.method.name === "Ping") {
              Object.assign(request.message, { message: "changed" });
              return await next(request);
            }
            const response = await next(request);
            headers[request.method.name] = response.header.get("x-header");
            return response;
          },
        ],
      });
      const { connection, rpc } = new Resonite(transport);
      const trailers: Record<string, string | null> = {};
      const onTrailer = (name: string) => (trailer: Headers) => {
        trailers[name] = trailer.get("x-trailer");
      };
      expect((await connection.ping("original", { onTrailer: onTrailer("Ping") })).message).toBe("changed");
      expect(await collect(rpc.camera.streamFrames({}, { onTrailer: onTrailer("StreamFrames") }))).toHaveLength(1);
      await rpc.locomotion.drive((async function* () {})(), { onTrailer: onTrailer("Drive") });
      expect(seen).toEqual({ Ping: ["Ping"], StreamFrames: ["StreamFrames"], Drive: ["Drive"] });
      expect(headers).toEqual({ StreamFrames: "StreamFrames", Drive: "Drive" });
      expect(trailers).toEqual({ Ping: "Ping", StreamFrames: "StreamFrames", Drive: "Drive" });
    });

    it("leave deadlines, aborts and the end of loops as they are", async () => {
      let cancelledCount = 0;
      const allCancelled = Promise.withResolvers<void>();
      const onCancelled = (): void => {
        cancelledCount++;
        if (cancelledCount === 3) allCancelled.resolve();
      };
      await using server = await startGrpcJsServer({
        connection: { ping: (call) => void call.on("cancelled", onCancelled) },
        camera: {
          streamFrames(call) {
            call.on("cancelled", onCancelled);
            call.write({ frameId: 0n });
          },
        },
      });
      await using transport = createUdsTransport({
        socketPath: server.socketPath,
        interceptors: [(next) => (request) => next(request)],
      });
      await transport.open();
      const { connection, camera } = new Resonite(transport);
      expect((await callFailure(connection.ping("ping", { timeoutMs: 50 }))).code).toBe(Code.DeadlineExceeded);

      const controller = new AbortController();
      const frames = camera.stream({ signal: controller.signal });
      await frames.next();
      controller.abort();
      expect((await callFailure(frames.next())).code).toBe(Code.Canceled);

      await leave(camera.stream());
      await allCancelled.promise;
    });

    it("see the errors of calls", async () => {
      const seen: unknown[] = [];
      await using server = await startGrpcJsServer({
        connection: { ping: (_, respond) => respond(failure("x-more", "kept")) },
      });
      await using transport = createUdsTransport({
        socketPath: server.socketPath,
        interceptors: [
          (next) => async (request) => {
            try {
              return await next(request);
            } catch (error) {
              seen.push(error);
              throw error;
            }
          },
        ],
      });
      const error = await callFailure(new Resonite(transport).connection.ping());
      expectFailure(error, "x-more", "kept");
      expect(seen).toEqual([error]);
    });

    it("see the error with which a stream ends after its first message", async () => {
      const seen: unknown[] = [];
      await using server = await startGrpcJsServer({
        camera: {
          streamFrames(call) {
            call.write({ frameId: 0n });
            call.emit("error", failure("x-more", "kept"));
          },
        },
      });
      await using transport = createUdsTransport({
        socketPath: server.socketPath,
        interceptors: [
          (next) => async (request) => {
            const response = await next(request);
            if (!response.stream) return response;
            async function* watched<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
              try {
                yield* messages;
              } catch (error) {
                seen.push(error);
                throw error;
              }
            }
            return { ...response, message: watched(response.message) };
          },
        ],
      });
      const frames = new Resonite(transport).camera.stream();
      expect(await frames.next()).toMatchObject({ value: { frameId: 0n } });
      const error = await callFailure(frames.next());
      expectFailure(error, "x-more", "kept");
      expect(seen).toEqual([error]);
    });
  });

  describe("open", () => {
    it("connects to nobody when its signal is already aborted", async () => {
      await using server = await startHttp2Server(answerPing);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const error = await callFailure(transport.open({ signal: AbortSignal.abort() }));
      expect(error.code).toBe(Code.Canceled);
      // A server takes connections in order, so one from before would be there by then.
      await using other = createUdsTransport({ socketPath: server.socketPath });
      await other.open();
      expect(server.sessions).toHaveLength(1);
    });

    it("makes the connection that calls then use", async () => {
      await using server = await startHttp2Server(answerPing);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      await transport.open();
      expect(server.sessions).toHaveLength(1);
      await new Resonite(transport).connection.ping();
      await transport.open();
      expect(server.sessions).toHaveLength(1);
    });

    it("can be aborted, and given a time limit", async () => {
      await using peer = await startNetServer(() => {});
      await using transport = createUdsTransport({ socketPath: peer.socketPath });
      const reason = new Error("changed my mind");
      const error = await callFailure(transport.open({ signal: AbortSignal.abort(reason) }));
      expect(error.code).toBe(Code.Canceled);
      expect(error.cause).toBe(reason);
      expect((await callFailure(transport.open({ timeoutMs: 20 }))).code).toBe(Code.DeadlineExceeded);
    });
  });

  describe("close", () => {
    it("fails every kind of call in flight with Canceled, and the peer sees it", async () => {
      const arrived = Promise.withResolvers<void>();
      const gone: Promise<unknown>[] = [];
      await using server = await startHttp2Server((stream) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        stream.once("close", resolve);
        if (gone.push(promise) === 3) arrived.resolve();
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, rpc } = new Resonite(transport);
      const failures = [
        callFailure(connection.ping()),
        callFailure(collect(rpc.camera.streamFrames({}))),
        callFailure(rpc.locomotion.drive(holdingOn())),
      ];
      await arrived.promise;
      await transport.close();
      for (const error of await Promise.all(failures)) {
        expect(error.code).toBe(Code.Canceled);
        expect(error.message).toContain("the transport was closed");
      }
      await Promise.all(gone);
    });

    it("fails a stream that is being read with Canceled, and drops what waits to be read", async () => {
      await using server = await startHttp2Server((stream) => {
        begin(stream);
        stream.write(Buffer.alloc(15));
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const frames = new Resonite(transport).rpc.camera.streamFrames({})[Symbol.asyncIterator]();
      await frames.next();
      await transport.close();
      expect((await callFailure(frames.next())).code).toBe(Code.Canceled);
    });

    it("fails with Canceled what waits for the connection, and with FailedPrecondition who opens it", async () => {
      const connected = Promise.withResolvers<void>();
      await using peer = await startNetServer(() => connected.resolve());
      await using transport = createUdsTransport({ socketPath: peer.socketPath });
      const opening = callFailure(transport.open());
      const ping = callFailure(new Resonite(transport).connection.ping());
      await connected.promise;
      await transport.close();
      expect((await opening).code).toBe(Code.FailedPrecondition);
      expect((await ping).code).toBe(Code.Canceled);
    });

    it("prevents a connection whose socket is still being looked for", async () => {
      let connectionCount = 0;
      await using peer = await startNetServer(() => connectionCount++);
      const path = Promise.withResolvers<string>();
      await using transport = createUdsTransport({ socketPath: () => path.promise });
      const opening = callFailure(transport.open());
      await transport.close();
      path.resolve(peer.socketPath);
      expect((await opening).code).toBe(Code.FailedPrecondition);
      expect(connectionCount).toBe(0);
    });

    it("makes later calls fail with FailedPrecondition", async () => {
      await using server = await startHttp2Server(answerPing);
      const transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, camera } = new Resonite(transport);
      await connection.ping();
      await transport.close();
      expect((await callFailure(connection.ping())).code).toBe(Code.FailedPrecondition);
      expect((await callFailure(camera.stream().next())).code).toBe(Code.FailedPrecondition);
      expect((await callFailure(transport.open())).code).toBe(Code.FailedPrecondition);
    });

    it("may be called again, at the same time, and when nothing was ever opened", async () => {
      await using server = await startHttp2Server(answerPing);
      const transport = createUdsTransport({ socketPath: server.socketPath });
      await transport.open();
      await Promise.all([transport.close(), transport.close()]);
      await transport.close();
      await createUdsTransport({ socketPath: server.socketPath }).close();
    });

    it("hangs up", async () => {
      const hungUp = Promise.withResolvers<void>();
      await using server = await startHttp2Server((stream) => {
        stream.session?.once("close", hungUp.resolve);
        answerPing(stream);
      });
      {
        await using transport = createUdsTransport({ socketPath: server.socketPath });
        await new Resonite(transport).connection.ping();
      }
      await hungUp.promise;
    });

    it("happens when the Resonite that has the transport is closed", async () => {
      await using server = await startHttp2Server((stream) => answer(stream, { body: pong() }));
      const transport = createUdsTransport({ socketPath: server.socketPath });
      {
        await using resonite = new Resonite(transport);
        await resonite.connection.ping();
      }
      const { ping } = createClient(services.connection, transport);
      expect((await callFailure(ping({}))).code).toBe(Code.FailedPrecondition);
    });
  });
});

interface CutOff {
  readonly locomotion: Resonite["rpc"]["locomotion"];
  readonly transport: UdsTransport;
  /** Resolves when the peer has the first command. */
  readonly received: Promise<void>;
}

/** What the kinds of a server's calls have in common. */
interface ServerCall {
  getDeadline(): grpc.Deadline;
  once(event: "cancelled", listener: () => void): unknown;
}

/** Handlers that never answer, and tell what they see of the first call. */
function holdCalls() {
  const arrived = Promise.withResolvers<ServerCall>();
  const cancelled = Promise.withResolvers<void>();
  const hold = (call: ServerCall): void => {
    call.once("cancelled", cancelled.resolve);
    arrived.resolve(call);
  };
  return {
    handlers: { connection: { ping: hold }, camera: { streamFrames: hold }, locomotion: { drive: hold } },
    arrived: arrived.promise,
    cancelled: cancelled.promise,
  };
}

/** Handlers that fail every call. */
function failingWith(status: Partial<grpc.StatusObject>): GrpcHandlers {
  return {
    connection: { ping: (_, respond) => respond(status) },
    camera: { streamFrames: (call) => void call.emit("error", status) },
    locomotion: { drive: (_, respond) => respond(status) },
  };
}

/** An input that is no generator: it can be closed while it waits. */
function recordInput<T>(values: readonly T[], end: "ends" | "waits") {
  const closed = Promise.withResolvers<void>();
  const rest = [...values];
  let closeCount = 0;
  const iterator: AsyncIterator<T> = {
    next() {
      const value = rest.shift();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      return end === "ends" ? Promise.resolve({ done: true, value: undefined }) : new Promise(() => {});
    },
    return() {
      closeCount++;
      closed.resolve();
      // Nobody must be hurt by it.
      return Promise.reject(new Error("closing failed"));
    },
  };
  return {
    messages: { [Symbol.asyncIterator]: () => iterator },
    closed: closed.promise,
    get closeCount() {
      return closeCount;
    },
  };
}

async function* holdingOn(): AsyncGenerator<{ moveForward: number }> {
  yield { moveForward: 1 };
  await new Promise(() => {});
}

async function leave(messages: AsyncIterable<unknown>, reason?: Error): Promise<void> {
  for await (const _ of messages) {
    if (reason === undefined) break;
    throw reason;
  }
}

function metadata(values: Readonly<Record<string, grpc.MetadataValue>>): grpc.Metadata {
  const result = new grpc.Metadata();
  for (const [name, value] of Object.entries(values)) result.set(name, value);
  return result;
}

const awkwardText = "50% of the Grüße, 日本語, 🙂,\n%41 and a \\";

/** An error as the server's code gives it. */
function failure(name: string, value: string): Partial<grpc.StatusObject> {
  return { code: grpc.status.FAILED_PRECONDITION, details: awkwardText, metadata: metadata({ [name]: value }) };
}

/** Checks that `error` is what {@link failure} made. */
function expectFailure(error: ConnectError, name: string, value: string): void {
  expect(error.code).toBe(Code.FailedPrecondition);
  expect(error.rawMessage).toBe(awkwardText);
  expect(error.metadata.get(name)).toBe(value);
}

/** A server's side of a drive, which tells whether it was told of an orderly end. */
function recordDrive() {
  const received = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<"half-closed" | "cancelled">();
  return {
    handler(call: grpc.ServerReadableStream<unknown, object>, respond: grpc.sendUnaryData<object>): void {
      call.on("data", received.resolve);
      call.on("cancelled", () => ended.resolve("cancelled"));
      // The messages of a cancelled call end too, in the same turn in which it is said to be cancelled.
      call.on("end", () =>
        setImmediate(() => {
          ended.resolve(call.cancelled ? "cancelled" : "half-closed");
          respond(null, {});
        }),
      );
    },
    received: received.promise,
    ended: ended.promise,
  };
}

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Code, type ConnectError, Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport, type UdsTransport, type UdsTransportOptions } from "../index.js";
import { collect } from "../testing/collect.js";
import { callFailure } from "../testing/failure-of.js";
import { frame, frameBytes } from "../testing/grpc-frames.js";
import {
  answer,
  answerPing,
  answerStatus,
  begin,
  finish,
  type OnCall,
  pong,
  startHttp2Server,
} from "../testing/http2-server.js";

const frameSchema = services.camera.method.streamFrames.output;

/** A message of any type without any field. */
const emptyMessage = Buffer.alloc(5);

describe("GrpcCall", () => {
  describe("the request", () => {
    it("is what the gRPC specification asks for", async () => {
      const headers = await headersOfPing({ timeoutMs: 1500 });
      expect(headers).toMatchObject({
        ":method": "POST",
        ":scheme": "http",
        ":path": "/resonite_io.v1.Connection/Ping",
        te: "trailers",
        "content-type": "application/grpc+proto",
        "grpc-timeout": "1500m",
      });
      expect(headers).not.toHaveProperty("grpc-encoding");
      expect(headers).not.toHaveProperty("grpc-accept-encoding");
    });

    it.each([
      [1500.2, "1501m"],
      [99_999_999, "99999999m"],
      [100_000_000, "100000S"],
      [1e15, "99999999S"],
    ])("tells a deadline of %d ms in at most eight digits", async (timeoutMs, expected) => {
      const headers = await headersOfPing({ timeoutMs });
      expect(headers["grpc-timeout"]).toBe(expected);
    });

    it("has no deadline when none is given", async () => {
      expect(await headersOfPing({})).not.toHaveProperty("grpc-timeout");
    });
  });

  describe("the messages of the answer", () => {
    it("may come in pieces of any size", async () => {
      const bytes = pong("in pieces");
      const error = await outcomeOfPing((stream) => {
        begin(stream);
        // Each byte is a DATA frame of its own.
        for (const byte of bytes) stream.write(Buffer.of(byte));
        finish(stream);
      });
      expect(error).toBe("in pieces");
    });

    it("are accepted up to the limit exactly, and fail with ResourceExhausted one byte above it", async () => {
      const message = "x".repeat(1000);
      const size = pong(message).byteLength - 5;
      const onCall: OnCall = (stream) => answer(stream, { body: pong(message) });
      expect(await outcomeOfPing(onCall, { readMaxBytes: size })).toBe(message);
      const error = await failureOfPing(onCall, { readMaxBytes: size - 1 });
      expect(error.code).toBe(Code.ResourceExhausted);
      expect(error.message).toContain(`${size} bytes`);
    });

    it("above the limit end the call before they are there", async () => {
      const reset = Promise.withResolvers<void>();
      const error = await failureOfPing((stream) => {
        stream.once("close", () => reset.resolve());
        begin(stream);
        // Announces 4 GiB and sends nothing of it.
        stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
      });
      expect(error.code).toBe(Code.ResourceExhausted);
      await reset.promise;
    });

    it("fail with Internal when they are compressed, which was never offered", async () => {
      const error = await failureOfPing((stream) => answer(stream, { body: frameBytes(Buffer.from("zip"), 1) }));
      expect(error.code).toBe(Code.Internal);
      expect(error.message).toContain("compressed");
    });

    it("fail with DataLoss when the last one is cut off, even with the status OK", async () => {
      for (const body of [pong("cut off").subarray(0, -1), pong().subarray(0, 3)]) {
        const error = await failureOfPing((stream) => answer(stream, { body }));
        expect(error.code).toBe(Code.DataLoss);
      }
    });

    it("that are cut off do not hide the status of a call that failed", async () => {
      const error = await failureOfPing((stream) =>
        answer(stream, { body: pong().subarray(0, 3), trailer: { "grpc-status": "9" } }),
      );
      expect(error.code).toBe(Code.FailedPrecondition);
    });

    it("fail with Internal when they are no such message", async () => {
      const error = await failureOfPing((stream) => answer(stream, { body: frameBytes(Buffer.from([0x0a, 0xff])) }));
      expect(error.code).toBe(Code.Internal);
      expect(error.message).toContain("2 bytes that are not a resonite_io.v1.PingResponse");
      expect(error.cause).toBeInstanceOf(Error);
    });

    it("of a stream fail it with Internal when they are no such message, and the peer is told", async () => {
      const reset = Promise.withResolvers<void>();
      await using server = await startHttp2Server((stream) => {
        stream.once("close", () => reset.resolve());
        begin(stream);
        stream.write(frame(frameSchema, { frameId: 1n }));
        stream.write(frameBytes(Buffer.from([0x0a, 0xff])));
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const frames = new Resonite(transport).rpc.camera.streamFrames({})[Symbol.asyncIterator]();
      expect(await frames.next()).toMatchObject({ value: { frameId: 1n } });
      expect((await callFailure(frames.next())).code).toBe(Code.Internal);
      await reset.promise;
    });

    it("of a unary call must be one: none fails", async () => {
      const error = await failureOfPing((stream) => answer(stream));
      expect(error.code).toBe(Code.Unimplemented);
      expect(error.message).toContain("without a message");
    });

    it("of a unary call must be one: none fails, also when the status OK comes instead of a header", async () => {
      const error = await failureOfPing((stream) => answerStatus(stream, { "grpc-status": "0" }));
      expect(error.code).toBe(Code.Unimplemented);
    });

    it("of a unary call must be one: two fail", async () => {
      const error = await failureOfPing((stream) => answer(stream, { body: Buffer.concat([pong(), pong()]) }));
      expect(error.code).toBe(Code.Unimplemented);
      expect(error.message).toContain("more than one message");
    });

    it("of a unary call do not count when the status is an error", async () => {
      const error = await failureOfPing((stream) => answer(stream, { body: pong(), trailer: { "grpc-status": "13" } }));
      expect(error.code).toBe(Code.Internal);
    });

    it("of a stream may be none", async () => {
      await using server = await startHttp2Server((stream) => answer(stream));
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expect(await collect(new Resonite(transport).camera.stream())).toEqual([]);
    });

    it("of a stream may be none, also when the status OK comes instead of a header", async () => {
      await using server = await startHttp2Server((stream) => answerStatus(stream, { "grpc-status": "0" }));
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expect(await collect(new Resonite(transport).camera.stream())).toEqual([]);
    });

    it("that came before the stream failed are all delivered before its error", async () => {
      await using server = await startHttp2Server((stream) =>
        answer(stream, {
          body: Buffer.concat([frame(frameSchema, { frameId: 0n }), frame(frameSchema, { frameId: 1n })]),
          trailer: { "grpc-status": "9" },
        }),
      );
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const seen: bigint[] = [];
      const error = await callFailure(
        (async () => {
          for await (const { frameId } of new Resonite(transport).camera.stream({ mode: "every" })) seen.push(frameId);
        })(),
      );
      expect(seen).toEqual([0n, 1n]);
      expect(error.code).toBe(Code.FailedPrecondition);
    });
  });

  describe("a peer that hangs up", () => {
    it.each<[string, OnCall]>([
      ["before any answer", (stream) => stream.session?.destroy()],
      [
        "after the header",
        (stream) => {
          begin(stream);
          stream.session?.close();
          setImmediate(() => stream.session?.destroy());
        },
      ],
      [
        "in the middle of a message",
        (stream) => {
          begin(stream);
          stream.write(emptyMessage.subarray(0, -1), () => stream.session?.destroy());
        },
      ],
      [
        "between the message and the status",
        (stream) => {
          begin(stream);
          stream.write(emptyMessage, () => stream.session?.destroy());
        },
      ],
    ])("%s fails its calls with Unavailable", async (_, hangUp) => {
      await using server = await startHttp2Server(hangUp);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, rpc } = new Resonite(transport);
      expect((await callFailure(connection.ping())).code).toBe(Code.Unavailable);
      expect((await callFailure(collect(rpc.camera.streamFrames({})))).code).toBe(Code.Unavailable);
      expect((await callFailure(rpc.locomotion.drive(endless()))).code).toBe(Code.Unavailable);
    });
  });

  describe("a peer that ends the answer without a status,", () => {
    it.each([
      ["and without a message", Buffer.alloc(0)],
      ["after a message", emptyMessage],
    ])("%s fails its calls with Internal", async (_, body) => {
      await using server = await startHttp2Server((stream) => {
        // Keeps the stream open for what the client sends.
        stream.resume();
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.end(body);
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, rpc } = new Resonite(transport);
      expect((await callFailure(connection.ping())).code).toBe(Code.Internal);
      expect((await callFailure(collect(rpc.camera.streamFrames({})))).code).toBe(Code.Internal);
      // While this one would have more to send.
      expect((await callFailure(rpc.locomotion.drive(endless()))).code).toBe(Code.Internal);
    });
  });

  it("does not pass a stream for complete when the connection is lost while messages are still to come", async () => {
    // Held until the end of the test: Node's server lets go of what it still has to send when its stream closes.
    const samples = new Uint8Array(1024 * 1024);
    const sent = Array.from({ length: 8 }, (_, index) =>
      frame(services.speaker.method.streamAudio.output, { frameId: BigInt(index), samples }),
    );
    await using server = await startHttp2Server((stream, headers) => {
      if (headers[":path"]?.endsWith("/Ping")) {
        answerPing(stream);
        return;
      }
      begin(stream);
      for (const bytes of sent) stream.write(bytes);
      finish(stream);
    });
    // Less than there is to send, so that the end has not come.
    const streamWindowBytes = 2 * 1024 * 1024;
    await using transport = createUdsTransport({ socketPath: server.socketPath, streamWindowBytes });
    const { connection, rpc } = new Resonite(transport);
    const frames = rpc.speaker.streamAudio({})[Symbol.asyncIterator]();
    await frames.next();
    await connection.ping();
    await server.stop();
    await untilDisconnected(connection);

    const rest = collect({ [Symbol.asyncIterator]: () => frames });
    expect((await callFailure(rest)).code).toBe(Code.Unavailable);
  });

  describe("flow control", () => {
    it("stops taking input while the peer does not read, and goes on when it does", async () => {
      const messageCount = 400;
      const samples = new Uint8Array(64 * 1024);
      const arrived = Promise.withResolvers<ServerHttp2Stream>();
      await using server = await startHttp2Server((stream, headers) => {
        if (headers[":path"]?.endsWith("/Ping")) answerPing(stream);
        else arrived.resolve(stream);
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, rpc } = new Resonite(transport);
      let pulledCount = 0;
      const summary = rpc.microphone.streamAudio(
        (async function* () {
          for (; pulledCount < messageCount; pulledCount++) yield { samples };
        })(),
      );
      const stream = await arrived.promise;
      await untilAtRest(connection, () => pulledCount);
      // The peer's window is 64 kB, and a buffer or two lie on the way.
      expect(pulledCount).toBeLessThan(10);

      let receivedBytes = 0;
      stream.on("data", (chunk: Buffer) => {
        receivedBytes += chunk.byteLength;
      });
      stream.once("end", () =>
        answer(stream, { body: frame(services.microphone.method.streamAudio.output, { receivedFrames: 7n }) }),
      );
      expect((await summary).receivedFrames).toBe(7n);
      expect(pulledCount).toBe(messageCount);
      expect(receivedBytes).toBeGreaterThan(messageCount * samples.byteLength);
    });

    it("stops the peer while nobody reads, and hands everything on in order when somebody does", async () => {
      const frameCount = 400;
      const pixels = new Uint8Array(64 * 1024);
      // Held until the end of the test: Node's server lets go of what it still has to send when its stream closes.
      const sent = Array.from({ length: frameCount }, (_, index) =>
        frame(frameSchema, { frameId: BigInt(index), width: 128, height: 128, pixels }),
      );
      let writtenCount = 0;
      await using server = await startHttp2Server((stream, headers) => {
        if (headers[":path"]?.endsWith("/Ping")) {
          answerPing(stream);
          return;
        }
        begin(stream);
        const writeOn = (): void => {
          while (writtenCount < frameCount) {
            if (!stream.write(sent[writtenCount++])) {
              stream.once("drain", writeOn);
              return;
            }
          }
          finish(stream);
        };
        writeOn();
      });
      await using transport = createUdsTransport({
        socketPath: server.socketPath,
        streamWindowBytes: 256 * 1024,
        connectionWindowBytes: 1024 * 1024,
      });
      const { connection, camera } = new Resonite(transport);
      await using stream = camera.stream({ mode: "every" });
      expect(await stream.next()).toMatchObject({ value: { frameId: 0n } });
      await untilAtRest(connection, () => writtenCount);
      // A megabyte that waits here for its reader, the window of the stream, and a buffer or two on the way.
      expect(writtenCount * pixels.byteLength).toBeLessThan(2 * 1024 * 1024);

      const rest = await collect(stream);
      expect(rest.map(({ frameId }) => frameId)).toEqual(
        Array.from({ length: frameCount - 1 }, (_, index) => BigInt(index + 1)),
      );
    });
  });
});

/** Never yields anything. */
async function* endless(): AsyncGenerator<never> {
  await new Promise(() => {});
}

/** Resolves when two pings, which take the same connection there and back, did not change what `count` counts. */
async function untilAtRest(connection: Resonite["connection"], count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await connection.ping();
    await connection.ping();
  }
}

/** Resolves when the client has seen that the peer is gone. */
async function untilDisconnected(connection: Resonite["connection"]): Promise<void> {
  for (;;) {
    const error = await callFailure(connection.ping());
    if (error.message.includes("there is no socket at")) return;
  }
}

async function withPeer<T>(
  onCall: OnCall,
  options: Omit<UdsTransportOptions, "socketPath">,
  use: (transport: UdsTransport) => Promise<T>,
): Promise<T> {
  await using server = await startHttp2Server(onCall);
  await using transport = createUdsTransport({ ...options, socketPath: server.socketPath });
  return await use(transport);
}

/** What a ping gets from a peer that answers as `onCall` does. */
async function outcomeOfPing(onCall: OnCall, options: Omit<UdsTransportOptions, "socketPath"> = {}): Promise<string> {
  return await withPeer(
    onCall,
    options,
    async (transport) => (await new Resonite(transport).connection.ping()).message,
  );
}

async function failureOfPing(
  onCall: OnCall,
  options: Omit<UdsTransportOptions, "socketPath"> = {},
): Promise<ConnectError> {
  return await withPeer(onCall, options, (transport) => callFailure(new Resonite(transport).connection.ping()));
}

/** The headers with which a ping reaches the peer. */
async function headersOfPing(options: { readonly timeoutMs?: number }): Promise<IncomingHttpHeaders> {
  const { promise, resolve } = Promise.withResolvers<IncomingHttpHeaders>();
  const onCall: OnCall = (stream, headers) => {
    resolve(headers);
    answerPing(stream);
  };
  return await withPeer(onCall, {}, async (transport) => {
    await new Resonite(transport).connection.ping("ping", options);
    return await promise;
  });
}

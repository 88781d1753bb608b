import { once } from "node:events";
import * as http2 from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import type * as grpc from "@grpc/grpc-js";
import { Code, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "./index.js";
import { callFailure } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { makeTempFolder } from "./testing/temp-folder.js";
import {
  type CutOff,
  expectFailure,
  failure,
  holdingOn,
  metadata,
  recordDrive,
  recordInput,
} from "./testing/transport-fixtures.js";

describe("createUdsTransport, client streams", () => {
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

    it("is not asked for more once the call is over, also when it cannot be closed", async () => {
      await using server = await startGrpcJsServer({
        connection: { ping: (_, respond) => respond(null, {}) },
        locomotion: { drive: (call, respond) => void call.once("data", () => respond(null, {})) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection, rpc } = new Resonite(transport);
      let askedCount = 0;
      const next = async (): Promise<IteratorResult<{ moveForward: number }>> => {
        askedCount++;
        await nextTurn();
        return { done: false, value: { moveForward: 1 } };
      };
      await rpc.locomotion.drive({ [Symbol.asyncIterator]: () => ({ next }) });
      const askedAtTheEnd = askedCount;
      for (let round = 0; round < 10; round++) await connection.ping();
      expect(askedCount).toBe(askedAtTheEnd);
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
});

import type * as grpc from "@grpc/grpc-js";
import { Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "./index.js";
import { collect } from "./testing/collect.js";
import { callFailure } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { expectFailure, failure, leave, metadata } from "./testing/transport-fixtures.js";

describe("createUdsTransport, server streams", () => {
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
          mode: "every",
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
      const frames = new Resonite(transport).camera.stream({ mode: "every" });
      expect(await frames.next()).toMatchObject({ value: { frameId: 0n } });
      expectFailure(await callFailure(frames.next()), "x-more", "kept");
    });

    it("carries the status of a stream that fails before its first message", async () => {
      await using server = await startGrpcJsServer({
        camera: { streamFrames: (call) => void call.emit("error", failure("x-more", "kept")) },
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expectFailure(
        await callFailure(new Resonite(transport).camera.stream({ mode: "every" }).next()),
        "x-more",
        "kept",
      );
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
      const frames = new Resonite(transport).camera.stream({ mode: "every" });
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
      await leaveLoop(new Resonite(transport).camera.stream({ mode: "every" }));
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
      const frames = await collect(new Resonite(transport).camera.stream({ mode: "every" }));
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
});

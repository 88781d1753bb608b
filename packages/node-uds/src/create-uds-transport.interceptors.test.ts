import type { Interceptor } from "@connectrpc/connect";
import type * as grpc from "@grpc/grpc-js";
import { Code, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "./index.js";
import { collect } from "./testing/collect.js";
import { callFailure } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { expectFailure, failure, leave, metadata } from "./testing/transport-fixtures.js";

describe("createUdsTransport, interceptors", () => {
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
});

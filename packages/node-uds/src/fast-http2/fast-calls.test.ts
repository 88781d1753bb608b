import { Code, Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "../index.js";
import { callFailure } from "../testing/failure-of.js";
import { FramePeer } from "../testing/frame-peer.js";
import { frame } from "../testing/grpc-frames.js";
import {
  answerFields,
  dataFrame,
  headersFrame,
  numbers,
  rawFrame,
  settingsFrame,
  trailerFields,
} from "../testing/http2-frames.js";
import { startNetServer } from "../testing/net-server.js";
import { frameTypes } from "./http2-codes.js";

describe("a call over our own HTTP/2", () => {
  it.each<[string, Code, Buffer]>([
    ["HTTP/1", Code.Unknown, Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a ping before the settings", Code.Unknown, rawFrame(frameTypes.ping, 0, 0, Buffer.alloc(8))],
    ["wrong settings", Code.Unknown, settingsFrame({ 2: 1 })],
  ])("to a peer that begins with %s fails with %i", async (_, code, bytes) => {
    await using server = await startNetServer((socket) => socket.write(bytes));
    await using resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath, http2: "fast" }));
    expect((await callFailure(resonite.connection.ping())).code).toBe(code);
  });

  it.each<[string, Code, Buffer]>([
    ["a push", Code.Unavailable, rawFrame(frameTypes.pushPromise, 4, 1, numbers(2))],
    ["a header block that cannot be decoded", Code.Unavailable, rawFrame(frameTypes.headers, 4, 1, Buffer.of(0x80))],
    ["data before headers", Code.Unavailable, dataFrame(1, Buffer.from("x"))],
    ["a goodbye that leaves it out", Code.Unavailable, rawFrame(frameTypes.goaway, 0, 0, numbers(0, 0))],
    ["a refusal", Code.Unavailable, rawFrame(frameTypes.rstStream, 0, 1, numbers(7))],
    ["a reset with an internal error", Code.Internal, rawFrame(frameTypes.rstStream, 0, 1, numbers(2))],
    ["headers without a status", Code.Internal, headersFrame(1, answerFields.slice(1))],
    ["a field that no HTTP knows", Code.Internal, headersFrame(1, [...answerFields, ["a b", "c"]])],
    ["no status of gRPC", Code.Internal, headersFrame(1, answerFields, 5)],
    ["status 404", Code.Unimplemented, headersFrame(1, [[":status", "404"]], 5)],
    [
      "a page",
      Code.Unknown,
      headersFrame(1, [
        [":status", "200"],
        ["content-type", "text/html"],
      ]),
    ],
  ])("that is answered with %s fails with %i", async (_, code, answer) => {
    await using server = await startNetServer(async (socket) => {
      const peer = new FramePeer(socket);
      peer.send(settingsFrame());
      const { streamId } = await peer.next(frameTypes.headers);
      expect(streamId).toBe(1);
      peer.send(answer);
    });
    await using resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath, http2: "fast" }));
    expect((await callFailure(resonite.connection.ping())).code).toBe(code);
  });

  it("hands out messages that the next read does not touch", async () => {
    const taken = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using server = await startNetServer(async (socket) => {
      const peer = new FramePeer(socket);
      peer.send(settingsFrame());
      await peer.next(frameTypes.headers);
      const pixels = (letter: string) =>
        frame(services.camera.method.streamFrames.output, { pixels: Buffer.alloc(1_000, letter) });
      peer.send(headersFrame(1, answerFields), dataFrame(1, pixels("a")));
      await taken[0]?.promise;
      peer.send(dataFrame(1, pixels("b")));
      await taken[1]?.promise;
      peer.send(headersFrame(1, trailerFields, 5));
    });
    await using resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath, http2: "fast" }));
    const messages: Uint8Array[] = [];
    for await (const { pixels } of resonite.rpc.camera.streamFrames({})) {
      messages.push(pixels);
      taken[messages.length - 1]?.resolve();
    }
    expect(messages.map((bytes) => Buffer.from(bytes).toString())).toEqual(["a".repeat(1_000), "b".repeat(1_000)]);
  });
});

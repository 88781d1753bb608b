import { getEventListeners } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { type CallOptions, Code, ConnectError, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "./index.js";
import { collect } from "./testing/collect.js";
import { callFailure } from "./testing/failure-of.js";
import { answer, answerPing, begin, pong, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";

/** Every kind of call, to a peer that does not end it. */
const calls: readonly [string, (resonite: Resonite, options: CallOptions) => Promise<unknown>][] = [
  ["a unary call", ({ connection }, options) => connection.ping("ping", options)],
  ["a server stream", ({ rpc }, options) => collect(rpc.camera.streamFrames({}, options))],
  ["a client stream", ({ rpc }, options) => rpc.locomotion.drive(commands(), options)],
];

describe("cancellation", () => {
  describe.each(calls)("%s", (_, start) => {
    it("whose signal is already aborted fails with Canceled and is never sent", async () => {
      let callCount = 0;
      await using server = await startHttp2Server((stream) => {
        callCount++;
        answerPing(stream);
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      await transport.open();
      const resonite = new Resonite(transport);
      const reason = new Error("not needed");
      const error = await callFailure(start(resonite, { signal: AbortSignal.abort(reason) }));
      expect(error.code).toBe(Code.Canceled);
      expect(error.cause).toBe(reason);
      await resonite.connection.ping();
      expect(callCount).toBe(1);
    });

    it("that is aborted while the connection is made fails with Canceled", async () => {
      const connected = Promise.withResolvers<void>();
      await using peer = await startNetServer(() => connected.resolve());
      await using transport = createUdsTransport({ socketPath: peer.socketPath });
      const controller = new AbortController();
      const failure = callFailure(start(new Resonite(transport), { signal: controller.signal }));
      await connected.promise;
      controller.abort();
      expect((await failure).code).toBe(Code.Canceled);
    });

    it("that is aborted before the answer begins fails with Canceled, and the peer is told", async () => {
      const peer = recordOneCall();
      await using server = await startHttp2Server(peer.onCall);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const controller = new AbortController();
      const failure = callFailure(start(new Resonite(transport), { signal: controller.signal }));
      await peer.arrived;
      const reason = new Error("changed my mind");
      controller.abort(reason);
      const error = await failure;
      expect(error.code).toBe(Code.Canceled);
      expect(error.cause).toBe(reason);
      expect(await peer.resetCode).toBe(constants.NGHTTP2_CANCEL);
      expect(server.sessions).toHaveLength(1);
    });

    it("that takes longer than its timeoutMs fails with DeadlineExceeded, and the peer is told", async () => {
      const peer = recordOneCall();
      await using server = await startHttp2Server(peer.onCall);
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      await transport.open();
      const error = await callFailure(start(new Resonite(transport), { timeoutMs: 50 }));
      expect(error.code).toBe(Code.DeadlineExceeded);
      expect(error.message).toContain("50 ms");
      expect(await peer.resetCode).toBe(constants.NGHTTP2_CANCEL);
    });

    it("whose signal times out fails with DeadlineExceeded", async () => {
      await using server = await startHttp2Server(() => {});
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const error = await callFailure(start(new Resonite(transport), { signal: AbortSignal.timeout(20) }));
      expect(error.code).toBe(Code.DeadlineExceeded);
    });

    it("takes a ConnectError as the reason of an abort for its own error", async () => {
      await using server = await startHttp2Server(() => {});
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const reason = new ConnectError("the page was left", Code.Aborted);
      expect(await callFailure(start(new Resonite(transport), { signal: AbortSignal.abort(reason) }))).toBe(reason);
    });

    it("has the deadline that the transport gives to calls that name none", async () => {
      await using server = await startHttp2Server(() => {});
      await using transport = createUdsTransport({ socketPath: server.socketPath, defaultTimeoutMs: 20 });
      expect((await callFailure(start(new Resonite(transport), {}))).code).toBe(Code.DeadlineExceeded);
    });
  });

  it("fails a stream with Canceled when it is aborted between two messages, and drops what waits to be read", async () => {
    const peer = recordOneCall((stream) => {
      begin(stream);
      stream.write(Buffer.alloc(15));
    });
    await using server = await startHttp2Server(peer.onCall);
    await using transport = createUdsTransport({ socketPath: server.socketPath });
    const controller = new AbortController();
    const messages = new Resonite(transport).rpc.camera.streamFrames({}, { signal: controller.signal });
    const iterator = messages[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    expect((await callFailure(iterator.next())).code).toBe(Code.Canceled);
    expect(await peer.resetCode).toBe(constants.NGHTTP2_CANCEL);
  });

  it("keeps the default deadline away from a call that asks for none with 0", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await using server = await startHttp2Server((stream, headers) => {
      resolve(headers["grpc-timeout"]);
      answerPing(stream);
    });
    await using transport = createUdsTransport({ socketPath: server.socketPath, defaultTimeoutMs: 10_000 });
    await new Resonite(transport).connection.ping("ping", { timeoutMs: 0 });
    expect(await promise).toBeUndefined();
  });

  it("does nothing to a call that has ended", async () => {
    const peer = recordOneCall((stream) => answer(stream, { body: pong() }));
    await using server = await startHttp2Server(peer.onCall);
    await using transport = createUdsTransport({ socketPath: server.socketPath });
    const controller = new AbortController();
    const { connection } = new Resonite(transport);
    await connection.ping("ping", { signal: controller.signal });
    controller.abort();
    expect(await peer.resetCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it("does not listen to a signal any longer than the call lasts", async () => {
    await using server = await startHttp2Server(answerPing);
    await using transport = createUdsTransport({ socketPath: server.socketPath });
    const { signal } = new AbortController();
    await new Resonite(transport).connection.ping("ping", { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

async function* commands(): AsyncGenerator<{ moveForward: number }> {
  yield { moveForward: 1 };
  await new Promise(() => {});
}

/** A peer that does `act` with the only call it gets, and tells how the call ended. */
function recordOneCall(act: (stream: ServerHttp2Stream) => void = () => {}) {
  const arrived = Promise.withResolvers<void>();
  const resetCode = Promise.withResolvers<number>();
  return {
    onCall(stream: ServerHttp2Stream): void {
      stream.once("close", () => resetCode.resolve(stream.rstCode));
      act(stream);
      arrived.resolve();
    },
    arrived: arrived.promise,
    resetCode: resetCode.promise,
  };
}

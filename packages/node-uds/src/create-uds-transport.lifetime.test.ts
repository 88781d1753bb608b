import { createClient } from "@connectrpc/connect";
import { Code, Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "./index.js";
import { collect } from "./testing/collect.js";
import { callFailure } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answer, answerPing, begin, pong, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";
import { heldCalls, holdCalls, holdingOn } from "./testing/transport-fixtures.js";

describe("createUdsTransport, its beginning and its end", () => {
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

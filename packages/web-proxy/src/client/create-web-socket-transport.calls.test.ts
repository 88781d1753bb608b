import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@resoio/core";
import { CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { LocomotionCommandSchema, LocomotionDriveSummarySchema } from "@resoio/core/gen/resonite_io/v1/locomotion_pb";
import { describe, expect, it } from "vitest";
import { WebSocket as WsWebSocket } from "ws";
import { callFailure, collect, connected, pong } from "../testing/client-fixtures.js";
import { endFrame, frame, headerFrame, messageFrame, ScriptedProxy, types } from "../testing/scripted-proxy.js";

describe.each([
  ["the global WebSocket", undefined],
  ["the WebSocket of ws", WsWebSocket],
])("a unary call over %s", (_, webSocket) => {
  const options = webSocket === undefined ? {} : { webSocket };

  it("is one WebSocket message: OPEN, DATA, HALF_CLOSE", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, options);
    const answer = client.resonite.connection.ping("hello");
    await client.peer.next(types.halfClose, 1);
    client.peer.send(...pong(1, "hello"));

    expect((await answer).message).toBe("hello");
    expect(client.peer.messages).toHaveLength(1);
    expect(client.peer.typesOf(1)).toEqual([types.open, types.data, types.halfClose]);
    const [request] = client.peer.messagesOf(1);
    expect(fromBinary(PingRequestSchema, request ?? new Uint8Array()).message).toBe("hello");
  });

  it("is opened by its path, without a deadline, and with the window as credit", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { ...options, receiveWindowBytes: 12_345 });
    const answer = client.resonite.connection.ping();
    expect(await client.peer.opened(1)).toMatchObject({
      path: "/resonite_io.v1.Connection/Ping",
      headers: [],
      timeoutMs: 0,
      sendCredit: 12_345,
    });
    client.peer.send(...pong(1));
    await answer;
  });
});

describe("a unary call", () => {
  it("gives each call a number of its own, counted from 1", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const answers = ["a", "b", "c"].map((message) => client.resonite.connection.ping(message));
    await client.peer.next(types.halfClose, 3);
    client.peer.send(...pong(2, "b"));
    client.peer.send(...pong(3, "c"), ...pong(1, "a"));
    expect((await Promise.all(answers)).map(({ message }) => message)).toEqual(["a", "b", "c"]);
    expect(client.peer.of(types.open).map(({ callId }) => callId)).toEqual([1, 2, 3]);
  });

  it("sends headers, and tells the proxy what is left of its deadline", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const answer = client.resonite.connection.ping("x", { headers: { "X-Trace": "42" }, timeoutMs: 60_000 });
    const open = await client.peer.opened(1);
    expect(open.headers).toMatchObject([{ name: "x-trace", value: "42" }]);
    expect(open.timeoutMs).toBeGreaterThan(0);
    expect(open.timeoutMs).toBeLessThanOrEqual(60_000);
    client.peer.send(...pong(1));
    await answer;
  });

  it("hands over the headers and trailers of the answer", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const seen: { header?: string | null; trailer?: string | null } = {};
    const answer = client.resonite.rpc.connection.ping(
      {},
      {
        onHeader: (headers) => {
          seen.header = headers.get("x-from");
        },
        onTrailer: (trailers) => {
          seen.trailer = trailers.get("x-cost");
        },
      },
    );
    await client.peer.opened(1);
    const message = toBinary(PingResponseSchema, create(PingResponseSchema));
    client.peer.send(headerFrame(1, { "x-from": "mod" }), messageFrame(1, message), endFrame(1, {}, { "x-cost": "7" }));
    await answer;
    expect(seen).toEqual({ header: "mod", trailer: "7" });
  });

  it("takes an answer without HEADER for one without headers", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const answer = client.resonite.connection.ping("x");
    await client.peer.opened(1);
    const [, data, end] = pong(1, "x");
    if (data === undefined || end === undefined) throw new Error("unreachable");
    client.peer.send(data, end);
    expect((await answer).message).toBe("x");
  });

  it("fails with the code, message, details and trailers of its END", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    const value = toBinary(PingRequestSchema, create(PingRequestSchema, { message: "detail" }));
    const details = [{ typeUrl: "type.googleapis.com/resonite_io.v1.PingRequest", value }];
    client.peer.send(endFrame(1, { code: Code.NotFound, message: "no such thing", details }, { "x-cost": "7" }));
    const error = await failure;
    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such thing" });
    expect(error.findDetails(PingRequestSchema)).toMatchObject([{ message: "detail" }]);
    expect(error.metadata.get("x-cost")).toBe("7");
  });

  it("takes a code that nobody knows for Unknown", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    client.peer.send(endFrame(1, { code: 99, message: "what is that" }));
    expect(await failure).toMatchObject({ code: Code.Unknown, rawMessage: "what is that" });
  });

  it.each([
    ["without a message", () => [headerFrame(1), endFrame(1)], Code.Unimplemented],
    ["with two", () => [...pong(1).slice(0, 2), ...pong(1).slice(1)], Code.Unimplemented],
    ["with half a message", () => [frame(types.data, 1, Buffer.from([0, 0, 0, 0, 9, 1])), endFrame(1)], Code.DataLoss],
    ["with a compressed one", () => [frame(types.data, 1, Buffer.from([1, 0, 0, 0, 0])), endFrame(1)], Code.Internal],
    ["with what is none", () => [messageFrame(1, Buffer.from([0xff])), endFrame(1)], Code.Internal],
  ])("fails when it is answered %s, and the connection goes on", async (_, answer, code) => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    client.peer.send(...answer());
    expect((await failure).code).toBe(code);

    const next = client.resonite.connection.ping();
    await client.peer.opened(2);
    client.peer.send(...pong(2));
    await next;
  });

  it("fails with ResourceExhausted for an answer above readMaxBytes, is cancelled, and the connection goes on", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { readMaxBytes: 100 });
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    client.peer.send(frame(types.data, 1, Buffer.from([0, 0, 0, 0, 101])));
    expect(await failure).toMatchObject({ code: Code.ResourceExhausted });
    await client.peer.next(types.cancel, 1);
    await client.peer.settled();
  });

  it("fails with ResourceExhausted for a request that the proxy would not take, and sends nothing of it", async () => {
    await using proxy = await ScriptedProxy.start({ hello: { maxMessageBytes: 50 } });
    await using client = await connected(proxy);
    expect(await callFailure(client.resonite.connection.ping("x".repeat(60)))).toMatchObject({
      code: Code.ResourceExhausted,
    });
    await client.peer.next(types.cancel, 1);
    expect(client.peer.dataBytes(1)).toBe(0);
  });

  it("fails with ResourceExhausted for headers that fit into no frame, and sends nothing", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const headers = { "x-large": "x".repeat(70_000) };
    expect((await callFailure(client.resonite.connection.ping("", { headers }))).code).toBe(Code.ResourceExhausted);
    await client.peer.settled();
    expect(client.peer.of(types.open)).toEqual([]);
  });

  it("is cancelled on the proxy when it is aborted, and what still comes for it is ignored", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const controller = new AbortController();
    const failure = callFailure(client.resonite.connection.ping("x", { signal: controller.signal }));
    await client.peer.opened(1);
    controller.abort();
    expect((await failure).code).toBe(Code.Canceled);
    await client.peer.next(types.cancel, 1);
    client.peer.send(...pong(1));
    await client.peer.settled();
    expect(client.peer.typesOf(1)).toEqual([types.open, types.data, types.halfClose, types.cancel]);
  });

  it("fails with DeadlineExceeded when its time is over, and is cancelled on the proxy", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    expect((await callFailure(client.resonite.connection.ping("x", { timeoutMs: 30 }))).code).toBe(
      Code.DeadlineExceeded,
    );
    await client.peer.next(types.cancel, 1);
  });

  it("sends nothing when it is aborted before it begins", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failure = callFailure(client.resonite.connection.ping("x", { signal: AbortSignal.abort() }));
    expect((await failure).code).toBe(Code.Canceled);
    await client.peer.settled();
    expect(client.peer.of(types.open)).toEqual([]);
  });
});

describe("a server stream", () => {
  it("hands out the messages in order, then ends", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const frames = collect(client.resonite.rpc.camera.streamFrames({}));
    await client.peer.next(types.halfClose, 1);
    client.peer.send(headerFrame(1), cameraFrame(1n), cameraFrame(2n));
    client.peer.send(cameraFrame(3n), endFrame(1));
    expect((await frames).map(({ frameId }) => frameId)).toEqual([1n, 2n, 3n]);
  });

  it("puts messages together however they are cut into frames and WebSocket messages", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const frames = collect(client.resonite.rpc.camera.streamFrames({}));
    await client.peer.next(types.halfClose, 1);
    const bytes = Buffer.concat(
      [cameraFrame(1n, 500), cameraFrame(2n, 0), cameraFrame(3n, 7)].map((one) => one.subarray(9)),
    );
    client.peer.send(headerFrame(1));
    for (let offset = 0; offset < bytes.byteLength; offset += 3) {
      client.peer.send(frame(types.data, 1, bytes.subarray(offset, offset + 3)));
    }
    client.peer.send(endFrame(1));
    expect((await frames).map(({ frameId, pixels }) => [frameId, pixels.byteLength])).toEqual([
      [1n, 500],
      [2n, 0],
      [3n, 7],
    ]);
  });

  it("is cancelled on the proxy when its loop is left", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const stream = client.resonite.speaker.stream();
    const first = stream.next();
    await client.peer.opened(1);
    client.peer.send(headerFrame(1), messageFrame(1, Buffer.alloc(0)));
    expect((await first).done).toBe(false);
    await stream.return?.();
    await client.peer.next(types.cancel, 1);
  });

  it("hands out what came before its error, then fails with it", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const stream = client.resonite.rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    const first = stream.next();
    await client.peer.opened(1);
    client.peer.send(
      headerFrame(1),
      cameraFrame(1n),
      cameraFrame(2n),
      endFrame(1, { code: Code.Aborted, message: "x" }),
    );
    expect((await first).value).toMatchObject({ frameId: 1n });
    expect((await stream.next()).value).toMatchObject({ frameId: 2n });
    expect((await callFailure(stream.next())).code).toBe(Code.Aborted);
  });
});

describe("a client stream", () => {
  it("sends each message when it is given, half-closes after the last, and returns the answer", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const { promise: goOn, resolve } = Promise.withResolvers<void>();
    async function* commands() {
      yield { moveForward: 1 };
      await goOn;
      yield { moveForward: 0.5 };
    }
    const summary = client.resonite.rpc.locomotion.drive(commands());
    await client.peer.next(types.data, 1);
    expect(client.peer.of(types.halfClose)).toEqual([]);
    resolve();
    await client.peer.next(types.halfClose, 1);
    expect(client.peer.messagesOf(1).map((one) => fromBinary(LocomotionCommandSchema, one).moveForward)).toEqual([
      1, 0.5,
    ]);
    const answer = create(LocomotionDriveSummarySchema, { receivedCount: 2n });
    client.peer.send(headerFrame(1), messageFrame(1, toBinary(LocomotionDriveSummarySchema, answer)), endFrame(1));
    expect(await summary).toMatchObject({ receivedCount: 2n });
  });

  it("is cancelled, not half-closed, when what gives the messages fails", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    async function* commands() {
      yield { moveForward: 1 };
      throw new Error("the joystick is gone");
    }
    const failure = callFailure(client.resonite.rpc.locomotion.drive(commands()));
    await client.peer.next(types.cancel, 1);
    expect((await failure).rawMessage).toBe("the joystick is gone");
    expect(client.peer.of(types.halfClose)).toEqual([]);
  });

  it("may end before all messages were sent; nothing is sent after that", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const given = Promise.withResolvers<void>();
    async function* commands() {
      yield { moveForward: 1 };
      await given.promise;
      yield { moveForward: 2 };
    }
    const failure = callFailure(client.resonite.rpc.locomotion.drive(commands()));
    await client.peer.next(types.data, 1);
    client.peer.send(endFrame(1, { code: Code.FailedPrecondition, message: "another client drives" }));
    expect((await failure).rawMessage).toBe("another client drives");
    given.resolve();
    await client.peer.settled();
    expect(client.peer.typesOf(1)).toEqual([types.open, types.data]);
  });
});

function cameraFrame(frameId: bigint, pixelBytes = 0): Uint8Array {
  const message = create(CameraFrameSchema, { frameId, pixels: new Uint8Array(pixelBytes) });
  return messageFrame(1, toBinary(CameraFrameSchema, message));
}

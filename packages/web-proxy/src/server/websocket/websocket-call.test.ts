import { setImmediate } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { frameMessage } from "@resoio/core/internal";
import { describe, expect, it } from "vitest";
import { creditFrame, frame, halfCloseFrame, messageFrame, openFrame } from "../../testing/raw-websocket-client.js";
import { serveWebSockets } from "../../testing/serve-websockets.js";
import { frameTypes, maxDataBytes, maxFrameBytes } from "../../wire/protocol.js";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("a call over a WebSocket", () => {
  it("that is unary takes one message each way, and one step upstream", async () => {
    await using serving = await serveWebSockets();
    serving.gate.onStart = (call) => {
      call.open();
      call.announce({ "x-mod": "mock" });
      call.emit(bytes(4, 5));
      call.end(undefined, { "x-last": "bye" });
    };
    const client = await serving.connect();

    client.send(
      openFrame(1, { path: "/a.B/C", headers: [{ name: "x-mine", value: "1" }], timeoutMs: 1_500 }),
      messageFrame(1, bytes(1, 2, 3)),
      halfCloseFrame(1),
    );
    const end = await client.endOf(1);

    const call = serving.gate.callAt(0);
    expect(call.request).toMatchObject({ path: "/a.B/C", timeoutMs: 1_500 });
    expect(call.request.header?.get("x-mine")).toBe("1");
    expect(call.sent).toEqual([bytes(1, 2, 3)]);
    expect(call.wasSentInOneGo).toBe(true);
    expect(client.messages).toHaveLength(2);
    expect(client.messages[1]?.map(({ type, callId }) => [type, callId])).toEqual([
      [frameTypes.header, 1],
      [frameTypes.data, 1],
      [frameTypes.end, 1],
    ]);
    expect((await client.headerOf(1)).headers).toMatchObject([{ name: "x-mod", value: "mock" }]);
    expect(client.framesOf(frameTypes.data)[0]?.payload).toEqual(frameMessage(bytes(4, 5)));
    expect(end).toMatchObject({ code: 0, message: "", details: [], trailers: [{ name: "x-last", value: "bye" }] });
  });

  it("has no deadline unless the client names one", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();

    client.send(openFrame(1));

    expect((await serving.gate.started()).request.timeoutMs).toBeUndefined();
  });

  it("streams in both directions until both have ended", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1));
    const call = await serving.gate.started();

    for (let i = 1; i <= 3; i++) {
      client.send(messageFrame(1, bytes(i)));
      await serving.gate.until(() => call.sent.length === i);
      call.emit(bytes(i * 10));
      await client.until(() => client.framesOf(frameTypes.data, 1).length === i);
    }
    expect(call.isHalfClosed).toBe(false);
    client.send(halfCloseFrame(1));
    await serving.gate.until(() => call.isHalfClosed);
    call.end();

    expect(await client.codeOf(1)).toBe(0);
    expect(call.sent).toEqual([bytes(1), bytes(2), bytes(3)]);
    expect(call.wasSentInOneGo).toBe(false);
    expect(client.framesOf(frameTypes.data).map(({ payload }) => payload.at(-1))).toEqual([10, 20, 30]);
  });

  it.each([1, 4, 5, 6, 7, 13])("puts messages together that were cut after every %i bytes", async (pieceBytes) => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    const messages = [bytes(), bytes(1, 2, 3), new Uint8Array(50).fill(7), bytes()];
    const stream = Buffer.concat(messages.map(frameMessage));
    client.send(openFrame(1));
    for (let at = 0; at < stream.byteLength; at += pieceBytes) {
      client.send(frame(frameTypes.data, 1, stream.subarray(at, at + pieceBytes)));
    }
    client.send(halfCloseFrame(1));

    const call = await serving.gate.started();
    await serving.gate.until(() => call.isHalfClosed);

    expect(call.sent.map(String)).toEqual(messages.map(String));
  });

  it("keeps what comes before upstream is there, in order, and gives no credit for it until then", async () => {
    await using serving = await serveWebSockets({ limits: { receiveWindowBytes: 1_000 } });
    serving.gate.onStart = () => {};
    const client = await serving.connect();
    client.send(
      openFrame(1),
      messageFrame(1, new Uint8Array(400)),
      messageFrame(1, bytes(2)),
      messageFrame(1, new Uint8Array(400)),
    );
    const call = await serving.gate.started();
    await client.answered();
    expect(call.sent).toEqual([]);
    expect(client.creditOf(1)).toBe(0);

    call.open();
    client.send(halfCloseFrame(1));
    await serving.gate.until(() => call.isHalfClosed);
    await client.answered();

    expect(call.sent.map(({ byteLength }) => byteLength)).toEqual([400, 1, 400]);
    expect(client.creditOf(1)).toBe(816);
  });

  it("passes a half-close on that came before upstream was there", async () => {
    await using serving = await serveWebSockets();
    serving.gate.onStart = () => {};
    const client = await serving.connect();
    client.send(openFrame(1), halfCloseFrame(1));
    const call = await serving.gate.started();

    call.open();

    expect(call.isHalfClosed).toBe(true);
    expect(call.sent).toEqual([]);
  });

  describe("ends", () => {
    it("with status, message, details and trailers of the mod", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), openFrame(2));
      const call = await serving.gate.started(1);
      const incoming = new ConnectError("no such session", Code.NotFound);
      incoming.details = [{ type: "google.protobuf.StringValue", value: bytes(10, 1, 97) }];
      const outgoing = new ConnectError("no such session", Code.NotFound, undefined, [
        { desc: StringValueSchema, value: { value: "a" } },
      ]);

      serving.gate.callAt(0).end(incoming, { "x-hint-bin": "AAE" });
      call.end(outgoing);

      const expected = {
        code: Code.NotFound,
        message: "no such session",
        details: [{ typeUrl: "type.googleapis.com/google.protobuf.StringValue", value: bytes(10, 1, 97) }],
      };
      expect(await client.endOf(1)).toMatchObject({ ...expected, trailers: [{ name: "x-hint-bin", value: "AAE" }] });
      expect(await client.endOf(2)).toMatchObject({ ...expected, trailers: [] });
    });

    it("without a HEADER when upstream failed without one", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));

      (await serving.gate.started()).end(new ConnectError("nope", Code.PermissionDenied));

      expect(await client.codeOf(1)).toBe(Code.PermissionDenied);
      expect(client.framesOf(frameTypes.header)).toEqual([]);
    });

    it("in one frame however much an error has to say", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), openFrame(2), openFrame(3));
      await serving.gate.started(2);
      const detail = toBinary(AnySchema, create(AnySchema, { value: new Uint8Array(maxFrameBytes) }));
      const detailed = new ConnectError("too detailed", Code.Internal);
      detailed.details = [{ type: "google.protobuf.Any", value: detail }];

      serving.gate.callAt(0).end(detailed, { "x-kept": "1" });
      serving.gate.callAt(1).end(detailed, { "x-long": "y".repeat(maxFrameBytes) });
      serving.gate.callAt(2).end(new ConnectError("€".repeat(maxFrameBytes), Code.Internal));

      expect(await client.endOf(1)).toMatchObject({
        message: "too detailed",
        details: [],
        trailers: [{ name: "x-kept" }],
      });
      expect(await client.endOf(2)).toMatchObject({ message: "too detailed", details: [], trailers: [] });
      expect((await client.endOf(3)).message).toMatch(/^€{4096}…$/);
    });

    it("with ResourceExhausted for response headers that no frame can hold", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();

      call.announce({ "x-long": "y".repeat(maxFrameBytes) });

      expect(await client.codeOf(1)).toBe(Code.ResourceExhausted);
      expect(call.isOver).toBe(true);
    });

    it("behind all its data, even when that has to wait for credit", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 10 }));
      const call = await serving.gate.started();
      call.emit(new Uint8Array(15));
      call.end();
      await client.until(() => client.dataBytes(1) === 10);
      await client.answered();
      expect(client.framesOf(frameTypes.end)).toEqual([]);

      client.send(creditFrame(1, 100));

      expect(await client.codeOf(1)).toBe(0);
      expect(client.dataBytes(1)).toBe(20);
      expect(client.frames.at(-1)?.type).toBe(frameTypes.end);
    });

    it("at once when its deadline has passed, whatever still waits", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 0 }));
      const call = await serving.gate.started();
      call.emit(new Uint8Array(15));

      call.expire(new ConnectError("too late", Code.DeadlineExceeded));

      expect(await client.codeOf(1)).toBe(Code.DeadlineExceeded);
      expect(client.dataBytes(1)).toBe(0);
    });

    it("with InvalidArgument for request headers that are none, and never reaches the gate", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();

      client.send(openFrame(1, { headers: [{ name: "two words", value: "1" }] }));

      expect(await client.codeOf(1)).toBe(Code.InvalidArgument);
      expect(serving.gate.calls).toEqual([]);
    });

    it("with InvalidArgument when it is half-closed within a message", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), frame(frameTypes.data, 1, bytes(0, 0, 0, 0, 9, 1)), halfCloseFrame(1));

      expect(await client.codeOf(1)).toBe(Code.InvalidArgument);
      await client.answered();
    });

    it("with ResourceExhausted for a message above the limit, and no other call notices", async () => {
      await using serving = await serveWebSockets({ limits: { maxMessageBytes: 100 } });
      const client = await serving.connect();
      client.send(openFrame(1), openFrame(2));
      const [large, other] = [await serving.gate.started(0), await serving.gate.started(1)];

      client.send(messageFrame(1, new Uint8Array(101)), messageFrame(2, new Uint8Array(100)));

      expect(await client.endOf(1)).toMatchObject({
        code: Code.ResourceExhausted,
        message: expect.stringContaining("101"),
      });
      expect(large).toMatchObject({ sent: [], isOver: true });
      expect(other).toMatchObject({ sent: [new Uint8Array(100)], isOver: false });
    });

    it("with Internal for a compressed message, which nobody offered to read", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), frame(frameTypes.data, 1, bytes(1, 0, 0, 0, 1, 9)));

      expect(await client.codeOf(1)).toBe(Code.Internal);
      await client.answered();
    });

    it.each([
      [
        "creates",
        () => {
          throw new Error("broken gate");
        },
      ],
      ["starts", undefined],
    ])("with Internal when the gate throws as it %s the call", async (_, createCall) => {
      await using serving = await serveWebSockets(createCall === undefined ? {} : { gateFor: () => ({ createCall }) });
      serving.gate.onStart = () => {
        throw new Error("broken gate");
      };
      const client = await serving.connect();

      client.send(openFrame(1), messageFrame(1, bytes(1)), halfCloseFrame(1));

      expect(await client.endOf(1)).toMatchObject({ code: Code.Internal, message: "broken gate" });
      await client.answered();
    });

    it("with what the gate refuses it with", async () => {
      await using serving = await serveWebSockets();
      serving.gate.onStart = (call) => call.end(new ConnectError("not for you", Code.PermissionDenied));
      const client = await serving.connect();

      client.send(openFrame(1), messageFrame(1, bytes(1)), halfCloseFrame(1));

      expect(await client.endOf(1)).toMatchObject({ code: Code.PermissionDenied, message: "not for you" });
    });
  });

  describe("that is cancelled by the client", () => {
    it("is cancelled upstream, and nothing more comes of it", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 10 }));
      const call = await serving.gate.started();
      call.emit(new Uint8Array(100));
      await client.until(() => client.dataBytes(1) === 10);

      client.send(frame(frameTypes.cancel, 1), creditFrame(1, 1_000));
      await serving.gate.until(() => call.isOver);
      call.announce();
      call.emit(bytes(1));
      await client.answered();

      expect(call.cancelledWith).toMatchObject({ code: Code.Canceled });
      expect(client.dataBytes(1)).toBe(10);
      expect(client.framesOf(frameTypes.header)).toEqual([]);
      expect(client.framesOf(frameTypes.end)).toEqual([]);
    });

    it("sends nothing more, whatever upstream still gives", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();
      client.send(frame(frameTypes.cancel, 1));
      await serving.gate.until(() => call.isOver);

      call.emit(bytes(1));
      await client.answered();
      await client.answered();

      expect(client.framesOf(frameTypes.data)).toEqual([]);
    });

    it("is never made when that comes with its OPEN", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();

      client.send(openFrame(1), frame(frameTypes.cancel, 1));
      await client.answered();

      expect(serving.gate.calls).toEqual([]);
    });
  });

  describe.each([
    ["closes its socket", (client: { socket: { close(): void } }) => client.socket.close()],
    ["is cut off", (client: { socket: { terminate(): void } }) => client.socket.terminate()],
  ])("of a client that %s", (_, leave) => {
    it("is cancelled upstream like all others", async () => {
      await using serving = await serveWebSockets();
      const [client, other] = [await serving.connect(), await serving.connect()];
      client.send(openFrame(1), openFrame(2), openFrame(3));
      await serving.gate.started(2);
      other.send(openFrame(1));
      const kept = await serving.gate.started(3);

      leave(client);
      await serving.gate.until(() => serving.gate.calls.slice(0, 3).every(({ isOver }) => isOver));

      for (const call of serving.gate.calls.slice(0, 3)) {
        expect(call.cancelledWith).toMatchObject({
          code: Code.Canceled,
          message: expect.stringContaining("client is gone"),
        });
      }
      expect(kept.isOver).toBe(false);
      await other.answered();
    });
  });

  it("of a client that has begun to close and does not go on with it is cancelled all the same", async () => {
    await using serving = await serveWebSockets({ limits: { closeTimeoutMs: 2_000 } });
    const client = await serving.connect();
    client.send(openFrame(1), openFrame(2));
    const [call, other] = [await serving.gate.started(0), await serving.gate.started(1)];
    const [socket] = serving.sockets;
    client.socket.close();
    client.socket.pause();

    while (!call.isOver) {
      if (!call.isPaused) call.emit(bytes(1));
      await setImmediate();
    }
    expect(other.isOver).toBe(true);
    expect(socket?.destroyed).toBe(false);
    serving.clock.advance(2_000);

    expect(socket?.destroyed).toBe(true);
    expect(await serving.disconnected("ws-1")).toBe("1005 the client closed the connection");
  });

  describe("gives the client credit", () => {
    it("as upstream takes its messages, in large parts", async () => {
      await using serving = await serveWebSockets({ limits: { receiveWindowBytes: 1_000 } });
      const client = await serving.connect();
      client.send(openFrame(1));
      await serving.gate.started();

      client.send(frame(frameTypes.data, 1, frameMessage(new Uint8Array(494))));
      await client.answered();
      expect(client.creditOf(1)).toBe(0);
      client.send(messageFrame(1, bytes()));
      await client.answered();

      expect(client.creditOf(1)).toBe(504);
    });

    it("not while upstream is behind, and again when it has caught up", async () => {
      await using serving = await serveWebSockets({ limits: { receiveWindowBytes: 1_000 } });
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();
      call.takesMore = false;

      client.send(messageFrame(1, new Uint8Array(490)), messageFrame(1, new Uint8Array(490)));
      await client.answered();
      expect(call.sent).toHaveLength(2);
      expect(client.creditOf(1)).toBe(0);
      call.drain();
      await client.next(frameTypes.credit, 1);

      expect(client.creditOf(1)).toBe(990);
    });

    it("never after the half-close", async () => {
      await using serving = await serveWebSockets({ limits: { receiveWindowBytes: 1_000 } });
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();
      call.takesMore = false;
      client.send(messageFrame(1, new Uint8Array(900)), halfCloseFrame(1));
      await serving.gate.until(() => call.isHalfClosed);

      call.drain();
      await client.answered();

      expect(client.creditOf(1)).toBe(0);
    });
  });

  describe("heeds the credit of the client", () => {
    it("to the byte, for each call by itself", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 7 }), openFrame(2, { sendCredit: 100_000 }));
      const [narrow, wide] = [await serving.gate.started(0), await serving.gate.started(1)];

      narrow.emit(new Uint8Array(1_000));
      wide.emit(new Uint8Array(90_000));
      await client.until(() => client.dataBytes(2) === 90_005);
      expect(client.dataBytes(1)).toBe(7);
      client.send(creditFrame(1, 3));
      await client.until(() => client.dataBytes(1) === 10);
      await client.answered();

      expect(client.dataBytes(1)).toBe(10);
    });

    it("with pieces that are never larger than the protocol says", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();
      const message = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);

      call.emit(message);
      call.end();
      await client.endOf(1);

      const payloads = client.framesOf(frameTypes.data).map(({ payload }) => payload);
      expect(Math.max(...payloads.map(({ byteLength }) => byteLength))).toBe(maxDataBytes);
      expect(Buffer.concat(payloads).equals(frameMessage(message))).toBe(true);
    });
  });

  describe("slows upstream down", () => {
    it("while a message waits for credit, and speeds it up when nothing waits", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 100 }));
      const call = await serving.gate.started();

      call.emit(new Uint8Array(200));
      await serving.gate.until(() => call.isPaused);
      client.send(creditFrame(1, 104));
      await client.until(() => client.dataBytes(1) === 204);
      await client.answered();
      expect(call.isPaused).toBe(true);
      client.send(creditFrame(1, 1));
      await serving.gate.until(() => !call.isPaused);

      expect(call.pauseCount).toBe(1);
    });

    it("not for what can be sent at once", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();

      for (let i = 0; i < 20; i++) call.emit(new Uint8Array(1_000));
      await client.until(() => client.dataBytes(1) === 20 * 1_005);

      expect(call.pauseCount).toBe(0);
    });

    it("not when it has ended", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 10 }));
      const call = await serving.gate.started();

      call.emit(new Uint8Array(100));
      call.end();
      await client.until(() => client.dataBytes(1) === 10);
      await client.answered();

      expect(call.pauseCount).toBe(0);
    });

    it("at once when it gives a lot", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();

      call.emit(new Uint8Array(8_294_400));

      expect(call.isPaused).toBe(true);
      await serving.gate.until(() => !call.isPaused);
      expect(call.pauseCount).toBe(1);
    });
  });
});

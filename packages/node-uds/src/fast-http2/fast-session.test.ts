import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openFrameConnection, RecordedRequest, requestFields } from "../testing/frame-peer.js";
import {
  answerFields,
  answerFrames,
  dataFrame,
  headersFrame,
  numbers,
  padded,
  rawFrame,
  settingsFrame,
  trailerFields,
} from "../testing/http2-frames.js";
import { answer, startHttp2Server } from "../testing/http2-server.js";
import { startNetServer } from "../testing/net-server.js";
import { encodeHeaderBlock } from "./hpack/hpack-encoder.js";
import { errorCodes, frameTypes, settingIds } from "./http2-codes.js";
import { Http2Error } from "./http2-error.js";
import { openFastSession } from "./open-fast-session.js";

const { data, headers, rstStream, settings, ping, goaway, windowUpdate, continuation } = frameTypes;
const inOrder = { resetCode: 0, isLost: false, isAllRead: true, cause: undefined };
const wholeAnswer = ["headers", "data", "trailers", "end", "close"];
const largestWindow = 2 ** 31 - 1;

const windowFrame = (streamId: number, growth: number) => rawFrame(windowUpdate, 0, streamId, numbers(growth));
const goawayFrame = (last: number, code = 0) => rawFrame(goaway, 0, 0, numbers(last, code));
const resetFrame = (streamId: number, code: number) => rawFrame(rstStream, 0, streamId, numbers(code));

describe("the beginning of a connection", () => {
  it("is the preface, then settings without pushes, then the connection's window", async () => {
    await using connection = await openFrameConnection({ streamWindowBytes: 1_000, connectionWindowBytes: 100_000 });
    const { peer } = connection;
    await peer.settle();
    expect(peer.preface).toBe("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const [first, second, third] = peer.frames;
    expect(rawFrame(settings, 0, 0, first?.payload)).toEqual(
      settingsFrame({
        [settingIds.enablePush]: 0,
        [settingIds.initialWindowSize]: 1_000,
        [settingIds.maxHeaderListSize]: 65_536,
      }),
    );
    expect(second).toMatchObject({ type: windowUpdate, streamId: 0, payload: numbers(100_000 - 65_535) });
    expect(third).toMatchObject({ type: settings, flags: 1, length: 0 });
  });

  it("says that the header table is not used, so that a peer that allows none understands the first request", async () => {
    await using server = await startHttp2Server((stream) => answer(stream), { settings: { headerTableSize: 0 } });
    const ready = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<unknown>();
    const session = openFastSession({
      path: server.socketPath,
      streamWindowBytes: 65_535,
      connectionWindowBytes: 65_535,
      onReady: ready.resolve,
      onGoaway() {},
      onClose: closed.resolve,
    });
    await ready.promise;
    for (let turn = 0; turn < 3; turn++) {
      const told = new RecordedRequest();
      session.request(requestFields, told).end();
      expect(await told.closed).toEqual(inOrder);
    }
    session.destroy();
    expect(await closed.promise).toBeUndefined();
  });
});

describe("settings of the peer", () => {
  it("are acknowledged each time, and unknown ones ignored", async () => {
    await using connection = await openFrameConnection({ settings: { 153: 7, [settingIds.maxHeaderListSize]: 1 } });
    const { peer } = connection;
    peer.send(settingsFrame({}), settingsFrame({ [settingIds.enablePush]: 0 }), rawFrame(settings, 1, 0));
    await peer.settle();
    expect(peer.frames.filter(({ type, flags }) => type === settings && flags === 1)).toHaveLength(3);
    expect(connection.session.isUsable).toBe(true);
  });

  it("take from the windows of open streams, which may become negative", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: 10 } });
    const { peer } = connection;
    const { stream } = connection.start();
    expect(stream.write(Buffer.alloc(30))).toBe(false);
    await peer.settle();
    expect(peer.dataBytes(1)).toBe(10);
    // Now it is -10.
    peer.send(settingsFrame({ [settingIds.initialWindowSize]: 0 }), windowFrame(1, 10));
    await peer.settle();
    expect(peer.dataBytes(1)).toBe(10);
    peer.send(windowFrame(1, 5));
    await peer.settle();
    expect(peer.dataBytes(1)).toBe(15);
    peer.send(settingsFrame({ [settingIds.initialWindowSize]: 100 }));
    await stream.drained();
    await peer.settle();
    expect(peer.dataBytes(1)).toBe(30);
  });

  it("do not make an empty write open a negative window", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: 10 } });
    const { peer } = connection;
    const { stream } = connection.start();
    stream.write(Buffer.alloc(10));
    peer.send(settingsFrame({ [settingIds.initialWindowSize]: 0 }));
    await peer.settle();
    expect(stream.write(Buffer.alloc(0))).toBe(true);
    stream.write(Buffer.alloc(5));
    peer.send(windowFrame(1, 10));
    await peer.settle();
    expect(peer.dataBytes(1)).toBe(10);
    peer.send(windowFrame(1, 5));
    await stream.drained();
    stream.end(Buffer.alloc(0));
    await peer.next(data, ({ flags }) => flags === 1);
    expect(peer.dataBytes(1)).toBe(15);
  });

  it("limit the size of frames, those of a header block too", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.maxFrameSize]: 16_384 } });
    const { peer } = connection;
    const { stream } = connection.start([...requestFields, ["long", "v".repeat(40_000)]]);
    stream.end(Buffer.alloc(20_000));
    const block = [await peer.next(headers), await peer.next(continuation), await peer.next(continuation)];
    expect(block.map(({ length }) => length)).toEqual([16_384, 16_384, expect.any(Number)]);
    expect(block.map(({ flags }) => flags)).toEqual([0, 0, 4]);
    const parts = [await peer.next(data), await peer.next(data)];
    expect(parts.map(({ length, flags }) => [length, flags])).toEqual([
      [16_384, 0],
      [3_616, 1],
    ]);
  });

  it("make requests wait while the peer takes no more, in their order", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.maxConcurrentStreams]: 1 } });
    const { peer } = connection;
    const requests = ["a", "b", "c"].map((name) => connection.start([...requestFields, ["name", name]]));
    for (const { stream } of requests) stream.end(Buffer.from("?"));
    requests[1]?.stream.cancel();
    for (const [streamId, name] of [
      [1, "a"],
      [3, "c"],
    ] as const) {
      const frame = await peer.next(headers);
      expect(frame.streamId).toBe(streamId);
      expect(peer.decode(frame)).toContainEqual(["name", name]);
      await peer.settle();
      expect(peer.frames.filter(({ type }) => type === headers)).toHaveLength(Math.ceil(streamId / 2));
      peer.send(answerFrames(streamId));
    }
    expect(await requests[2]?.told.closed).toEqual(inOrder);
    expect(requests[1]?.told.events).toEqual([]);
  });

  it("let requests go on when the peer takes more", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.maxConcurrentStreams]: 0 } });
    connection.start().stream.end(Buffer.from("body"));
    await connection.peer.settle();
    expect(connection.peer.frames.some(({ type }) => type === headers)).toBe(false);
    connection.peer.send(settingsFrame({ [settingIds.maxConcurrentStreams]: 5 }));
    expect((await connection.peer.next(data)).payload.toString()).toBe("body");
  });
});

describe("what is sent", () => {
  it("waits for the window of its stream, then goes on", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: 5 } });
    const { peer } = connection;
    const { stream } = connection.start();
    stream.end(Buffer.from("0123456789"));
    expect(await peer.next(data)).toMatchObject({ payload: Buffer.from("01234"), flags: 0 });
    peer.send(windowFrame(1, 100));
    expect(await peer.next(data)).toMatchObject({ payload: Buffer.from("56789"), flags: 1 });
  });

  it("waits for the window of the connection, then goes on, the streams in turns", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: largestWindow } });
    const { peer } = connection;
    const [first, second] = [connection.start().stream, connection.start().stream];
    expect(first.write(Buffer.alloc(65_535 + 50_000))).toBe(false);
    expect(second.write(Buffer.alloc(50_000))).toBe(false);
    await peer.settle();
    expect([peer.dataBytes(1), peer.dataBytes(3)]).toEqual([65_535, 0]);
    peer.send(windowFrame(0, 40_000));
    await peer.settle();
    expect(peer.dataBytes(3)).toBeGreaterThanOrEqual(16_384);
    peer.send(windowFrame(0, 60_000));
    await Promise.all([first.drained(), second.drained()]);
    await peer.settle();
    expect([peer.dataBytes(1), peer.dataBytes(3)]).toEqual([115_535, 50_000]);
  });

  it("waits for a peer that does not read, however large its windows", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: largestWindow } });
    const { peer } = connection;
    peer.send(windowFrame(0, largestWindow - 65_535));
    await peer.settle();
    peer.socket.pause();
    const { stream } = connection.start();
    let sent = 0;
    // What the operating system holds comes on top of what is held here.
    while (stream.write(Buffer.alloc(100_000)) && sent < 50_000_000) {
      sent += 100_000;
      await nextTurn();
    }
    expect(sent).toBeLessThan(5_000_000);
    peer.socket.resume();
    await stream.drained();
    stream.end();
    await peer.next(data, ({ flags }) => flags === 1);
    expect(peer.dataBytes(1)).toBe(sent + 100_000);
  });

  it("is given up when the request is cancelled, and drained resolves", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: 0 } });
    const { stream } = connection.start();
    expect(stream.write(Buffer.from("never"))).toBe(false);
    const drained = stream.drained();
    stream.cancel();
    await drained;
    expect((await connection.peer.next(rstStream)).payload).toEqual(numbers(errorCodes.cancel));
    expect(connection.peer.dataBytes(1)).toBe(0);
    expect(stream.write(Buffer.from("later"))).toBe(true);
  });

  it.each(["connection", "keep-alive", "transfer-encoding", "upgrade"])(
    "has no place for the header %s",
    async (name) => {
      await using connection = await openFrameConnection();
      expect(() => connection.start([...requestFields, [name, "x"]])).toThrow(TypeError);
    },
  );
});

describe("what is received", () => {
  it("opens the windows again when half of them is used", async () => {
    await using connection = await openFrameConnection({ streamWindowBytes: 10_000 });
    const { peer } = connection;
    connection.start();
    peer.send(headersFrame(1, answerFields), dataFrame(1, Buffer.alloc(4_999)));
    await peer.settle();
    expect(peer.frames.some(({ type }) => type === windowUpdate)).toBe(false);
    peer.send(dataFrame(1, Buffer.alloc(1)));
    expect(await peer.next(windowUpdate)).toMatchObject({ streamId: 1, payload: numbers(5_000) });
    for (let sent = 5_000; sent < 33_000; sent += 4_000) peer.send(dataFrame(1, Buffer.alloc(4_000)));
    expect(await peer.next(windowUpdate, ({ streamId }) => streamId === 0)).toMatchObject({ payload: numbers(33_000) });
  });

  it("counts padding for both windows", async () => {
    await using connection = await openFrameConnection({ streamWindowBytes: 400 });
    const { peer } = connection;
    const { told } = connection.start();
    peer.send(headersFrame(1, answerFields), rawFrame(data, 8, 1, padded(Buffer.from("x"), 198)));
    expect(await peer.next(windowUpdate)).toMatchObject({ streamId: 1, payload: numbers(200) });
    expect(told.body.toString()).toBe("x");
  });

  it("keeps the stream's window shut while it is paused, and the connection's open", async () => {
    await using connection = await openFrameConnection({ streamWindowBytes: 65_535 });
    const { peer } = connection;
    const { stream, told } = connection.start();
    const other = connection.start();
    stream.pause();
    peer.send(headersFrame(1, answerFields));
    for (let part = 0; part < 4; part++) peer.send(dataFrame(1, Buffer.alloc(16_383)));
    await peer.settle();
    expect(told.body.byteLength).toBe(65_532);
    expect(peer.frames.filter(({ type }) => type === windowUpdate).map(({ streamId }) => streamId)).toEqual([0]);
    peer.send(answerFrames(3));
    expect(await other.told.closed).toEqual(inOrder);
    stream.resume();
    expect(await peer.next(windowUpdate, ({ streamId }) => streamId === 1)).toMatchObject({ payload: numbers(65_532) });
  });

  it("is handed on as a view that the next read overwrites", async () => {
    await using connection = await openFrameConnection();
    const { peer, session } = connection;
    const views: Uint8Array[] = [];
    const told = new RecordedRequest();
    const onData = told.onData.bind(told);
    told.onData = (bytes) => {
      views.push(bytes);
      onData(bytes);
    };
    session.request(requestFields, told);
    for (const letter of "ab") {
      peer.send(...(letter === "a" ? [headersFrame(1, answerFields)] : []), dataFrame(1, Buffer.alloc(1_000, letter)));
      await told.received(letter === "a" ? 1_000 : 2_000);
    }
    expect(session.reusesChunks).toBe(true);
    expect(told.body.toString()).toBe("a".repeat(1_000) + "b".repeat(1_000));
    expect(Buffer.from(views[0] ?? []).toString()).not.toBe("a".repeat(1_000));
  });
});

describe("an answer", () => {
  it.each<[string, readonly Buffer[], readonly string[]]>([
    ["with a body and trailers", [answerFrames(1)], wholeAnswer],
    [
      "without a body",
      [headersFrame(1, answerFields), headersFrame(1, trailerFields, 5)],
      ["headers", "trailers", "end", "close"],
    ],
    ["of headers alone", [headersFrame(1, [...answerFields, ...trailerFields], 5)], ["headers", "end", "close"]],
    [
      "without trailers",
      [headersFrame(1, answerFields), dataFrame(1, Buffer.from("x"), 1)],
      ["headers", "data", "end", "close"],
    ],
    [
      "that an empty frame ends",
      [headersFrame(1, answerFields), dataFrame(1, Buffer.alloc(0), 1)],
      ["headers", "end", "close"],
    ],
    [
      "behind informational ones",
      [
        headersFrame(1, [[":status", "100"]]),
        headersFrame(1, [
          [":status", "103"],
          ["link", "x"],
        ]),
        answerFrames(1),
      ],
      wholeAnswer,
    ],
    [
      "with padding, priorities and continuations",
      [
        rawFrame(
          headers,
          8 | 32,
          1,
          padded(Buffer.concat([Buffer.alloc(5), encodeHeaderBlock(answerFields).subarray(0, 3)]), 9),
        ),
        rawFrame(continuation, 0, 1),
        rawFrame(continuation, 4, 1, encodeHeaderBlock(answerFields).subarray(3)),
        rawFrame(data, 8, 1, padded(Buffer.from("bo"), 255)),
        rawFrame(data, 8, 1, padded(Buffer.alloc(0), 0)),
        rawFrame(data, 8, 1, padded(Buffer.from("dy"), 0)),
        rawFrame(headers, 1, 1),
        rawFrame(continuation, 4, 1, encodeHeaderBlock(trailerFields)),
      ],
      wholeAnswer,
    ],
  ])("%s is told in order, whole or byte by byte", async (_, frames, events) => {
    for (const isCut of [false, true]) {
      await using connection = await openFrameConnection();
      const { stream, told } = connection.start();
      stream.end();
      const bytes = Buffer.concat(frames);
      const chunks = isCut ? [...bytes].map((byte) => Buffer.of(byte)) : [bytes];
      for (const chunk of chunks) {
        const written = Promise.withResolvers<void>();
        connection.peer.socket.write(chunk, () => written.resolve());
        await written.promise;
      }
      expect(await told.closed).toEqual(inOrder);
      expect(told.events).toEqual(events);
      if (events === wholeAnswer) expect(told.body.toString()).toBe("body");
      if (events.includes("headers"))
        expect(told.headers[0]).toMatchObject({ ":status": "200", "content-type": "application/grpc" });
      expect(connection.session.isUsable).toBe(true);
    }
  });

  it("keeps the begin of a header block while the read buffer is used for the rest", async () => {
    await using connection = await openFrameConnection();
    const { peer, session } = connection;
    const { told } = connection.start();
    const block = encodeHeaderBlock([...answerFields, ["long", "v".repeat(200)]]);
    const begin = rawFrame(headers, 1, 1, block.subarray(0, 150));
    const bytesBefore = session.bytesRead;
    peer.send(begin);
    // Until it was read by itself.
    while (session.bytesRead < bytesBefore + begin.byteLength) await nextTurn();
    peer.send(rawFrame(continuation, 4, 1, block.subarray(150)));
    expect(await told.closed).toEqual(inOrder);
    expect(told.headers).toEqual([{ ":status": "200", "content-type": "application/grpc", long: "v".repeat(200) }]);
  });

  it("joins fields that come more than once", async () => {
    await using connection = await openFrameConnection();
    const { told } = connection.start();
    connection.peer.send(headersFrame(1, [...answerFields, ["a", "1"], ["__proto__", "p"], ["a", "2"]], 5));
    await told.closed;
    expect(told.headers[0]).toMatchObject({ a: "1, 2" });
    expect(Object.entries(told.headers[0] ?? {})).toContainEqual(["__proto__", "p"]);
  });

  it.each<[string, Buffer]>([
    ["without a status", headersFrame(1, [["content-type", "application/grpc"]])],
    ["with nothing", headersFrame(1, [])],
    [
      "with two statuses",
      headersFrame(1, [
        [":status", "200"],
        [":status", "200"],
      ]),
    ],
    ["with a status that is no number", headersFrame(1, [[":status", "2e2"]])],
    [
      "with a field of requests",
      headersFrame(1, [
        [":status", "200"],
        [":path", "/"],
      ]),
    ],
    ["with a name in upper case", headersFrame(1, [...answerFields, ["Name", "x"]])],
    ["with an empty name", headersFrame(1, [...answerFields, ["", "x"]])],
    ["with a blank in a name", headersFrame(1, [...answerFields, ["a b", "x"]])],
    ["with a line break in a value", headersFrame(1, [...answerFields, ["name", "x\ny: z"]])],
    ["with a carriage return in a value", headersFrame(1, [...answerFields, ["name", "x\ry: z"]])],
    ["with a zero in a value", headersFrame(1, [...answerFields, ["name", "x\0"]])],
    ["with a blank in front of a value", headersFrame(1, [...answerFields, ["name", " x"]])],
    ["with a field of HTTP/1", headersFrame(1, [...answerFields, ["connection", "close"]])],
    ["with a status in its trailers", Buffer.concat([headersFrame(1, answerFields), headersFrame(1, answerFields, 5)])],
    ["with headers in its middle", Buffer.concat([headersFrame(1, answerFields), headersFrame(1, trailerFields)])],
    ["that ends with an informational one", headersFrame(1, [[":status", "103"]], 5)],
  ])("%s is malformed: its stream is reset, and the others go on", async (_, frames) => {
    await using connection = await openFrameConnection();
    const { told } = connection.start();
    const other = connection.start();
    connection.peer.send(frames, answerFrames(3));
    expect(await told.closed).toMatchObject({ resetCode: errorCodes.protocolError, isLost: false });
    expect(await connection.peer.next(rstStream)).toMatchObject({
      streamId: 1,
      payload: numbers(errorCodes.protocolError),
    });
    expect(await other.told.closed).toEqual(inOrder);
  });
});

describe("a reset", () => {
  it.each<[string, boolean, readonly Buffer[]]>([
    ["before an answer", false, []],
    ["after the request has ended", true, []],
    ["within an answer", true, [headersFrame(1, answerFields), dataFrame(1, Buffer.from("x"))]],
  ])("by the peer %s is told, with its code", async (_, isEnded, frames) => {
    await using connection = await openFrameConnection();
    const { stream, told } = connection.start();
    if (isEnded) stream.end();
    connection.peer.send(...frames, resetFrame(1, errorCodes.enhanceYourCalm));
    expect(await told.closed).toEqual({ ...inOrder, resetCode: errorCodes.enhanceYourCalm });
    stream.cancel();
    await connection.peer.settle();
    expect(connection.peer.frames.some(({ type }) => type === rstStream)).toBe(false);
  });

  it("by the peer after its answer changes nothing", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: 0 } });
    const { stream, told } = connection.start();
    stream.write(Buffer.from("unsent"));
    connection.peer.send(answerFrames(1), resetFrame(1, errorCodes.noError));
    await connection.peer.settle();
    expect(told.events).toEqual(wholeAnswer);
    expect(told.closing).toEqual(inOrder);
    await stream.drained();
  });

  it("by us is followed by nothing, but what still comes counts for the connection", async () => {
    await using connection = await openFrameConnection();
    const { peer } = connection;
    const { stream, told } = connection.start();
    stream.cancel();
    stream.cancel();
    await peer.next(rstStream);
    peer.send(headersFrame(1, answerFields), ...Array.from({ length: 4 }, () => dataFrame(1, Buffer.alloc(10_000))));
    expect(await peer.next(windowUpdate)).toMatchObject({ streamId: 0, payload: numbers(40_000) });
    peer.send(windowFrame(1, 5), headersFrame(1, trailerFields, 5), resetFrame(1, 0));
    await peer.settle();
    expect(told.events).toEqual([]);
    expect(peer.frames.filter(({ type }) => type === rstStream)).toHaveLength(1);
  });

  it("by us while the answer is told stops the telling", async () => {
    for (const last of ["headers", "data", "trailers", "end"] as const) {
      await using connection = await openFrameConnection();
      const told = new RecordedRequest();
      const stream = connection.session.request(requestFields, told);
      const names = { headers: "onHeaders", data: "onData", trailers: "onTrailers", end: "onEnd" } as const;
      const original = told[names[last]].bind(told);
      Object.assign(told, {
        [names[last]]: (value: Uint8Array & object) => {
          original(value);
          stream.cancel();
        },
      });
      connection.peer.send(answerFrames(1));
      await connection.peer.settle();
      expect(told.events.at(-1)).toBe(last);
    }
  });

  it("tells a peer that has said all to stop listening", async () => {
    await using connection = await openFrameConnection();
    const { stream, told } = connection.start();
    const onEnd = told.onEnd.bind(told);
    told.onEnd = () => {
      onEnd();
      stream.stopSending();
    };
    connection.peer.send(answerFrames(1));
    expect((await connection.peer.next(rstStream)).payload).toEqual(numbers(errorCodes.noError));
    expect(told.events).toEqual(wholeAnswer);
  });
});

describe("a connection that is going away", () => {
  it("fails the streams that the peer has not seen, those that wait, and lets the others end", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.maxConcurrentStreams]: 2 } });
    const { peer, session } = connection;
    const [seen, unseen, waiting] = [connection.start(), connection.start(), connection.start()];
    await peer.settle();
    peer.send(goawayFrame(1));
    await connection.goaway;
    expect(session.isUsable).toBe(false);
    expect(session.isOver).toBe(false);
    expect(() => connection.start()).toThrow("takes no more requests");
    const lost = { ...inOrder, resetCode: errorCodes.refusedStream, isLost: true };
    expect(await unseen.told.closed).toEqual(lost);
    expect(await waiting.told.closed).toEqual(lost);
    seen.stream.end();
    peer.send(goawayFrame(1), answerFrames(1));
    expect(await seen.told.closed).toEqual(inOrder);
    expect(await connection.closed).toBeUndefined();
    expect(connection.closeCount).toBe(1);
  });

  it("closes at once when nothing is open, also when the peer keeps its end open", async () => {
    await using connection = await openFrameConnection();
    connection.peer.socket.allowHalfOpen = true;
    connection.peer.send(rawFrame(goaway, 0, 0, Buffer.concat([numbers(0, 0), Buffer.from("debug")])));
    expect(await connection.closed).toBeUndefined();
    expect(await connection.peer.next(goaway)).toMatchObject({ payload: numbers(0, 0) });
  });

  it("is what becomes of one whose stream numbers are used up", async () => {
    await using connection = await openFrameConnection({
      firstStreamId: 2 ** 31 - 3,
      settings: { [settingIds.maxConcurrentStreams]: 2 },
    });
    const [first, last] = [connection.start(), connection.start()];
    await connection.goaway;
    expect(() => connection.start()).toThrow("takes no more requests");
    for (const { stream } of [first, last]) stream.end();
    connection.peer.send(answerFrames(2 ** 31 - 3), answerFrames(2 ** 31 - 1));
    expect(await first.told.closed).toEqual(inOrder);
    expect(await last.told.closed).toEqual(inOrder);
    expect(await connection.closed).toBeUndefined();
  });

  it("refuses those that wait when the numbers are used up", async () => {
    await using connection = await openFrameConnection({
      firstStreamId: 2 ** 31 - 1,
      settings: { [settingIds.maxConcurrentStreams]: 0 },
    });
    const [first, waiting] = [connection.start(), connection.start()];
    connection.peer.send(settingsFrame({ [settingIds.maxConcurrentStreams]: 9 }));
    expect(await waiting.told.closed).toMatchObject({ isLost: true });
    first.stream.end();
    connection.peer.send(answerFrames(2 ** 31 - 1));
    expect(await first.told.closed).toEqual(inOrder);
  });
});

describe("pings", () => {
  it("are answered with their content", async () => {
    await using connection = await openFrameConnection();
    const content = Buffer.from([255, 0, 1, 2, 3, 4, 5, 255]);
    connection.peer.send(rawFrame(ping, 0, 0, content));
    expect(await connection.peer.next(ping)).toMatchObject({ flags: 1, payload: content });
  });

  it("of ours are told when they are answered, once, and no other answer is", async () => {
    await using connection = await openFrameConnection();
    const { peer, session } = connection;
    const told: string[] = [];
    session.ping(() => told.push("a"));
    session.ping(() => told.push("b"));
    const [a, b] = [await peer.next(ping), await peer.next(ping)];
    peer.send(
      rawFrame(ping, 1, 0, Buffer.alloc(8, 9)),
      rawFrame(ping, 1, 0, b.payload),
      rawFrame(ping, 1, 0, b.payload),
    );
    await peer.settle();
    expect(told).toEqual(["b"]);
    peer.send(rawFrame(ping, 1, 0, a.payload));
    await peer.settle();
    expect(told).toEqual(["b", "a"]);
  });
});

describe("frames that mean nothing to a client", () => {
  it("are ignored", async () => {
    await using connection = await openFrameConnection();
    const { told } = connection.start();
    connection.peer.send(
      rawFrame(0x77, 0xff, 1, Buffer.from("unknown")),
      rawFrame(frameTypes.priority, 0, 1, Buffer.alloc(5)),
      rawFrame(frameTypes.priority, 0, 99, Buffer.alloc(5)),
      answerFrames(1),
    );
    expect(await told.closed).toEqual(inOrder);
  });
});

const answered = headersFrame(1, answerFields);
const {
  protocolError,
  flowControlError,
  streamClosed,
  frameSizeError,
  compressionError,
  enhanceYourCalm,
  internalError,
} = errorCodes;

describe("a peer that breaks the rules", () => {
  it.each<[string, number, readonly Buffer[]]>([
    ["a frame above the largest size", frameSizeError, [rawFrame(0x77, 0, 0, undefined, 16_385)]],
    ["data on stream 0", protocolError, [dataFrame(0, Buffer.from("x"))]],
    ["data on a stream that was never opened", protocolError, [dataFrame(3, Buffer.from("x"))]],
    ["data on a stream of its own", protocolError, [dataFrame(2, Buffer.from("x"))]],
    ["data before headers", protocolError, [dataFrame(1, Buffer.from("x"))]],
    ["data after the end", streamClosed, [answered, dataFrame(1, Buffer.from("x"), 1), dataFrame(1, Buffer.from("x"))]],
    ["more padding than data", protocolError, [answered, rawFrame(data, 8, 1, Buffer.from([3, 0, 0]))]],
    ["padding without a length", protocolError, [answered, rawFrame(data, 8, 1)]],
    ["headers on stream 0", protocolError, [headersFrame(0, answerFields)]],
    ["headers on a stream that was never opened", protocolError, [headersFrame(5, answerFields)]],
    ["headers after the end", streamClosed, [headersFrame(1, answerFields, 5), headersFrame(1, trailerFields, 5)]],
    ["headers with more padding than bytes", protocolError, [rawFrame(headers, 12, 1, Buffer.from([2, 0]))]],
    ["headers with a cut priority", protocolError, [rawFrame(headers, 36, 1, Buffer.alloc(4))]],
    ["a header block that cannot be decoded", compressionError, [rawFrame(headers, 4, 1, Buffer.of(0x80))]],
    [
      "a header block that cannot be decoded, on a stream that is over",
      compressionError,
      [resetFrame(1, 0), rawFrame(headers, 4, 1, Buffer.of(0x80))],
    ],
    [
      "a list of headers above the limit",
      enhanceYourCalm,
      [
        headersFrame(1, [...answerFields, ["a", "v".repeat(16_000)]], 0),
        ...Array.from({ length: 4 }, () => rawFrame(continuation, 0, 1, Buffer.alloc(16_384))),
      ],
    ],
    [
      "a list of headers above the limit when it is unfolded",
      enhanceYourCalm,
      [rawFrame(headers, 4, 1, Buffer.alloc(16_000, 0x88))],
    ],
    [
      "empty continuations without end",
      enhanceYourCalm,
      [headersFrame(1, answerFields, 0), ...Array.from({ length: 8_000 }, () => rawFrame(continuation, 0, 1))],
    ],
    [
      "a frame within a header block",
      protocolError,
      [headersFrame(1, answerFields, 0), rawFrame(ping, 0, 0, Buffer.alloc(8))],
    ],
    ["an unknown frame within a header block", protocolError, [headersFrame(1, answerFields, 0), rawFrame(0x77, 0, 1)]],
    ["data within a header block", protocolError, [headersFrame(1, answerFields, 0), dataFrame(1, Buffer.from("x"))]],
    [
      "a continuation of another stream",
      protocolError,
      [headersFrame(1, answerFields, 0), rawFrame(continuation, 4, 3)],
    ],
    ["a continuation of nothing", protocolError, [rawFrame(continuation, 4, 1)]],
    ["a priority on stream 0", protocolError, [rawFrame(frameTypes.priority, 0, 0, Buffer.alloc(5))]],
    ["a priority of 4 bytes", frameSizeError, [rawFrame(frameTypes.priority, 0, 1, Buffer.alloc(4))]],
    ["a reset of stream 0", protocolError, [resetFrame(0, 0)]],
    ["a reset of a stream that was never opened", protocolError, [resetFrame(7, 0)]],
    ["a reset of 3 bytes", frameSizeError, [rawFrame(rstStream, 0, 1, Buffer.alloc(3))]],
    ["settings on a stream", protocolError, [rawFrame(settings, 0, 1)]],
    ["settings of 5 bytes", frameSizeError, [rawFrame(settings, 0, 0, Buffer.alloc(5))]],
    ["an acknowledgement with settings", frameSizeError, [rawFrame(settings, 1, 0, Buffer.alloc(6))]],
    ["a permission to push", protocolError, [settingsFrame({ [settingIds.enablePush]: 1 })]],
    [
      "an initial window that is too large",
      flowControlError,
      [settingsFrame({ [settingIds.initialWindowSize]: 2 ** 31 })],
    ],
    [
      "an initial window that makes another too large",
      flowControlError,
      [windowFrame(1, largestWindow - 65_535), settingsFrame({ [settingIds.initialWindowSize]: 65_536 })],
    ],
    ["frames of 16,383 bytes", protocolError, [settingsFrame({ [settingIds.maxFrameSize]: 16_383 })]],
    ["frames of 16 MiB", protocolError, [settingsFrame({ [settingIds.maxFrameSize]: 2 ** 24 })]],
    ["a push", protocolError, [rawFrame(frameTypes.pushPromise, 4, 1, numbers(2))]],
    ["a ping on a stream", protocolError, [rawFrame(ping, 0, 1, Buffer.alloc(8))]],
    ["a ping of 7 bytes", frameSizeError, [rawFrame(ping, 0, 0, Buffer.alloc(7))]],
    ["a goodbye on a stream", protocolError, [rawFrame(goaway, 0, 1, numbers(0, 0))]],
    ["a goodbye of 7 bytes", frameSizeError, [rawFrame(goaway, 0, 0, Buffer.alloc(7))]],
    ["a window of nothing", protocolError, [windowFrame(0, 0)]],
    ["a window of nothing on a stream", protocolError, [windowFrame(1, 0)]],
    ["a window of 3 bytes", frameSizeError, [rawFrame(windowUpdate, 0, 0, Buffer.alloc(3))]],
    ["a window that is too large", flowControlError, [windowFrame(0, largestWindow)]],
    ["a window that is too large on a stream", flowControlError, [windowFrame(1, largestWindow)]],
    ["a window of a stream that was never opened", protocolError, [windowFrame(9, 1)]],
    [
      "a flood of empty data",
      enhanceYourCalm,
      [answered, ...Array.from({ length: 10_001 }, () => dataFrame(1, Buffer.alloc(0)))],
    ],
    [
      "a flood of priorities",
      enhanceYourCalm,
      Array.from({ length: 10_001 }, () => rawFrame(frameTypes.priority, 0, 1, Buffer.alloc(5))),
    ],
  ])("by %s is told error %i, and all calls are lost", async (_, errorCode, frames) => {
    await using connection = await openFrameConnection();
    const { told } = connection.start();
    const other = connection.start();
    await connection.peer.settle();
    connection.peer.send(...frames);
    expect(await connection.peer.next(goaway)).toMatchObject({ streamId: 0, payload: numbers(0, errorCode) });
    const cause = await connection.closed;
    expect(cause).toBeInstanceOf(Http2Error);
    expect(cause).toMatchObject({ errorCode });
    const lost = { resetCode: 0, isLost: true, isAllRead: true, cause };
    expect(other.told.closing).toEqual(lost);
    // Unless it was over before.
    if (told.closing?.isLost !== false) expect(told.closing).toEqual(lost);
  });

  it.each([false, true])("by sending more than a stream's window is told so (paused: %s)", async (isPaused) => {
    await using connection = await openFrameConnection({ streamWindowBytes: 10_000 });
    const { stream } = connection.start();
    if (isPaused) stream.pause();
    connection.peer.send(answered, dataFrame(1, Buffer.alloc(9_000)));
    connection.peer.send(dataFrame(1, Buffer.alloc(isPaused ? 1_001 : 10_001)));
    expect(await connection.peer.next(goaway)).toMatchObject({ payload: numbers(0, flowControlError) });
    expect(await connection.closed).toMatchObject({ errorCode: flowControlError });
  });

  it.each<[string, number, Buffer]>([
    ["HTTP/1", frameSizeError, Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a ping", protocolError, rawFrame(ping, 0, 0, Buffer.alloc(8))],
    ["data", protocolError, dataFrame(1, Buffer.from("x"))],
    ["an acknowledgement", protocolError, rawFrame(settings, 1, 0)],
  ])("by beginning with %s is told error %i", async (_, errorCode, bytes) => {
    await using connection = await openFrameConnection({ settings: null });
    connection.peer.send(bytes);
    expect(await connection.peer.next(goaway)).toMatchObject({ payload: numbers(0, errorCode) });
    expect(await connection.closed).toMatchObject({ errorCode });
  });

  it("by asking and never reading is left, however much it sends", async () => {
    await using connection = await openFrameConnection();
    const { peer } = connection;
    connection.start();
    peer.socket.pause();
    // The data is progress, so that this is no flood.
    const turnOfPings = [
      ...Array.from({ length: 200 }, () => rawFrame(ping, 0, 0, Buffer.alloc(8))),
      dataFrame(1, Buffer.alloc(1)),
    ];
    peer.send(answered);
    const closed = connection.closed.then((cause) => ({ cause }));
    for (let turn = 0; turn < 10_000; turn++) {
      peer.send(...turnOfPings);
      const outcome = await Promise.race([closed, nextTurn("open" as const)]);
      if (outcome === "open") continue;
      expect(outcome.cause).toMatchObject({
        errorCode: enhanceYourCalm,
        message: "the peer does not read what it asked for",
      });
      return;
    }
    expect.fail("the connection is still open");
  });

  it("is not one that sends little for long", async () => {
    await using connection = await openFrameConnection();
    const { peer } = connection;
    const calls = 30;
    // 600 frames that mean nothing for each call, 18,000 in all.
    const noise = Buffer.concat(
      Array.from({ length: 600 }, () => rawFrame(frameTypes.priority, 0, 1, Buffer.alloc(5))),
    );
    for (let call = 0; call < calls; call++) {
      const { stream, told } = connection.start();
      stream.end();
      peer.send(noise, headersFrame(call * 2 + 1, [...answerFields, ...trailerFields], 5));
      expect(await told.closed).toEqual(inOrder);
    }
  });
});

describe("a listener that throws", () => {
  it("ends the connection with its error, and the peer is told", async () => {
    await using connection = await openFrameConnection();
    const told = new RecordedRequest();
    const failure = new Error("a listener failed");
    told.onHeaders = () => {
      throw failure;
    };
    connection.session.request(requestFields, told);
    connection.peer.send(answered);
    expect(await connection.peer.next(goaway)).toMatchObject({ payload: numbers(0, internalError) });
    expect(await connection.closed).toBe(failure);
    expect(await told.closed).toMatchObject({ isLost: true, cause: failure });
  });
});

describe("the end of a connection", () => {
  it("by the peer fails what is open and what waits", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.maxConcurrentStreams]: 1 } });
    const requests = [connection.start(), connection.start()];
    await connection.peer.settle();
    connection.peer.socket.destroy();
    for (const { told } of requests) expect(await told.closed).toMatchObject({ isLost: true });
    await connection.closed;
    expect(connection.session.isOver).toBe(true);
    connection.session.ping(() => {});
    connection.session.destroy();
    expect(connection.closeCount).toBe(1);
  });

  it("by the peer's half is the end of both", async () => {
    await using connection = await openFrameConnection();
    const { told } = connection.start();
    connection.peer.socket.end(answered.subarray(0, 5));
    expect(await told.closed).toMatchObject({ isLost: true });
    expect(await connection.closed).toBeUndefined();
  });

  it("by us is told to the peer, and once to everybody here", async () => {
    await using connection = await openFrameConnection();
    const { stream, told } = connection.start();
    const cause = new Error("enough");
    connection.session.destroy(cause);
    connection.session.destroy();
    expect(told.closing).toEqual({ resetCode: 0, isLost: true, isAllRead: true, cause });
    expect(connection.session.isUsable).toBe(false);
    expect(stream.write(Buffer.from("x"))).toBe(true);
    await stream.drained();
    expect(await connection.peer.next(goaway)).toMatchObject({ payload: numbers(0, internalError) });
    expect(await connection.closed).toBe(cause);
    expect(connection.closeCount).toBe(1);
    expect(told.events).toEqual(["close"]);
  });

  it("by us does not wait for a peer that does not read", async () => {
    await using connection = await openFrameConnection({ settings: { [settingIds.initialWindowSize]: largestWindow } });
    connection.peer.send(windowFrame(0, largestWindow - 65_535));
    await connection.peer.settle();
    connection.peer.socket.pause();
    connection.start().stream.write(Buffer.alloc(10_000_000));
    connection.session.destroy();
    expect(await connection.closed).toBeUndefined();
  });

  it("comes while connecting too, and leaves nothing", async () => {
    const sockets: Socket[] = [];
    const server = await startNetServer((socket) => sockets.push(socket));
    const handlesBefore = pipes();
    const causes = await Promise.all(
      [server.socketPath, `${server.socketPath}.none`].map(async (path) => {
        const closed = Promise.withResolvers<unknown>();
        const session = openFastSession({
          path,
          streamWindowBytes: 65_535,
          connectionWindowBytes: 65_535,
          onReady() {},
          onGoaway() {},
          onClose: closed.resolve,
        });
        const told = new RecordedRequest();
        session.request(requestFields, told);
        session.destroy();
        expect(told.closing).toMatchObject({ isLost: true });
        return await closed.promise;
      }),
    );
    expect(causes[0]).toBeUndefined();
    for (const socket of sockets) if (!socket.destroyed) await once(socket.resume(), "close");
    expect(pipes()).toBe(handlesBefore);
    await server[Symbol.asyncDispose]();
  });

  it("leaves no handle, however it came", async () => {
    const before = pipes();
    for (const end of ["destroy", "goaway", "malformed", "hang-up"]) {
      await using connection = await openFrameConnection();
      connection.start();
      if (end === "destroy") connection.session.destroy();
      else if (end === "goaway") connection.peer.send(goawayFrame(0));
      else if (end === "malformed") connection.peer.send(windowFrame(0, 0));
      else connection.peer.socket.destroy();
      await connection.closed;
    }
    expect(pipes()).toBe(before);
  });
});

/** How many sockets of this kind are open in this process. */
function pipes(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("Pipe")).length;
}

import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, InvalidOptionsError, type Logger, rpcs } from "@resoio/core";
import { PictureFormat, PictureFrameSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { collect } from "../collect.js";
import { RecordingEndedError } from "../errors/recording-ended-error.js";
import { RecordingFailedError } from "../errors/recording-failed-error.js";
import { openRecording } from "../reader/open-recording.js";
import type { RecordingReader } from "../reader/recording-reader.js";
import { bytesSource } from "../reader/recording-source.js";
import { GatedSink } from "../testing/gated-sink.js";
import { readWithMcap } from "../testing/mcap-own-reader.js";
import { MemorySink } from "../testing/memory-sink.js";
import { TestClock } from "../testing/test-clock.js";
import { createRecording } from "./create-recording.js";
import type { Recording } from "./recording.js";
import type { RecordingOptions } from "./recording-options.js";

const ping = rpcs["connection.ping"].method;
const camera = rpcs["camera.streamFrames"].method;

describe("a recording", () => {
  it("gives back the calls that it was told of, with their times", async () => {
    const { recording, clock, read } = setUp();
    const request = toBinary(PingRequestSchema, create(PingRequestSchema, { message: "hello" }));
    const response = toBinary(PingResponseSchema, create(PingResponseSchema, { message: "hello" }));
    clock.advance(10);
    const call = recording.call(ping, { client: "page" });
    call?.request(request);
    clock.advance(5.5);
    call?.response(response);
    call?.end(undefined);
    recording.call(rpcs["world.join"].method)?.end(new ConnectError("no such world", Code.NotFound));
    const summary = await recording.end();

    const reader = await read();
    expect(summary).toMatchObject({ messages: 6, droppedMessages: 0, durationMs: 15.5 });
    expect(summary.byteLength).toBe(reader.info.byteLength);
    expect(reader.info).toMatchObject({ isComplete: true, durationMs: 15.5, messages: 6, times: "wall" });
    const times = { client: "page", openedMs: 10, endedMs: 15.5 };
    expect(await collect(reader.unaryCalls())).toMatchObject([
      { number: 1, rpc: "connection.ping", ...times, status: { code: 0 }, request, response },
      { number: 2, rpc: "world.join", openedMs: 15.5, status: { code: Code.NotFound, message: "no such world" } },
    ]);
  });

  it("has the wall clock's time beside the recorded one", async () => {
    const { recording, clock, read } = setUp({ times: "logical" });
    const startUnixNanos = clock.unixNanos();
    clock.advance(1_000);
    recording.insertSleep(250);
    recording.message("/note", PingRequestSchema, note("here"));
    const reader = await read();

    const message = await reader.lastMessage("/note");
    expect(message).toMatchObject({ atMs: 250, wallUnixNanos: startUnixNanos + 1_000_000_000n });
    expect(reader.info).toMatchObject({ times: "logical", durationMs: 250, startUnixNanos });
  });

  it("starts when it starts, whatever its clock says by then", async () => {
    const clock = new TestClock();
    clock.advance(5_000);
    const startUnixNanos = clock.unixNanos();
    const { recording, read } = setUp({ clock, times: "logical" });
    recording.message("/note", PingRequestSchema, note("here"));
    const reader = await read();

    expect(reader.info.startUnixNanos).toBe(startUnixNanos);
    expect((await reader.lastMessage("/note"))?.atMs).toBe(0);
  });

  it("tells calls of the same RPC apart, however many there are", async () => {
    const { recording, read } = setUp();
    const infos = [{ client: "one" }, { client: "two" }, { client: "two", isShared: true }, {}];
    for (const info of infos) recording.call(ping, info)?.end(undefined);
    for (let count = 0; count < 20_000; count++) recording.call(ping)?.end(undefined);
    const calls = await collect((await read()).calls());

    expect(calls.slice(0, 4).map(({ client, isShared }) => [client, isShared])).toEqual([
      ["one", false],
      ["two", false],
      ["two", true],
      ["", false],
    ]);
    expect(calls.map(({ number }) => number)).toEqual(Array.from({ length: 20_004 }, (_, index) => index + 1));
  });

  it("knows when a caller had sent all, and of which call a response is", async () => {
    const { recording, clock, read } = setUp();
    const drive = recording.call(rpcs["locomotion.drive"].method);
    const left = recording.call(rpcs["locomotion.drive"].method);
    const [first, second] = [recording.call(camera), recording.call(camera)];
    clock.advance(10);
    drive?.halfClose();
    first?.response(new Uint8Array([1]));
    second?.response(new Uint8Array([2]));
    clock.advance(10);
    for (const call of [drive, left, first, second]) call?.end(undefined);
    const reader = await read();

    const calls = await collect(reader.calls());
    expect(calls.map(({ number, halfClosedMs, endedMs }) => [number, halfClosedMs, endedMs])).toEqual([
      [1, 10, 20],
      [2, undefined, 20],
      [3, undefined, 20],
      [4, undefined, 20],
    ]);
    const responses = calls
      .slice(2)
      .map(async (call) => (await collect(reader.responses(call))).map(({ data }) => [...data]));
    expect(await Promise.all(responses)).toEqual([[[1]], [[2]]]);
  });

  it("has chunks of the size that is asked for, and what is over a second later", async () => {
    const { recording, clock, sink } = setUp({ chunkBytes: 1_000 });
    const addNotes = (count: number): void => {
      for (let index = 0; index < count; index++) recording.message("/note", PingRequestSchema, new Uint8Array(69));
    };
    // Ten messages with what stands before each of them have 1,000 bytes.
    addNotes(95);
    await turns(50);
    expect(await chunkSizes(sink)).toEqual(Array.from({ length: 9 }, () => 10));
    clock.advance(1_000);
    await turns(50);
    expect(await chunkSizes(sink)).toEqual([...Array.from({ length: 9 }, () => 10), 5]);
    // That one was due does not make others so.
    addNotes(1);
    await turns(50);
    addNotes(1);
    await turns(50);
    expect(await chunkSizes(sink)).toHaveLength(10);
    await recording.end();
  });

  it("is not compressed where that makes it larger", async () => {
    const compression = { name: "zstd", compress: (data: Uint8Array) => new Uint8Array(data.byteLength) };
    const { recording, read } = setUp({ compression });
    recording.message("/note", PingRequestSchema, note("here"));

    expect((await (await read()).lastMessage("/note"))?.data).toEqual(note("here"));
  });

  it("lets sleeps pass on top of the wall clock", async () => {
    const { recording, clock, read } = setUp();
    clock.advance(100);
    recording.insertSleep(1_000);
    clock.advance(50);
    recording.message("/note", PingRequestSchema, note("here"));
    expect(recording.elapsedMs).toBe(1_150);
    const reader = await read();

    expect((await reader.lastMessage("/note"))?.atMs).toBe(1_150);
  });

  it("says nothing new after its end, however often it is ended", async () => {
    const { recording, clock, sink } = setUp();
    const call = recording.call(camera);
    call?.response(new Uint8Array(3));
    const first = recording.end();
    call?.response(new Uint8Array(3));
    call?.end(undefined);
    recording.message("/note", PingRequestSchema, note("late"));
    expect(recording.call(ping)).toBeUndefined();
    clock.advance(1_000);

    expect(await recording.end()).toBe(await first);
    expect((await first).topics).toEqual({ "/calls": 1, "/rpc/camera.streamFrames/response": 1 });
    expect((await first).durationMs).toBe(0);
    expect(sink.isClosed).toBe(true);
    expect(() => recording.insertSleep(1)).toThrow(RecordingEndedError);
    expect(() => recording.markLoopStart()).toThrow(RecordingEndedError);
  });

  it("is stored a second after its messages, whole enough to be read when the program dies", async () => {
    const { recording, clock, sink } = setUp();
    recording.message("/note", PingRequestSchema, note("before"));
    clock.advance(999);
    await turns();
    expect((await openRecording(bytesSource(sink.bytes))).info.messages).toBe(0);
    clock.advance(1);
    await turns();

    const reader = await openRecording(bytesSource(sink.bytes));
    expect(reader.info).toMatchObject({ isComplete: false, messages: 1 });
    await recording.end();
  });

  it("keeps no large thing for the sake of a small part of it", async () => {
    const { recording, read } = setUp();
    const large = new Uint8Array(1_000_000);
    const bytes = note("small");
    large.set(bytes, 500);
    recording.message("/note", PingRequestSchema, large.subarray(500, 500 + bytes.byteLength));
    large.fill(0);

    expect((await (await read()).lastMessage("/note"))?.data).toEqual(bytes);
  });

  it("has messages of one's own, described by itself", async () => {
    const { recording, read } = setUp({ metadata: { scenario: "gallery", "resoio.version": "99" } });
    recording.message("/note", PingRequestSchema, note("mine"));
    const reader = await read();

    const message = await reader.lastMessage("/note");
    if (message === undefined) throw new Error("there is no message");
    expect(reader.decode(message)).toMatchObject({ $typeName: "resonite_io.v1.PingRequest", message: "mine" });
    expect(message.topic.schema).not.toBe(PingRequestSchema);
    expect(reader.info.metadata).toEqual({ scenario: "gallery" });
  });

  it.each(["/calls", "/gaps", "/rpc/mine", "/channel/mine/x", "/keyframes/x", "/markers", "/channel-events"])(
    "keeps the topic %s for itself",
    async (topic) => {
      const { recording } = setUp();

      expect(() => recording.message(topic, PingRequestSchema, note("x"))).toThrow(InvalidOptionsError);
      await recording.end();
    },
  );

  it("has one type for a topic", async () => {
    const { recording } = setUp();
    recording.message("/note", PingRequestSchema, note("x"));

    expect(() => recording.message("/note", PingResponseSchema, note("x"))).toThrow("has resonite_io.v1.PingRequest");
    await recording.end();
  });

  it("has at most 4,096 topics", async () => {
    const { recording } = setUp();
    for (let index = 0; index < 5_000; index++) recording.message(`/note/${index}`, PingRequestSchema, note("x"));

    expect(recording.stats).toMatchObject({ messages: 4_096, refusedMessages: 904 });
    expect((await recording.end()).messages).toBe(4_096);
  });

  it.each([
    ["chunkBytes", 0],
    ["flushIntervalMs", -1],
    ["maxQueueBytes", Number.NaN],
    ["sinkTimeoutMs", 0],
  ])("is refused with %s %d", (name, value) => {
    expect(() => setUp({ [name]: value })).toThrow(`${name} must be`);
  });
});

describe("a loop's start", () => {
  it("is where it was marked, in the file as well", async () => {
    const { recording, clock, read } = setUp();
    recording.message("/note", PingRequestSchema, note("before"));
    clock.advance(100);
    recording.markLoopStart();
    clock.advance(100);
    recording.message("/note", PingRequestSchema, note("after"));

    expect((await recording.end()).loopStartMs).toBe(100);
    expect((await read()).info.loopStartMs).toBe(100);
  });

  it("may be marked later, and again: the last one counts", async () => {
    const { recording, clock } = setUp();
    clock.advance(100);
    recording.markLoopStart();
    recording.message("/note", PingRequestSchema, note("x"));
    recording.markLoopStart(40);
    expect(() => recording.markLoopStart(101)).toThrow(InvalidOptionsError);
    expect(() => recording.markLoopStart(-1)).toThrow(InvalidOptionsError);

    expect((await recording.end()).loopStartMs).toBe(40);
  });

  it("is left out when nothing follows it", async () => {
    const { recording, clock, read } = setUp();
    recording.message("/note", PingRequestSchema, note("before"));
    clock.advance(100);
    recording.markLoopStart();
    clock.advance(100);

    expect((await recording.end()).loopStartMs).toBeUndefined();
    expect((await read()).info.loopStartMs).toBeUndefined();
  });

  it("is left out when no time follows it", async () => {
    const { recording } = setUp({ times: "logical" });
    recording.markLoopStart();
    recording.message("/note", PingRequestSchema, note("after"));

    expect((await recording.end()).loopStartMs).toBeUndefined();
  });

  it("is known when the program died before the end", async () => {
    const { recording, clock, sink } = setUp();
    clock.advance(300);
    recording.markLoopStart();
    clock.advance(300);
    recording.message("/note", PingRequestSchema, note("after"));
    clock.advance(1_000);
    await turns();

    expect((await openRecording(bytesSource(sink.bytes))).info.loopStartMs).toBe(300);
    await recording.end();
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("takes no sleep of %d ms", async (ms) => {
    const { recording } = setUp();

    expect(() => recording.insertSleep(ms)).toThrow(InvalidOptionsError);
    await recording.end();
  });
});

describe("a filter", () => {
  it("is asked once for a call, and for each message", async () => {
    const asked: string[] = [];
    const { recording, read } = setUp({
      filter(candidate) {
        asked.push(candidate.kind === "call" ? `${candidate.rpc} of ${candidate.client}` : candidate.kind);
        return candidate.kind !== "call" || candidate.rpc === "camera.streamFrames";
      },
    });
    const call = recording.call(camera, { client: "one" });
    call?.response(new Uint8Array(1));
    call?.response(new Uint8Array(1));
    expect(recording.call(ping, { client: "two" })).toBeUndefined();
    recording.message("/note", PingRequestSchema, note("x"));
    recording.channelMessage({ channel: "board", schema: PingRequestSchema, bytes: note("x"), direction: "up" });

    expect(asked).toEqual(["camera.streamFrames of one", "connection.ping of two", "message", "channel"]);
    expect((await read()).topics.map(({ topic }) => topic)).toEqual([
      "/calls",
      "/channel-events",
      "/channel/board/PingRequest",
      "/note",
      "/rpc/camera.streamFrames/response",
    ]);
  });

  it("that throws leaves out what it throws for, is told of once, and disturbs nobody", async () => {
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (line) => void warnings.push(line) };
    const { recording } = setUp({
      logger,
      filter(candidate) {
        if (candidate.kind === "call") throw new Error("no idea");
        return true;
      },
    });
    for (let count = 0; count < 3; count++) expect(recording.call(ping)).toBeUndefined();
    recording.message("/note", PingRequestSchema, note("x"));

    expect(recording.stats.filterErrors).toBe(3);
    expect((await recording.end()).messages).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("no idea")]);
  });
});

describe("a sink that is too slow", () => {
  it("costs messages of streams first, which the recording says, then others, and last what calls there were", async () => {
    const clock = new TestClock();
    const sink = new GatedSink();
    const recording = createRecording({ sink, clock, chunkBytes: 1_000, maxQueueBytes: 10_000, flushIntervalMs: 10 });
    const stream = recording.call(camera);
    for (let count = 0; count < 20; count++) {
      clock.advance(10);
      stream?.response(new Uint8Array(1_000));
    }
    const sent = recording.stats.messages;
    const unary = recording.call(ping);
    unary?.request(new Uint8Array(500));
    for (let count = 0; count < 10; count++) recording.message("/note", PingRequestSchema, new Uint8Array(1_000));
    unary?.end(undefined);
    stream?.end(undefined);
    expect(recording.stats.queuedBytes).toBeLessThan(15_000);
    const { droppedMessages } = recording.stats;
    expect(droppedMessages).toBeGreaterThan(15);
    sink.open();
    const summary = await recording.end();

    expect(summary.droppedMessages).toBe(droppedMessages);
    expect(recording.stats.queuedBytes).toBe(0);
    const reader = await openRecording(bytesSource(sink.bytes));
    const gaps = await collect(reader.gaps());
    const frames = gaps.filter(({ topic }) => topic === "/rpc/camera.streamFrames/response");
    expect(frames.reduce((sum, { messages }) => sum + messages, 0)).toBe(20 - (sent - 1));
    expect(frames[0]).toMatchObject({ messages: 11, bytes: 11_000, fromMs: 100, toMs: 200 });
    expect(gaps.map(({ topic }) => topic).toSorted()).toEqual(["/note", "/rpc/camera.streamFrames/response"]);
    // Every call with its beginning and its end is there.
    expect((await collect(reader.calls())).map(({ rpc, endedMs }) => [rpc, endedMs])).toEqual([
      ["connection.ping", 200],
      ["camera.streamFrames", 200],
    ]);
  });

  it("never gets more than one write at a time", async () => {
    const sink = new GatedSink();
    const recording = createRecording({ sink, clock: new TestClock(), chunkBytes: 100 });
    for (let count = 0; count < 50; count++) recording.message("/note", PingRequestSchema, new Uint8Array(90));
    await turns();
    expect(sink.pendingWrites).toBe(1);
    sink.open();
    await recording.end();

    expect(sink.mostPendingWrites).toBe(1);
  });

  it("takes a single message that is larger than all that may wait", async () => {
    const { recording, read } = setUp({ maxQueueBytes: 1_000 });
    recording.message("/note", PingRequestSchema, new Uint8Array(50_000));

    expect((await (await read()).lastMessage("/note"))?.data).toHaveLength(50_000);
  });
});

describe("a sink that fails", () => {
  it.each([
    ["rejects", () => Promise.reject(new Error("no space left on device"))],
    [
      "throws",
      () => {
        throw new Error("no space left on device");
      },
    ],
  ])("and %s ends the recording, not the program", async (_, write) => {
    const warnings: string[] = [];
    let stops = 0;
    const recording = createRecording({
      sink: { write },
      clock: new TestClock(),
      onStop: () => void stops++,
      logger: { debug() {}, info() {}, warn: (line) => void warnings.push(line) },
    });
    const call = recording.call(camera);
    await turns();
    call?.response(new Uint8Array(100));
    call?.end(undefined);
    recording.message("/note", PingRequestSchema, note("x"));

    expect(recording.failure).toBeInstanceOf(RecordingFailedError);
    expect(recording.failure?.cause).toMatchObject({ message: "no space left on device" });
    expect(recording.stats.queuedBytes).toBe(0);
    await expect(recording.started).rejects.toBe(recording.failure);
    await expect(recording.end()).rejects.toBe(recording.failure);
    await expect(recording.end()).rejects.toBe(recording.failure);
    await recording[Symbol.asyncDispose]();
    expect(stops).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("no space left on device")]);
  });

  it("later leaves what was stored before", async () => {
    const clock = new TestClock();
    const sink = new MemorySink();
    let isFull = false;
    const recording = createRecording({
      clock,
      sink: { write: async (bytes) => (isFull ? Promise.reject(new Error("disk full")) : await sink.write(bytes)) },
    });
    recording.message("/note", PingRequestSchema, note("stored"));
    clock.advance(1_000);
    await turns();
    isFull = true;
    recording.message("/note", PingRequestSchema, note("lost"));
    await expect(recording.end()).rejects.toThrow("disk full");

    const reader = await openRecording(bytesSource(sink.bytes));
    expect(await collect(reader.messages())).toHaveLength(1);
  });

  it("and never answers is given up after a while", async () => {
    const clock = new TestClock();
    const recording = createRecording({ clock, sink: { write: () => Promise.withResolvers<void>().promise } });
    const isGivenUp = expect(recording.end()).rejects.toThrow("did not answer for 30000 ms");
    clock.advance(29_999);
    await turns();
    expect(recording.failure).toBeUndefined();
    clock.advance(1);

    await isGivenUp;
  });

  it("to close ends the recording with an error", async () => {
    const sink = {
      write: async () => {},
      close: () => Promise.reject(new Error("the share is gone")),
    };
    const recording = createRecording({ sink, clock: new TestClock() });

    await expect(recording.end()).rejects.toThrow("the share is gone");
  });

  it("and compressing that fails ends it as well", async () => {
    const { recording } = setUp({
      compression: {
        name: "zstd",
        compress() {
          throw new Error("no memory");
        },
      },
    });
    recording.message("/note", PingRequestSchema, note("x"));

    await expect(recording.end()).rejects.toThrow("no memory");
  });
});

describe("a camera that is encoded", () => {
  const encoded = (frameId: number): Uint8Array =>
    toBinary(PictureFrameSchema, create(PictureFrameSchema, { frameId: BigInt(frameId) }));

  it("has its pictures at the times of the frames, in order with all else", async () => {
    const { recording, clock, read, encoder } = setUpEncoder();
    const call = recording.call(camera);
    clock.advance(10);
    call?.response(new Uint8Array(1_000));
    clock.advance(10);
    recording.message("/note", PingRequestSchema, note("while it is encoded"));
    clock.advance(10);
    encoder.finish(encoded(1));
    await turns();
    const reader = await read();

    const messages = await collect(reader.messages());
    expect(messages.map(({ topic, atMs }) => [topic.topic, atMs])).toEqual([
      ["/calls", 0],
      ["/rpc/camera.streamFrames/picture", 10],
      ["/note", 20],
    ]);
    const [frame] = await collect(reader.frames());
    expect(frame).toMatchObject({ atMs: 10, call: 1, frame: { kind: "encoded", message: { frameId: 1n } } });
  });

  it("has each picture once, in the message that Foxglove shows", async () => {
    const { recording, read, encoder } = setUpEncoder();
    recording.call(camera)?.response(new Uint8Array(1_000));
    const data = new Uint8Array(1_000).fill(7);
    const facts = {
      format: PictureFormat.JPEG,
      width: 64,
      height: 48,
      frameId: 5n,
      unixNanos: 1_750_000_000_123_456_700n,
    };
    encoder.finish(toBinary(PictureFrameSchema, create(PictureFrameSchema, { ...facts, data })));
    await turns();
    const reader = await read();

    const message = await reader.lastMessage("/rpc/camera.streamFrames/picture");
    if (message === undefined) throw new Error("there is no picture");
    // Its name and its fields are Foxglove's, not ours to choose.
    expect(message.topic.typeName).toBe("foxglove.CompressedImage");
    const fields = message.topic.schema.fields.map(({ name, number }) => [name, number]);
    expect(fields.slice(0, 4)).toEqual([
      ["timestamp", 1],
      ["data", 2],
      ["format", 3],
      ["frame_id", 4],
    ]);
    const timestamp = { $typeName: "google.protobuf.Timestamp", seconds: 1_750_000_000n, nanos: 123_456_700 };
    expect(reader.decode(message)).toMatchObject({ timestamp, data, format: "jpeg", frameId: "camera" });
    expect(message.data.byteLength).toBeLessThan(data.byteLength + 100);
    const [frame] = await collect(reader.frames());
    expect(frame?.frame.message).toMatchObject({ ...facts, data });
  });

  it("leaves out all but the newest of the frames that come meanwhile, and says so", async () => {
    const { recording, clock, read, encoder } = setUpEncoder();
    const call = recording.call(camera);
    for (let index = 0; index < 5; index++) {
      clock.advance(10);
      call?.response(new Uint8Array([index]));
    }
    expect(encoder.asked.map(([index]) => index)).toEqual([0]);
    encoder.finish(encoded(0));
    await turns();
    expect(encoder.asked.map(([index]) => index)).toEqual([0, 4]);
    encoder.finish(encoded(4));
    const reader = await read();

    expect((await collect(reader.frames())).map(({ atMs }) => atMs)).toEqual([10, 50]);
    const topic = "/rpc/camera.streamFrames/picture";
    expect(await collect(reader.gaps())).toEqual([{ topic, messages: 3, bytes: 3, fromMs: 20, toMs: 40 }]);
  });

  it("goes on after a frame that cannot be encoded, and one that has no picture", async () => {
    const { recording, clock, read, encoder } = setUpEncoder();
    const call = recording.call(camera);
    for (const result of [new Error("not a frame"), undefined, encoded(2)]) {
      clock.advance(10);
      call?.response(new Uint8Array(10));
      encoder.finish(result);
      await turns();
    }
    const reader = await read();

    expect(recording.stats.encodeErrors).toBe(1);
    expect((await collect(reader.frames())).map(({ atMs }) => atMs)).toEqual([30]);
    expect((await collect(reader.gaps())).map(({ messages }) => messages)).toEqual([2]);
  });

  it("does not keep its end waiting for ever", async () => {
    const { recording, clock } = setUpEncoder();
    recording.call(camera)?.response(new Uint8Array(10));
    const ending = recording.end();
    await turns();
    clock.advance(30_000);

    expect(await ending).toMatchObject({ droppedMessages: 1 });
  });
});

it("several recordings share the bytes of a message", async () => {
  const clock = new TestClock();
  const sinks = Array.from({ length: 10 }, () => new MemorySink());
  const recordings = sinks.map((sink) => createRecording({ sink, clock }));
  const frame = new Uint8Array(100_000);
  const calls = recordings.map((recording) => recording.call(camera));
  for (const call of calls) call?.response(frame);

  // Each counts what it holds; all of them hold the same.
  expect(recordings.every(({ stats }) => stats.queuedBytes > 100_000)).toBe(true);
  frame[0] = 7;
  await Promise.all(recordings.map((recording) => recording.end()));
  for (const { bytes } of sinks) {
    const reader = await openRecording(bytesSource(bytes));
    expect((await reader.lastMessage("/rpc/camera.streamFrames/response"))?.data[0]).toBe(7);
  }
});

function setUp(options: Partial<RecordingOptions> = {}): {
  readonly recording: Recording;
  readonly clock: TestClock;
  readonly sink: MemorySink;
  /** Ends the recording and opens it. */
  readonly read: () => Promise<RecordingReader>;
} {
  const clock = new TestClock();
  const sink = new MemorySink();
  const recording = createRecording({ sink, clock, ...options });
  return {
    recording,
    clock,
    sink,
    async read() {
      await recording.end();
      return await openRecording(bytesSource(sink.bytes));
    },
  };
}

function setUpEncoder() {
  const asked: Uint8Array[] = [];
  let pending: PromiseWithResolvers<Uint8Array | undefined> = Promise.withResolvers();
  const common = setUp({
    camera(frame) {
      asked.push(frame);
      pending = Promise.withResolvers();
      return pending.promise;
    },
  });
  const finish = (result: Uint8Array | Error | undefined): void => {
    if (result instanceof Error) pending.reject(result);
    else pending.resolve(result);
  };
  return { ...common, encoder: { asked, finish } };
}

function note(message: string): Uint8Array {
  return toBinary(PingRequestSchema, create(PingRequestSchema, { message }));
}

/** How many messages are in each chunk that is stored, of a recording with one topic. */
async function chunkSizes(sink: MemorySink): Promise<readonly number[]> {
  const records = await readWithMcap(sink.bytes);
  return records.flatMap((record) => (record.type === "MessageIndex" ? [record.records.length] : []));
}

/** Lets everything happen that does not wait for anybody. */
async function turns(atLeast = 5): Promise<void> {
  for (let count = 0; count < atLeast; count++) await new Promise((resolve) => setImmediate(resolve));
}

import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { rpcs, services } from "@resoio/core";
import { PingRequestSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";
import { grpcFrame, RawHttp2 } from "../testing/raw-http2.js";
import { settleUntil } from "../testing/settle-until.js";

const { ping } = services.connection.method;
const pingPath = rpcs["connection.ping"].path;
const pingMessage = toBinary(PingRequestSchema, create(PingRequestSchema, { message: "hi" }));

/** Sends bytes as the whole request of a call and returns the fields of the answer. */
async function send(
  { mod }: OpenMod,
  bytes: Uint8Array,
  { path = pingPath, headers = {} }: { readonly path?: string; readonly headers?: Record<string, string> } = {},
): Promise<Readonly<Record<string, unknown>>> {
  using client = new RawHttp2(mod.socketPath);
  const { stream, answer } = client.request(path, headers);
  stream.end(bytes);
  return (await answer).headers;
}

async function expectAlive(test: OpenMod): Promise<void> {
  expect((await test.raw.unary(ping, { message: "still there" })).message).toBe("still there");
  expect(test.mod.openCalls).toBe(0);
}

describe("a request that is wrong", () => {
  it.each([
    "/resonite_io.v1.Connection/Pong",
    "/resonite_io.v1.Nothing/Ping",
    "/resonite_io.v2.Connection/Ping",
    "/resonite_io.v1.Connection/ping",
    "/",
    "/%00",
  ])("with the path %s is UNIMPLEMENTED", async (path) => {
    await using test = await openMod();
    const headers = await send(test, grpcFrame(pingMessage), { path });
    expect(headers).toMatchObject({ ":status": 200, "grpc-status": "12" });
    await expectAlive(test);
  });

  it.each([
    { what: "bytes that are no message", bytes: grpcFrame(Uint8Array.from([0xff, 0xff, 0xff])), status: "13" },
    {
      what: "a text with a length beyond its end",
      bytes: grpcFrame(Uint8Array.from([0x0a, 0x7f, 0x41])),
      status: "13",
    },
    { what: "a message that is cut off", bytes: grpcFrame(pingMessage, 100), status: "13" },
    { what: "a prefix that is cut off", bytes: Buffer.from([0, 0, 0]), status: "13" },
    { what: "a compressed message", bytes: grpcFrame(pingMessage, pingMessage.byteLength, 1), status: "13" },
    { what: "a message above the limit", bytes: grpcFrame(pingMessage, 64 * 1024 * 1024 + 1), status: "8" },
    { what: "the longest message that can be announced", bytes: grpcFrame(pingMessage, 0xffffffff), status: "8" },
    { what: "no message at all", bytes: Buffer.alloc(0), status: "12" },
    { what: "two messages", bytes: Buffer.concat([grpcFrame(pingMessage), grpcFrame(pingMessage)]), status: "12" },
  ])("with $what fails with the status $status and the server lives", async ({ bytes, status }) => {
    await using test = await openMod();
    expect(await send(test, bytes)).toMatchObject({ ":status": 200, "grpc-status": status });
    await expectAlive(test);
  });

  it("does not wait for the rest of a message that is above the limit", async () => {
    await using test = await openMod();
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, answer } = client.request(pingPath);
    stream.write(grpcFrame(pingMessage, 0x7fffffff));
    expect((await answer).headers["grpc-status"]).toBe("8");
  });

  it.each([
    "application/json",
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpcx",
    "text/plain",
  ])("with the content type %s gets HTTP 415", async (contentType) => {
    await using test = await openMod();
    const headers = await send(test, grpcFrame(pingMessage), { headers: { "content-type": contentType } });
    expect(headers[":status"]).toBe(415);
    expect(headers["grpc-status"]).toBeUndefined();
    await expectAlive(test);
  });

  it.each(["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "Application/GRPC"])(
    "with the content type %s is none",
    async (contentType) => {
      await using test = await openMod();
      const headers = await send(test, grpcFrame(pingMessage), { headers: { "content-type": contentType } });
      expect(headers).toMatchObject({ ":status": 200, "content-type": "application/grpc", "grpc-status": "0" });
    },
  );

  it.each(["5", "x", "123456789S", "-1S"])("with the timeout %s is INVALID_ARGUMENT", async (timeout) => {
    await using test = await openMod();
    const headers = await send(test, grpcFrame(pingMessage), { headers: { "grpc-timeout": timeout } });
    expect(headers["grpc-status"]).toBe("3");
    await expectAlive(test);
  });

  it("of a stream that does not parse fails with INTERNAL after messages that did", async () => {
    await using test = await openMod();
    const bytes = Buffer.concat([grpcFrame(new Uint8Array()), grpcFrame(Uint8Array.from([0xff]))]);
    expect(await send(test, bytes, { path: rpcs["locomotion.drive"].path })).toMatchObject({ "grpc-status": "13" });
    await expectAlive(test);
  });

  it("that is not HTTP/2 at all harms nobody", async () => {
    await using test = await openMod();
    const socket = connect(test.mod.socketPath);
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve).resume());
    await expectAlive(test);
  });

  it("that never comes, on a connection that only opens, does not keep the server from closing", async () => {
    const test = await openMod();
    const socket = connect(test.mod.socketPath);
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("connect", resolve));
    const isGone = new Promise((resolve) => socket.once("close", resolve).resume());
    await test[Symbol.asyncDispose]();
    await isGone;
  });
});

describe("many calls", () => {
  it("two hundred at once on one connection are all answered", async () => {
    await using test = await openMod({ faults: { latency: [{ rpc: "connection.ping", ms: 100 }] } });
    const calls = Array.from({ length: 200 }, (_, index) => test.raw.unary(ping, { message: `${index}` }));
    let answered = 0;
    for (const call of calls) void call.then(() => answered++);
    await settleUntil(test.clock, () => test.mod.openCalls === 200);
    while (answered < 200) await test.clock.advance(100);
    expect((await Promise.all(calls)).map(({ message }) => message)).toEqual(calls.map((_, index) => `${index}`));
    expect(test.mod.openCalls).toBe(0);
  });

  it("one that hangs does not hold up the others", async () => {
    await using test = await openMod({ faults: { hangs: ["world.getCurrent"] } });
    using client = new RawHttp2(test.mod.socketPath);
    client.request(rpcs["world.getCurrent"].path).stream.end(grpcFrame(new Uint8Array()));
    const { stream, answer } = client.request(pingPath);
    stream.end(grpcFrame(pingMessage));
    expect((await answer).headers["grpc-status"]).toBe("0");
  });
});

describe("a client that vanishes", () => {
  it.each([
    { where: "in the middle of a camera stream", id: "camera.streamFrames" },
    { where: "while it waits for sound", id: "speaker.streamAudio" },
    { where: "while it waits for an answer that never comes", id: "world.getCurrent" },
  ] as const)("$where leaves no open call", async ({ id }) => {
    await using test = await openMod({
      scenario: { display: { width: 1920, height: 1080 }, cameraFps: 1000 },
      faults: { hangs: ["world.getCurrent"] },
    });
    const client = new RawHttp2(test.mod.socketPath);
    client.request(rpcs[id].path).stream.end(grpcFrame(new Uint8Array()));
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    await test.clock.advance(20);
    client[Symbol.dispose]();
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
    await test.engine.until(({ journal }) => journal.calls(id).length === 1);
    expect(test.engine.journal.calls(id)[0]?.status).toBe("Canceled");
    await expectAlive(test);
  });

  it("while it sends leaves no open call", async () => {
    await using test = await openMod();
    const client = new RawHttp2(test.mod.socketPath);
    client.request(rpcs["microphone.streamAudio"].path).stream.write(grpcFrame(new Uint8Array(), 1_000_000));
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    client[Symbol.dispose]();
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
    await expectAlive(test);
  });

  it("without reading any more does not keep the server from closing", async () => {
    const test = await openMod({ scenario: { display: { width: 1920, height: 1080 }, cameraFps: 1000 } });
    using client = new RawHttp2(test.mod.socketPath);
    const { stream } = client.request(rpcs["camera.streamFrames"].path);
    stream.end(grpcFrame(new Uint8Array()));
    stream.pause();
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    await test.clock.advance(20);
    await test[Symbol.asyncDispose]();
    expect(test.mod.openCalls).toBe(0);
  });
});

describe("the text of a status", () => {
  const message = "50 % of “naïve” \n日本語 🙂 and a + b = c%20d";
  const faults = { errors: [{ rpc: "connection.ping", call: 1, code: "aborted", message } as const] };

  it("arrives decoded, with percent signs and whatever is not ASCII", async () => {
    await using test = await openMod({ faults });
    expect(await statusOf(test.raw.unary(ping, {}))).toEqual({ code: "ABORTED", details: message });
  });

  it("is percent-encoded on the wire, and only where it must be", async () => {
    await using test = await openMod({ faults });
    const text = (await send(test, grpcFrame(pingMessage)))["grpc-message"];
    expect(text).toMatch(/^50 %25 of %E2%80%9Cna%C3%AFve%E2%80%9D %0A[%0-9A-F]+ %F0%9F%99%82 and a \+ b = c%2520d$/);
  });
});

describe("a deadline", () => {
  it("ends a call that hangs with DEADLINE_EXCEEDED, for the handler too", async () => {
    await using test = await openMod({ faults: { hangs: ["world.getCurrent"] } });
    const path = rpcs["world.getCurrent"].path;
    const headers = await send(test, grpcFrame(new Uint8Array()), { path, headers: { "grpc-timeout": "20m" } });
    expect(headers["grpc-status"]).toBe("4");
    await test.engine.until(({ journal }) => journal.calls("world.getCurrent").length === 1);
    expect(test.engine.journal.calls("world.getCurrent")[0]?.status).toBe("DeadlineExceeded");
    await expectAlive(test);
  });

  it("ends a stream in the middle", async () => {
    await using test = await openMod();
    const path = rpcs["speaker.streamAudio"].path;
    const headers = await send(test, grpcFrame(new Uint8Array()), { path, headers: { "grpc-timeout": "20m" } });
    expect(headers["grpc-status"]).toBe("4");
    await expectAlive(test);
  });

  it.each(["99999999H", "2147484S"])("that is as far away as %s changes nothing", async (timeout) => {
    await using test = await openMod({ faults: { latency: [{ rpc: "connection.ping", ms: 100 }] } });
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, answer } = client.request(pingPath, { "grpc-timeout": timeout });
    stream.end(grpcFrame(pingMessage));
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    for (let round = 0; round < 50; round++) await test.raw.unary(services.info.method.getServerInfo, {});
    await test.clock.advance(100);
    expect((await answer).headers["grpc-status"]).toBe("0");
  });
});

describe("an answer before the request is complete", () => {
  it("reaches a client that is still sending", async () => {
    await using test = await openMod({ faults: { absentBridges: ["microphone"] } });
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, answer } = client.request(rpcs["microphone.streamAudio"].path);
    stream.write(grpcFrame(new Uint8Array(10), 100_000));
    expect((await answer).headers).toMatchObject({
      "grpc-status": "14",
      "grpc-message": "Microphone bridge is not configured.",
    });
    await expectAlive(test);
  });

  it("leaves no open call when the requests have piled up that nobody read", async () => {
    await using test = await openMod({ faults: { hangs: ["microphone.streamAudio"] } });
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, answer } = client.request(rpcs["microphone.streamAudio"].path, { "grpc-timeout": "50m" });
    for (let count = 0; count < 64; count++) stream.write(grpcFrame(new Uint8Array(65_536)));
    expect((await answer).headers["grpc-status"]).toBe("4");
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
    await expectAlive(test);
  });
});

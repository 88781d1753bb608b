import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { services } from "@resoio/core";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { openProxy } from "../../testing/open-proxy.js";
import { callJson, rawRequest } from "../../testing/raw-request.js";
import type { ConnectedClient } from "../connected-client.js";
import { createProxy } from "../create-proxy.js";

const stockTransports: readonly { readonly name: string; readonly connect: (baseUrl: string) => Transport }[] = [
  { name: "Connect, binary", connect: (baseUrl) => createConnectTransport({ baseUrl, useBinaryFormat: true }) },
  { name: "Connect, JSON", connect: (baseUrl) => createConnectTransport({ baseUrl, useBinaryFormat: false }) },
  { name: "gRPC-Web", connect: (baseUrl) => createGrpcWebTransport({ baseUrl }) },
];

describe("curl", () => {
  it("pings with JSON", async () => {
    await using open = await openProxy();
    const { status, headers, text } = await callJson(open.url, "/resonite_io.v1.Connection/Ping", { message: "hello" });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(text)).toMatchObject({ message: "hello", serverUnixNanos: expect.stringMatching(/^\d{19}$/) });
  });

  it("lists worlds with JSON", async () => {
    await using open = await openProxy();
    const { text } = await callJson(open.url, "/resonite_io.v1.World/ListSessions", { minActiveUsers: 1 });
    const { sessions }: { sessions: { name: string }[] } = JSON.parse(text);
    expect(sessions.map(({ name }) => name)).toContain("Gallery");
  });

  it("gets an error as JSON, with the HTTP status that fits", async () => {
    await using open = await openProxy();
    const { status, text } = await callJson(open.url, "/resonite_io.v1.Cursor/SetPosition", { x: 7, y: 0 });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: "invalid_argument", message: expect.stringContaining("7") });
  });

  it("reaches another mod by its name", async () => {
    await using open = await openProxy();
    await using proxy = await createProxy({ upstreams: { "lab-2": open.mod.transport() }, port: 0 });
    const path = "/resonite_io.v1.Connection/Ping";
    expect((await callJson(proxy.url, `/engine/lab-2${path}`, { message: "hi" })).status).toBe(200);
    expect(await callJson(proxy.url, path)).toMatchObject({
      status: 404,
      text: expect.stringContaining("/engine/<name>"),
    });
  });
});

describe.each(stockTransports)("a stock client over $name", ({ connect }) => {
  it("makes unary calls", async () => {
    await using open = await openProxy();
    const { message } = await createClient(services.connection, connect(open.url)).ping({ message: "hello" });
    expect(message).toBe("hello");
  });

  it("reads a stream, and the call upstream ends when it leaves", async () => {
    await using open = await openProxy({ mock: { scenario: { display: { width: 64, height: 36 } } } });
    const frames: bigint[] = [];
    const leaving = new AbortController();
    const watching = createClient(services.camera, connect(open.url)).streamFrames({}, { signal: leaving.signal });
    for await (const { frameId } of watching) {
      if (frames.push(frameId) < 5) continue;
      // A stock client does not cancel the call when the loop is left.
      leaving.abort();
      break;
    }
    expect(frames).toHaveLength(5);
    await open.mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length === 1);
    expect(open.mod.engine.journal.calls("camera.streamFrames")[0]?.status).not.toBe("ok");
  });

  it("gets errors with their message and details", async () => {
    await using proxy = await createProxy({ port: 0, upstream: failing() });
    const client = createClient(services.connection, connect(proxy.url));
    const error = await failureOf(client.ping({}));
    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "not while the game paints" });
    expect(error.findDetails(StringValueSchema)).toMatchObject([{ value: "why" }]);
  });

  it("gets the error that ends a stream behind its messages", async () => {
    await using proxy = await createProxy({ port: 0, upstream: failing() });
    const samples: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const { samples: bytes } of createClient(services.speaker, connect(proxy.url)).streamAudio({})) {
        samples.push(bytes);
      }
    };
    const error = await failureOf(read());
    expect(samples).toHaveLength(2);
    expect(error).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "deaf" });
    expect(error.findDetails(StringValueSchema)).toMatchObject([{ value: "ears" }]);
  });

  it("sends headers to the mod and gets its headers and trailers, but nobody's secrets", async () => {
    const seen: Headers[] = [];
    await using proxy = await createProxy({ port: 0, upstream: echoingHeaders(seen) });
    let header = new Headers();
    let trailer = new Headers();
    await createClient(services.connection, connect(proxy.url)).ping(
      {},
      {
        headers: { "x-wish": "blue", "x-resoio-take-over": "true", cookie: "a=b", "proxy-wish": "red" },
        onHeader: (headers) => {
          header = headers;
        },
        onTrailer: (trailers) => {
          trailer = trailers;
        },
      },
    );
    expect(seen[0]?.get("x-wish")).toBe("blue");
    const names = [...(seen[0] ?? [])].map(([name]) => name);
    expect(names).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(x-resoio|cookie|proxy-|host)/)]));
    expect(header.get("x-answer")).toBe("42");
    expect(header.get("set-cookie")).toBeNull();
    expect(header.get("access-control-allow-origin")).toBeNull();
    expect(trailer.get("x-cost")).toBe("7");
  });

  it("has a deadline, which the mod learns of as well", async () => {
    await using open = await openProxy({ mock: { faults: { hangs: ["connection.ping"] } } });
    const client = createClient(services.connection, connect(open.url));
    // A time may be over before the call has come so far. Then it gets more.
    for (let timeoutMs = 50; open.mod.engine.journal.calls("connection.ping").length === 0; timeoutMs *= 2) {
      expect(await failureOf(client.ping({}, { timeoutMs }))).toMatchObject({ code: Code.DeadlineExceeded });
      await until(() => open.proxy.clients.length === 0);
    }
  });

  it("cancels a call, and the mod learns of it", async () => {
    await using open = await openProxy({ mock: { faults: { hangs: ["connection.ping"] } } });
    const cancel = new AbortController();
    const pinging = createClient(services.connection, connect(open.url)).ping({}, { signal: cancel.signal });
    await until(() => open.proxy.clients.some(({ counters }) => counters.openCalls === 1));
    cancel.abort();
    expect(await failureOf(pinging)).toMatchObject({ code: Code.Canceled });
    await open.mod.engine.until(({ journal }) => journal.calls("connection.ping").length === 1);
    expect(open.mod.engine.journal.calls("connection.ping")[0]?.status).toBe("Canceled");
    await until(() => open.proxy.clients.length === 0);
  });

  it("is told to use the WebSocket for a stream of requests", async () => {
    await using open = await openProxy();
    const transport = connect(open.url);
    const { drive } = services.locomotion.method;
    const driving = transport.stream(drive, undefined, undefined, undefined, nothing());
    const error = await failureOf(driving.then(async ({ message }) => await message[Symbol.asyncIterator]().next()));
    expect(error.rawMessage).toMatch(/use the WebSocket at \/ws|does not support|streaming/i);
    expect(open.mod.engine.journal.calls("locomotion.drive")).toEqual([]);
  });

  it("learns that the proxy is stopping", async () => {
    await using open = await openProxy({ mock: { faults: { hangs: ["connection.ping"] } } });
    const failure = failureOf(createClient(services.connection, connect(open.url)).ping({}));
    await until(() => open.proxy.clients.some(({ counters }) => counters.openCalls === 1));
    await open.proxy.stop({ drainMs: 0 });
    expect(await failure).toMatchObject({ code: Code.Unavailable, rawMessage: "the proxy is stopping" });
  });
});

describe("a binary call", () => {
  const path = "/resonite_io.v1.Connection/Ping";
  const headers = { "content-type": "application/proto" };

  it("carries the mod's bytes as they are, unknown fields included", async () => {
    await using open = await openProxy();
    const unknown = Uint8Array.of(0xfa, 0x3f, 3, 1, 2, 3);
    const body = Buffer.concat([
      toBinary(PingRequestSchema, { $typeName: PingRequestSchema.typeName, message: "hi" }),
      unknown,
    ]);
    const answer = await rawRequest(open.url, { method: "POST", path, headers, body });
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/proto" } });
    expect(fromBinary(PingResponseSchema, answer.body).message).toBe("hi");
  });

  it.each([
    ["a time that is none", { "connect-timeout-ms": "soon" }, 400, "invalid_argument"],
    ["compression", { "content-encoding": "gzip" }, 501, "unimplemented"],
  ])("with %s is refused", async (_, more, status, code) => {
    await using open = await openProxy();
    const answer = await rawRequest(open.url, { method: "POST", path, headers: { ...headers, ...more }, body: "" });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ code });
    expect(open.mod.engine.journal.calls("connection.ping")).toEqual([]);
  });

  it.each([
    ["GET", "/resonite_io.v1.Connection/Ping", 405],
    ["POST", "/resonite_io.v1.Connection/Pong", 404],
    ["POST", "/resonite_io.v1.constructor/__proto__", 404],
    ["POST", "/nothing", 404],
  ])("as %s %s is answered with %i", async (method, wrongPath, status) => {
    await using open = await openProxy();
    expect((await rawRequest(open.url, { method, path: wrongPath, headers })).status).toBe(status);
  });

  it("with a content type that nobody knows is answered with 415", async () => {
    await using open = await openProxy();
    const answer = await rawRequest(open.url, { method: "POST", path, headers: { "content-type": "text/plain" } });
    expect(answer.status).toBe(415);
  });
});

describe("a binary stream", () => {
  const path = "/resonite_io.v1.Camera/StreamFrames";
  const headers = { "content-type": "application/connect+proto" };

  it.each([
    ["nothing", Buffer.alloc(0), "invalid_argument"],
    ["half a prefix", Buffer.alloc(3), "invalid_argument"],
    ["a message shorter than it says", Buffer.from([0, 0, 0, 0, 9, 1]), "invalid_argument"],
    ["two messages", Buffer.alloc(10), "invalid_argument"],
    ["a compressed message", Buffer.from([1, 0, 0, 0, 0]), "unimplemented"],
  ])("that asks with %s ends with an error", async (_, body, code) => {
    await using open = await openProxy();
    const answer = await rawRequest(open.url, { method: "POST", path, headers, body });
    expect(answer.status).toBe(200);
    expect(answer.body[0]).toBe(2);
    expect(JSON.parse(answer.body.subarray(5).toString())).toMatchObject({ error: { code } });
    expect(open.mod.engine.journal.calls("camera.streamFrames")).toEqual([]);
  });

  it("goes on as often as the client has caught up", async () => {
    await using proxy = await createProxy({ port: 0, upstream: flooding() });
    const leaving = new AbortController();
    const transport = createConnectTransport({ baseUrl: proxy.url, useBinaryFormat: true });
    let count = 0;
    for await (const { pixels } of createClient(services.camera, transport).streamFrames(
      {},
      { signal: leaving.signal },
    )) {
      expect(pixels.byteLength).toBe(4_000_000);
      if (++count < 6) continue;
      leaving.abort();
      break;
    }
    await until(() => proxy.clients.length === 0);
  });

  it("of a client that does not read skips frames, and is dropped in the end", async () => {
    // Some are too many before anything else can happen.
    const upstream = flooding(3n);
    const gone = Promise.withResolvers<{ client: ConnectedClient; reason: string }>();
    await using proxy = await createProxy({
      port: 0,
      upstream,
      limits: { notReadingTimeoutMs: 200 },
      onClientDisconnect: (client, reason) => gone.resolve({ client, reason }),
    });
    const { hostname, port } = new URL(proxy.url);
    const sent = httpRequest({ host: hostname, port, method: "POST", path, headers, agent: false });
    sent.end(Buffer.alloc(5));
    const [response] = await once(sent, "response");
    response.pause();
    const { client, reason } = await gone.promise;
    sent.destroy();
    expect(reason).toBe("the client went away");
    // Only what fits into the sockets was sent; of the rest nothing waited.
    expect(client.counters.messagesOut).toBeLessThan(10);
    expect(client.counters.droppedFrames).toBeGreaterThan(0);
  });
});

/** Ends every ping, and every stream of sound, with an error that has details. */
function failing(): Transport {
  return createRouterTransport(({ rpc }) => {
    const details = (value: string) => [{ desc: StringValueSchema, value: { value } }];
    rpc(services.connection.method.ping, () => {
      throw new ConnectError("not while the game paints", Code.FailedPrecondition, undefined, details("why"));
    });
    rpc(services.speaker.method.streamAudio, async function* () {
      yield {};
      yield {};
      throw new ConnectError("deaf", Code.ResourceExhausted, undefined, details("ears"));
    });
  });
}

function echoingHeaders(seen: Headers[]): Transport {
  return createRouterTransport(({ rpc }) => {
    rpc(services.connection.method.ping, (_, context) => {
      seen.push(context.requestHeader);
      context.responseHeader.set("x-answer", "42");
      context.responseHeader.set("set-cookie", "mine=1");
      context.responseHeader.set("access-control-allow-origin", "*");
      context.responseTrailer.set("x-cost", "7");
      return {};
    });
  });
}

/** Sends pictures of 4 MB as fast as they are taken, so many in each turn of the event loop. */
function flooding(perTurn = 1n): Transport {
  return createRouterTransport(({ rpc }) => {
    rpc(services.camera.method.streamFrames, async function* () {
      const pixels = new Uint8Array(4_000_000);
      for (let frameId = 0n; ; frameId++) {
        yield { width: 1000, height: 1000, pixels, frameId };
        if (frameId % perTurn === 0n) await new Promise(setImmediate);
      }
    });
  });
}

async function* nothing(): AsyncGenerator<never> {}

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the call did not fail");
}

/** Waits until `isSo` holds. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

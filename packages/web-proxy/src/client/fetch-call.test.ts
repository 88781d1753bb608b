import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { Code, type Resonite, services } from "@resoio/core";
import { CameraFrameSchema, CameraStreamRequestSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { MessageAssembler } from "@resoio/core/internal";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callFailure, clientOf, collect, failureOf } from "../testing/client-fixtures.js";
import { endEnvelope, envelope } from "../testing/connect-envelopes.js";
import { openProxy } from "../testing/open-proxy.js";
import type { WebSocketTransportOptions } from "./index.js";

const runs = { numRuns: 200, seed: 20_261_121 };

describe("the camera over fetch", () => {
  it("is a Connect stream with the request, the token and the deadline", async () => {
    await using server = await serve((_, response) => finish(response));
    await using client = fetchingClient(server, { token: "abc.def" });
    const frames = collect(
      client.resonite.rpc.camera.streamFrames({ fpsLimit: 5 }, { timeoutMs: 60_000, headers: { "x-trace": "42" } }),
    );
    expect(await frames).toEqual([]);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", url: "/resonite_io.v1.Camera/StreamFrames" });
    expect(request?.headers).toMatchObject({
      "content-type": "application/connect+proto",
      "connect-protocol-version": "1",
      "connect-timeout-ms": "60000",
      authorization: "Bearer abc.def",
      "x-trace": "42",
    });
    const body = request?.body ?? Buffer.alloc(0);
    expect([...body.subarray(0, 5)]).toEqual([0, 0, 0, 0, body.byteLength - 5]);
    expect(fromBinary(CameraStreamRequestSchema, body.subarray(5)).fpsLimit).toBe(5);
  });

  it.each([
    ["/ws/second", "/engine/second/resonite_io.v1.Camera/StreamFrames"],
    ["/behind/ws", "/behind/resonite_io.v1.Camera/StreamFrames"],
    ["/behind/ws/second", "/behind/engine/second/resonite_io.v1.Camera/StreamFrames"],
  ])("is asked for at the right path for the url %s", async (path, asked) => {
    await using server = await serve((_, response) => finish(response));
    await using client = fetchingClient({ url: server.url + path });
    await collect(client.resonite.rpc.camera.streamFrames({}));
    expect(server.requests.map(({ url }) => url)).toEqual([asked]);
  });

  it("needs no WebSocket, and nothing else goes that way", async () => {
    await using open = await openProxy();
    await using client = fetchingClient(open);
    for await (const _ of client.resonite.camera.stream()) break;
    expect(open.proxy.clients.filter(({ kind }) => kind === "websocket")).toEqual([]);
    await client.resonite.connection.ping();
    expect(open.proxy.clients.filter(({ kind }) => kind === "websocket")).toHaveLength(1);
  });

  it("hands out messages however the response is cut", async () => {
    const messages = [frameOf(1n, 3), frameOf(2n, 0), frameOf(3n, 100_000)];
    const bytes = Buffer.concat([...messages.map((one) => envelope(0, one)), endEnvelope()]);
    await using server = await serve((_, response) => {
      begin(response);
      response.write(bytes.subarray(0, 2));
      setImmediate(() => {
        response.write(bytes.subarray(2, 9));
        setImmediate(() => response.end(bytes.subarray(9)));
      });
    });
    await using client = fetchingClient(server);
    const frames = await collect(client.resonite.rpc.camera.streamFrames({}));
    expect(frames.map(({ frameId, pixels }) => [frameId, pixels.byteLength])).toEqual([
      [1n, 3],
      [2n, 0],
      [3n, 100_000],
    ]);
  });

  it("hands over headers and trailers", async () => {
    await using server = await serve((_, response) => {
      response.setHeader("x-from", "mod");
      begin(response);
      response.end(endEnvelope({ metadata: { "x-cost": ["7"] } }));
    });
    await using client = fetchingClient(server);
    const seen: (string | null)[] = [];
    const camera = createClient(services.camera, client.transport);
    await collect(
      camera.streamFrames(
        {},
        {
          onHeader: (header) => seen.push(header.get("x-from")),
          onTrailer: (trailer) => seen.push(trailer.get("x-cost")),
        },
      ),
    );
    expect(seen).toEqual(["mod", "7"]);
  });

  it("stops reading while its reader does, so that the proxy is slowed down", async () => {
    const message = envelope(0, frameOf(1n, 1_000_000));
    let sent = 0;
    await using server = await serve((_, response) => {
      begin(response);
      const more = (): void => {
        do sent++;
        while (response.write(message) && sent < 1_000);
      };
      response.on("drain", more);
      more();
    });
    await using client = fetchingClient(server);
    const stream = client.resonite.rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    await stream.next();
    // What the network and the runtime hold is beyond us; it is far from a gigabyte.
    await server.untilStalled(() => sent);
    expect(sent).toBeLessThan(200);
    const before = sent;
    for (let read = 0; read < before + 3; read++) await stream.next();
    expect(sent).toBeGreaterThan(before);
  });

  it("is aborted on the proxy when its loop is left, and when the transport is closed", async () => {
    const gone: Promise<unknown>[] = [];
    const { promise: both, resolve } = Promise.withResolvers<void>();
    await using server = await serve((_, response) => {
      if (gone.push(once(response, "close")) === 2) resolve();
      begin(response);
      response.write(envelope(0, frameOf(1n, 0)));
    });
    await using client = fetchingClient(server);
    for await (const _ of client.resonite.camera.stream()) break;
    const stream = client.resonite.rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    await stream.next();
    await both;
    await client.transport.close();
    expect((await callFailure(stream.next())).code).toBe(Code.Canceled);
    await Promise.all(gone);
  });
});

describe("the camera over fetch fails", () => {
  it.each<[string, Answer, Code, string]>([
    [
      "as the end of the stream says",
      (_, response) => {
        begin(response);
        response.end(endEnvelope({ error: { code: "failed_precondition", message: "no game" } }));
      },
      Code.FailedPrecondition,
      "no game",
    ],
    [
      "as an error of Connect in the body says",
      (_, response) => {
        response.writeHead(403).end(JSON.stringify({ code: "permission_denied", message: "not you" }));
      },
      Code.PermissionDenied,
      "not you",
    ],
    [
      "as the status says without one",
      (_, response) => response.writeHead(401).end("who?"),
      Code.Unauthenticated,
      "who?",
    ],
    [
      "as the status says of a foreign host",
      (_, response) => response.writeHead(421).end(),
      Code.PermissionDenied,
      "421",
    ],
    ["for JSON that is no error", (_, response) => response.writeHead(503).end("{}"), Code.Unavailable, "503"],
    [
      "for a body without end",
      (_, response) => response.writeHead(500).write("x".repeat(100_000)),
      Code.Unknown,
      "HTTP 500: xxx",
    ],
    [
      "for a page",
      (_, response) => response.writeHead(200, { "content-type": "text/html" }).end(),
      Code.Unknown,
      "is it a resoio proxy?",
    ],
    [
      "when the connection breaks within a message",
      (_, response) => {
        begin(response);
        response.write(envelope(0, Buffer.alloc(5), 10), () => response.destroy());
      },
      Code.Unavailable,
      "Camera/StreamFrames",
    ],
    [
      "when the response ends without an end of the stream",
      (_, response) => {
        begin(response);
        response.end(envelope(0, frameOf(1n, 0)));
      },
      Code.Unavailable,
      "the connection to the proxy broke",
    ],
    [
      "for a compressed message",
      (_, response) => {
        begin(response);
        response.end(envelope(1, "x"));
      },
      Code.Internal,
      "compressed",
    ],
    [
      "for a message above the limit",
      (_, response) => {
        begin(response);
        response.end(envelope(0, "", 1_001));
      },
      Code.ResourceExhausted,
      "1001 bytes",
    ],
    [
      "for an end that is none",
      (_, response) => {
        begin(response);
        response.end(envelope(2, "[]"));
      },
      Code.Unknown,
      "invalid end stream",
    ],
  ])("%s", async (_, answer, code, text) => {
    await using server = await serve(answer);
    await using client = fetchingClient(server, { readMaxBytes: 1_000 });
    const error = await callFailure(collect(client.resonite.rpc.camera.streamFrames({})));
    expect(error.code).toBe(code);
    expect(error.rawMessage).toContain(text);
  });

  it("with Unavailable when nobody listens", async () => {
    const server = await serve(() => {});
    await server[Symbol.asyncDispose]();
    await using client = fetchingClient(server);
    const error = await callFailure(collect(client.resonite.rpc.camera.streamFrames({})));
    expect(error.code).toBe(Code.Unavailable);
  });

  it("with DeadlineExceeded and Canceled before there is an answer", async () => {
    await using server = await serve(() => {});
    await using client = fetchingClient(server);
    const { camera } = client.resonite.rpc;
    expect((await callFailure(collect(camera.streamFrames({}, { timeoutMs: 20 })))).code).toBe(Code.DeadlineExceeded);
    const controller = new AbortController();
    const failure = callFailure(collect(camera.streamFrames({}, { signal: controller.signal })));
    controller.abort();
    expect((await failure).code).toBe(Code.Canceled);
  });

  it("with what the function throws that finds the url", async () => {
    const problem = new Error("no config");
    await using client = fetchingClient({ url: "" }, { url: () => Promise.reject(problem) });
    const error = await callFailure(collect(client.resonite.rpc.camera.streamFrames({})));
    expect(error).toMatchObject({ code: Code.Unavailable, cause: problem });
  });

  it("as a real proxy says that does not let this client", async () => {
    await using open = await openProxy({ anonymousAccess: ["control"] });
    await using client = fetchingClient(open);
    expect((await callFailure(collect(client.resonite.rpc.camera.streamFrames({})))).code).toBe(Code.PermissionDenied);
  });
});

describe.each(["fetch", "websocket"] as const)("a real proxy over %s", (largeStreams) => {
  it("shows what the mod's camera shows", async () => {
    await using open = await openProxy();
    await using client = clientOf(open, { largeStreams });
    const shot = await client.resonite.camera.shot();
    expect(shot.pixels.byteLength).toBe(shot.width * shot.height * 4);
    expect(new Set(shot.pixels).size).toBeGreaterThan(10);
  });

  it("answers whether the mod has an RPC", async () => {
    await using open = await openProxy({ mock: { faults: { unimplemented: ["camera.streamFrames"] } } });
    await using client = clientOf(open, { largeStreams });
    expect(await client.resonite.supports("camera.streamFrames")).toBe(false);
    expect(await client.resonite.supports("connection.ping")).toBe(true);
  });
});

describe("MessageAssembler, for the envelopes of Connect", () => {
  it("takes out what was put in, however it is cut", () => {
    const any = fc.record({ flags: fc.constantFrom(0, 2, 4), data: fc.uint8Array({ maxLength: 60 }) });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), fc.array(fc.nat({ max: 20 }), { minLength: 1 }), (all, cuts) => {
        const bytes = new Uint8Array(Buffer.concat(all.map(({ flags, data }) => envelope(flags, data))));
        const found: { flags: number; data: Uint8Array }[] = [];
        const reader = new MessageAssembler(60);
        for (let offset = 0, turn = 0; offset < bytes.byteLength; turn++) {
          const length = Math.max(1, cuts[turn % cuts.length] ?? 1);
          reader.push(bytes.slice(offset, offset + length), (data, flags) => found.push({ flags, data }));
          offset += length;
        }
        expect(found).toEqual(all);
      }),
      runs,
    );
  });

  it("survives arbitrary bytes: they are envelopes, or a ConnectError", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (chunks) => {
        const reader = new MessageAssembler(50);
        const failures: unknown[] = [];
        let byteLength = 0;
        try {
          for (const chunk of chunks) reader.push(chunk, (data) => (byteLength += data.byteLength));
        } catch (error) {
          failures.push(error);
        }
        expect(byteLength).toBeLessThanOrEqual(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
        expect(failures.every((error) => error instanceof Error && error.name === "ConnectError")).toBe(true);
      }),
      runs,
    );
  });

  it("hands out an envelope within one chunk as a view of it", () => {
    const chunk = new Uint8Array(envelope(0, "abc"));
    const buffers: unknown[] = [];
    new MessageAssembler(10).push(chunk, ({ buffer: memory }) => buffers.push(memory));
    expect(buffers).toEqual([chunk.buffer]);
    expect(buffers[0]).toBe(chunk.buffer);
  });
});

it("a mod that does not know an RPC is told apart from a route that the proxy does not have", async () => {
  await using open = await openProxy();
  await using client = fetchingClient({ url: `${open.url}/ws/other` });
  expect(await failureOf(collect(client.resonite.rpc.camera.streamFrames({})))).toMatchObject({
    code: Code.Unimplemented,
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A server that writes down what it is asked and answers by hand. */
async function serve(answer: Answer) {
  const requests: Asked[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { method, url, headers } = request;
      requests.push({ method, url, headers, body });
      answer(request, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    /** Waits until a number has not changed for many turns of the event loop. */
    async untilStalled(value: () => number): Promise<void> {
      for (let turns = 0, before = -1; turns < 2_000; turns++) {
        if (value() !== before) turns = 0;
        before = value();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function fetchingClient(
  server: { readonly url: string },
  options: Partial<WebSocketTransportOptions> = {},
): ReturnType<typeof clientOf> & { readonly resonite: Resonite } {
  return clientOf(server, { largeStreams: "fetch", ...options });
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/connect+proto" });
}

function finish(response: ServerResponse): void {
  begin(response);
  response.end(endEnvelope());
}

function frameOf(frameId: bigint, pixelBytes: number): Uint8Array {
  return toBinary(CameraFrameSchema, create(CameraFrameSchema, { frameId, pixels: new Uint8Array(pixelBytes) }));
}

import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { text as readText } from "node:stream/consumers";
import { createRouterTransport } from "@connectrpc/connect";
import { type Logger, type ResoniteTransport, services } from "@resoio/core";
import { createMockMod } from "@resoio/mock-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { localhostCert, localhostKey } from "../testing/localhost-certificate.js";
import { type PlacedProxy, proxyPlaces } from "../testing/proxy-places.js";
import { callJson, rawRequest } from "../testing/raw-request.js";
import { tryWebSocket } from "../testing/try-websocket.js";
import { subprotocol } from "../wire/protocol.js";
import { createProxy } from "./create-proxy.js";
import type { CommonProxyOptions } from "./proxy-options.js";

const ping = "/resonite_io.v1.Connection/Ping";

let stack: AsyncDisposableStack;

beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(async () => {
  await stack.disposeAsync();
});

/** Answers pings when it is told to. */
function heldUpstream() {
  const hold = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const upstream: ResoniteTransport = createRouterTransport(({ rpc }) => {
    rpc(services.connection.method.ping, async () => {
      started.resolve();
      await hold.promise;
      return { message: "after all" };
    });
  });
  return { upstream, started: started.promise, answer: hold.resolve };
}

async function openSocket({ origin, path }: Omit<PlacedProxy, "proxy">): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace("http", "ws")}${path}/ws`, [subprotocol]);
  stack.defer(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

describe.each(proxyPlaces)("oracle 12: stopping a proxy on $place", ({ open: openAt }) => {
  const open = (options: CommonProxyOptions): Promise<PlacedProxy> => openAt(stack, options);

  /** Asks a proxy for the camera, whose frames have that many pixels, over plain HTTP. */
  async function watchCamera(width: number, height: number) {
    const mod = createMockMod({ scenario: { display: { width, height } } });
    stack.defer(() => mod.close());
    const opened = await open({ upstream: mod.transport() });
    const sent = httpRequest(`${opened.origin}${opened.path}/resonite_io.v1.Camera/StreamFrames`, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/connect+proto" },
    });
    sent.end(Buffer.alloc(5));
    const [response] = await once(sent, "response");
    return { opened, response };
  }

  it("closes WebSockets with 1001, and runs every hook of those who go before it resolves", async () => {
    const events: string[] = [];
    const hold = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { upstream, answer } = heldUpstream();
    const opened = await open({
      upstream,
      async onClientDisconnect({ kind }, reason) {
        events.push(`${kind} goes: ${reason}`);
        if (events.length === 3) asked.resolve();
        await hold.promise;
        events.push(`${kind} is gone`);
      },
    });
    const sockets = [await openSocket(opened), await openSocket(opened)];
    const closed = sockets.map((socket) => once(socket, "close"));
    const calling = callJson(opened.origin, opened.path + ping);
    while (opened.proxy.clients.length < 3) await new Promise(setImmediate);
    const stopping = opened.proxy.stop({ drainMs: 60_000 }).then(() => events.push("stopped"));
    answer();
    await asked.promise;
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    hold.resolve();
    await stopping;
    expect(events).toHaveLength(7);
    expect(events.slice(0, 3).toSorted()).toEqual([
      "http goes: the call is over",
      ...Array(2).fill("websocket goes: the proxy is stopping"),
    ]);
    expect(events.at(-1)).toBe("stopped");
    expect(opened.proxy.clients).toEqual([]);
    for (const [code, reason] of await Promise.all(closed)) {
      expect([code, String(reason)]).toEqual([1001, "the proxy is stopping"]);
    }
    expect((await calling).status).toBe(200);
  });

  it("ends calls that take too long, and tells them why", async () => {
    const { upstream, started } = heldUpstream();
    const opened = await open({ upstream });
    const calling = callJson(opened.origin, opened.path + ping);
    await started;
    await opened.proxy.stop({ drainMs: 1 });
    const { status, text } = await calling;
    expect([status, JSON.parse(text)]).toEqual([503, { code: "unavailable", message: "the proxy is stopping" }]);
  });

  it("hangs up on those who do not take their answer", async () => {
    const { opened, response } = await watchCamera(4_000, 2_000);
    const closed = new Promise<void>((resolve) => response.once("close", resolve));
    response.on("error", () => {});
    await opened.proxy.stop({ drainMs: 0 });
    response.resume();
    await closed;
    expect(response.complete).toBe(false);
  });

  it("does not wait for ever for a hook that never ends", async () => {
    const { upstream } = heldUpstream();
    const opened = await open({ upstream, onClientDisconnect: () => new Promise<void>(() => {}) });
    await openSocket(opened);
    await opened.proxy.stop({ drainMs: 0 });
    await opened.proxy.stopped;
  });

  it("lets calls come to an end, and begins no new ones", async () => {
    const { upstream, started, answer } = heldUpstream();
    const opened = await open({ upstream });
    const calling = callJson(opened.origin, opened.path + ping);
    await started;
    const stopping = opened.proxy.stop({ drainMs: 60_000 });
    // Either nobody listens any more, or the proxy says why not.
    const refused = await callJson(opened.origin, opened.path + ping).then(
      ({ status }) => status,
      ({ code }: NodeJS.ErrnoException) => code,
    );
    expect(refused).toBe(opened.path === "" ? "ECONNREFUSED" : 503);
    expect(await tryWebSocket(opened.origin, { path: `${opened.path}/ws` })).toBe(opened.path === "" ? 0 : 503);
    answer();
    expect(JSON.parse((await calling).text)).toEqual({ message: "after all" });
    await stopping;
  });

  it("may happen again and again, at once and later, and the shorter time counts", async () => {
    const { upstream, started } = heldUpstream();
    const opened = await open({ upstream });
    const calling = callJson(opened.origin, opened.path + ping);
    await started;
    const first = opened.proxy.stop({ drainMs: 3_600_000 });
    const second = opened.proxy.stop({ drainMs: 3_600_000 });
    await opened.proxy.stop({ drainMs: 0 });
    await Promise.all([first, second, opened.proxy.stopped]);
    expect((await calling).status).toBe(503);
    await opened.proxy.stop();
    await opened.proxy[Symbol.asyncDispose]();
  });

  it("gives a large answer the time to arrive", async () => {
    const { opened, response } = await watchCamera(1_000, 500);
    await once(response, "data");
    const stopping = opened.proxy.stop({ drainMs: 0 });
    let last = Buffer.alloc(0);
    for await (const chunk of response) last = Buffer.concat([last, chunk]).subarray(-200);
    await stopping;
    // The stream ends as the protocol wants it, behind whatever was under way.
    expect(String(last)).toContain(`"the proxy is stopping"`);
  });

  it("says so once, to whoever reads the log", async () => {
    const lines: string[] = [];
    const logger: Logger = { debug() {}, warn() {}, info: (line) => void lines.push(line) };
    const opened = await open({ upstream: heldUpstream().upstream, logger });
    await Promise.all([opened.proxy.stop(), opened.proxy.stop()]);
    expect(lines.filter((line) => line === "the proxy has stopped")).toHaveLength(1);
  });
});

describe("oracle 12: the port of a proxy", () => {
  const tls = { cert: localhostCert, key: localhostKey };
  /** Nobody is hung up on for being slow. */
  const limits = { headersTimeoutMs: 3_600_000, requestTimeoutMs: 3_600_000 };

  it.each<[string, CommonProxyOptions & { tls?: typeof tls }, (port: number) => Promise<unknown>]>([
    ["nobody", {}, async () => {}],
    ["a WebSocket", {}, (port) => openSocket({ origin: `http://127.0.0.1:${port}`, path: "" })],
    ["somebody who says nothing", {}, (port) => dial(port, "")],
    ["somebody who does not finish what he says", {}, (port) => dial(port, "POST / HTTP/1.1\r\nHost: a\r\n")],
    ["somebody who never gets to TLS", { tls }, (port) => dial(port, "")],
    ["a connection that is kept alive", {}, keepAlive],
  ])("is free when it resolves, with %s connected", async (_, options, connect) => {
    const mod = createMockMod();
    stack.defer(() => mod.close());
    const proxy = await createProxy({ upstream: mod.transport(), port: 0, limits, ...options });
    await connect(proxy.port);
    await proxy.stop();
    const server = createServer();
    server.listen({ host: "127.0.0.1", port: proxy.port });
    await once(server, "listening");
    server.close();
  });

  it("can be taken by the next proxy at once", async () => {
    const mod = createMockMod();
    stack.defer(() => mod.close());
    const first = await createProxy({ upstream: mod.transport(), port: 0 });
    const { port } = first;
    for (let round = 0; round < 10; round++) {
      const proxy = round === 0 ? first : await createProxy({ upstream: mod.transport(), port, strictPort: true });
      expect((await rawRequest(proxy.url, { path: "/healthz" })).status).toBe(200);
      await proxy.stop();
    }
  });

  async function dial(port: number, words: string): Promise<Socket> {
    const socket = connectSocket(port, "127.0.0.1");
    socket.on("error", () => {});
    stack.defer(() => void socket.destroy());
    await once(socket, "connect");
    socket.write(words);
    // The proxy has seen it when it has answered somebody who came later.
    await once(connectSocket(port, "127.0.0.1").end("?\r\n\r\n").resume(), "close").catch(() => {});
    return socket;
  }

  async function keepAlive(port: number): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    stack.defer(() => agent.destroy());
    const sent = httpRequest(`http://127.0.0.1:${port}/healthz`, { agent });
    sent.end();
    const [response] = await once(sent, "response");
    await readText(response);
  }
});

import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect as connectSocket } from "node:net";
import { text as readText } from "node:stream/consumers";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { InvalidOptionsError, type Logger, type ResoniteTransport, services } from "@resoio/core";
import { createMockMod, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { localhostCert, localhostKey } from "../testing/localhost-certificate.js";
import { openProxy } from "../testing/open-proxy.js";
import { callJson, rawRequest } from "../testing/raw-request.js";
import { tryWebSocket } from "../testing/try-websocket.js";
import { subprotocol } from "../wire/protocol.js";
import { createProxy } from "./create-proxy.js";
import type { ProxyOptions } from "./proxy-options.js";

const ping = "/resonite_io.v1.Connection/Ping";

describe("a proxy", () => {
  it("carries calls to a mod on a socket", async () => {
    await using mod = await startMockServer();
    await using proxy = await createProxy({
      upstream: createUdsTransport({ socketPath: mod.socketPath }),
      ownsUpstreams: true,
      port: 0,
    });
    const transport = createConnectTransport({ baseUrl: proxy.url, useBinaryFormat: true });
    expect((await createClient(services.connection, transport).ping({ message: "hello" })).message).toBe("hello");
    const leaving = new AbortController();
    const watching = createClient(services.camera, transport).streamFrames({}, { signal: leaving.signal });
    for await (const { pixels, width, height } of watching) {
      expect(pixels.byteLength).toBe(width * height * 4);
      // A stock client does not cancel the call when the loop is left.
      leaving.abort();
      break;
    }
    await mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length === 1);
    const health = JSON.parse((await rawRequest(proxy.url, { path: "/healthz" })).text);
    expect(health).toEqual({ status: "ok", upstreams: { default: "connected" } });
  });

  it("says that a mod is not there, and finds it when it is", async () => {
    await using mod = await startMockServer();
    const { socketPath } = mod;
    let path = `${socketPath}-nowhere`;
    await using proxy = await createProxy({
      upstream: createUdsTransport({ socketPath: () => path }),
      ownsUpstreams: true,
      port: 0,
    });
    const { status, text } = await callJson(proxy.url, ping);
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ code: "unavailable" });
    path = socketPath;
    expect((await callJson(proxy.url, ping)).status).toBe(200);
  });

  it("speaks TLS when it has a certificate", async () => {
    await using open = await openProxy({ tls: { cert: localhostCert, key: localhostKey } });
    expect(open.url).toMatch(/^https:/);
    const sent = httpsRequest(`${open.url}/healthz`, {
      ca: localhostCert,
      agent: false,
      headers: { origin: open.url },
    });
    sent.end();
    const [response] = await once(sent, "response");
    expect([response.statusCode, JSON.parse(await readText(response)).status]).toEqual([200, "ok"]);
    // A page without TLS on the same port is another origin.
    const foreign = httpsRequest(`${open.url}/healthz`, {
      ca: localhostCert,
      agent: false,
      headers: { origin: open.url.replace("https", "http") },
    });
    foreign.end();
    const [refused] = await once(foreign, "response");
    expect(refused.statusCode).toBe(403);
  });
});

describe("options that cannot be are refused:", () => {
  const upstream: ResoniteTransport = createRouterTransport(() => {});

  it.each<[string, ProxyOptions, RegExp]>([
    ["no upstream", {}, /nothing to serve/],
    ["no upstream among names", { upstreams: {} }, /nothing to serve/],
    ["two for the same name", { upstream, upstreams: { default: upstream } }, /the same/],
    ["a port that is none", { upstream, port: 65_536 }, /port/],
    ["half a port", { upstream, port: 1.5 }, /port/],
    ["a secret that is short", { upstream, tokenSecret: "short" }, /5 bytes/],
    ["a limit of nothing", { upstream, limits: { maxSockets: 0 } }, /limits\.maxSockets/],
    ["a limit that is no number", { upstream, limits: { headersTimeoutMs: Number.NaN } }, /limits\.headersTimeoutMs/],
    ["a limit of the WebSockets", { upstream, limits: { maxCalls: -1 } }, /limits\.maxCalls/],
    ["a certificate that is none", { upstream, tls: { cert: "a", key: "b" } }, /certificate/],
  ])("%s", async (_, options, says) => {
    await expect(createProxy({ port: 0, ...options })).rejects.toThrow(InvalidOptionsError);
    await expect(createProxy({ port: 0, ...options })).rejects.toThrow(says);
  });
});

describe("stopping", () => {
  it("closes the upstreams only when told that they are its own", async () => {
    const closed: string[] = [];
    const upstream = (name: string): ResoniteTransport => ({
      ...createRouterTransport(() => {}),
      async [Symbol.asyncDispose]() {
        closed.push(name);
      },
    });
    const borrowing = await createProxy({ upstream: upstream("borrowed"), port: 0 });
    await borrowing.stop();
    expect(closed).toEqual([]);
    const owning = await createProxy({
      upstreams: { a: upstream("a"), b: upstream("b") },
      ownsUpstreams: true,
      port: 0,
    });
    await owning.stop();
    await owning.stop();
    expect(closed).toEqual(["a", "b"]);
  });
});

describe("clients", () => {
  it("are listed, told of when they come and go, and can be closed", async () => {
    const events: string[] = [];
    await using open = await openProxy({
      mock: { faults: { hangs: ["connection.ping"] } },
      onClientConnect: ({ id }) => void events.push(`${id} came`),
      onClientDisconnect: async ({ id, counters }, reason) =>
        void events.push(`${id} went: ${reason}, ${counters.calls}`),
    });
    const calling = callJson(open.url, ping);
    const socket = new WebSocket(`${open.url.replace("http", "ws")}/ws`, [subprotocol]);
    await once(socket, "open");
    while (open.proxy.clients.length < 2) await new Promise(setImmediate);
    const [http] = open.proxy.clients.filter(({ kind }) => kind === "http");
    const [ws] = open.proxy.clients.filter(({ kind }) => kind === "websocket");
    expect(http).toMatchObject({ id: "http-1", address: "127.0.0.1", upstream: "default", name: undefined });
    expect([...(ws?.access ?? [])]).toEqual(["observe", "control"]);
    http?.close("you are in the way");
    expect(JSON.parse((await calling).text)).toEqual({ code: "unavailable", message: "you are in the way" });
    const closed = once(socket, "close");
    ws?.close("you too");
    expect(String((await closed)[1])).toBe("you too");
    while (events.length < 4) await new Promise(setImmediate);
    expect(open.proxy.clients).toEqual([]);
    expect(events.toSorted()).toEqual([
      "http-1 came",
      expect.stringMatching(/^http-1 went: the call is over, 1$/),
      expect.stringMatching(/^ws-1 came$/),
      expect.stringMatching(/^ws-1 went: you too, 0$/),
    ]);
  });

  it.each([
    [
      "throw",
      () => {
        throw new Error("hook");
      },
    ],
    ["reject", () => Promise.reject(new Error("hook"))],
    ["never end", () => new Promise<void>(() => {})],
  ])("do not notice hooks that %s", async (how, onClientConnect) => {
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (message) => void warnings.push(message) };
    await using open = await openProxy({ onClientConnect, onClientDisconnect: onClientConnect, logger });
    expect((await callJson(open.url, ping)).status).toBe(200);
    expect(await tryWebSocket(open.url)).toBe(101);
    while (open.proxy.clients.length > 0) await new Promise(setImmediate);
    if (how === "never end") return;
    while (warnings.length < 4) await new Promise(setImmediate);
    expect(warnings.toSorted()).toEqual([
      "onClientConnect failed: Error: hook",
      "onClientConnect failed: Error: hook",
      "onClientDisconnect failed: Error: hook",
      "onClientDisconnect failed: Error: hook",
    ]);
  });

  it("are gone when their connection breaks in the middle of a pipeline", async () => {
    const mod = createMockMod({ faults: { hangs: ["connection.ping"] } });
    await using proxy = await createProxy({ upstream: mod.transport(), port: 0 });
    const socket = connectSocket(proxy.port, "127.0.0.1");
    const call = `POST ${ping} HTTP/1.1\r\nHost: 127.0.0.1:${proxy.port}\r\nContent-Type: application/proto\r\nContent-Length: 0\r\n\r\n`;
    socket.write(call.repeat(5));
    while (proxy.clients.length < 5) await new Promise(setImmediate);
    socket.destroy();
    while (proxy.clients.length > 0) await new Promise(setImmediate);
    await mod.engine.until(({ journal }) => journal.calls("connection.ping").length === 5);
    await mod.close();
  });
});

describe("health and metrics", () => {
  it("tell how the mods are, to those who may use them", async () => {
    await using open = await openProxy({ anonymousAccess: [] });
    const answer = await rawRequest(open.url, { path: "/healthz" });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { status: "ok" }]);
    expect((await rawRequest(open.url, { path: "/healthz", method: "POST" })).status).toBe(405);
  });

  it("count calls, messages and clients, also of those who are gone", async () => {
    await using open = await openProxy();
    for (let call = 0; call < 3; call++) await callJson(open.url, ping, { message: "hello" });
    await callJson(open.url, "/resonite_io.v1.Auth/Login");
    await callJson(open.url, "/resonite_io.v1.Nothing/Here");
    while (open.proxy.clients.length > 0) await new Promise(setImmediate);
    const { status, headers, text } = await rawRequest(open.url, { path: "/metrics" });
    expect([status, headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    expect(text).toContain(`resoio_proxy_calls_total{upstream="default",rpc="connection.ping",code="ok"} 3`);
    expect(text).toContain(`resoio_proxy_clients_total{kind="http"} 4`);
    expect(text).toContain(`resoio_proxy_messages_in_total{kind="http",upstream="default"} 3`);
    expect(text).toContain(`resoio_proxy_bytes_in_total{kind="http",upstream="default"} 21`);
    expect(text).toMatch(/resoio_proxy_unary_seconds_count\{rpc="connection.ping"\} 3/);
  });

  it("count what was refused, by the reason alone", async () => {
    await using open = await openProxy();
    await rawRequest(open.url, { headers: { origin: "https://evil.example" } });
    await tryWebSocket(open.url, { headers: { origin: "https://evil.example" } });
    await rawRequest(open.url, { headers: { host: "evil.example" } });
    const { text } = await rawRequest(open.url, { path: "/metrics" });
    expect(text).toContain(`resoio_proxy_refusals_total{status="403"} 2`);
    expect(text).toContain(`resoio_proxy_refusals_total{status="421"} 1`);
    expect(text).not.toContain("evil");
  });

  it("are two proxies' own, in one program", async () => {
    await using one = await openProxy();
    await using other = await openProxy();
    await callJson(one.url, ping);
    expect((await rawRequest(one.url, { path: "/metrics" })).text).toContain(`rpc="connection.ping"`);
    expect((await rawRequest(other.url, { path: "/metrics" })).text).not.toContain(`rpc="connection.ping"`);
  });
});

it("a call that also asks for an upgrade that nobody knows, as Java's client does, is a call", async () => {
  await using open = await openProxy();
  const upgrade = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQ" };
  expect(await callJson(open.url, ping, { message: "hello" }, upgrade)).toMatchObject({
    status: 200,
    text: expect.stringContaining("hello"),
  });
});

describe("what is no call", () => {
  it.each([
    ["GET", "/ws", 426],
    ["GET", "/ws/default", 426],
    ["GET", "/ws/nothing", 404],
    ["GET", "/", 404],
    ["POST", "/", 404],
    ["GET", "http://example.org/", 400],
    ["GET", "*", 400],
  ])("is answered: %s %s with %i", async (method, path, status) => {
    await using open = await openProxy();
    expect((await rawRequest(open.url, { method, path })).status).toBe(status);
  });

  it("has headers that keep browsers from doing harm with it", async () => {
    await using open = await openProxy();
    for (const path of ["/", "/healthz", "/metrics", ping]) {
      expect((await rawRequest(open.url, { path })).headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
      });
    }
  });
});

it("a stock client is told that it needs a token", async () => {
  await using open = await openProxy({ anonymousAccess: [] });
  const client = createClient(services.connection, createConnectTransport({ baseUrl: open.url }));
  await expect(client.ping({})).rejects.toMatchObject({ code: Code.Unauthenticated });
});

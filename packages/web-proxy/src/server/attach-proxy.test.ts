import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectSocket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { InvalidOptionsError, type Logger } from "@resoio/core";
import { createMockMod, type MockMod } from "@resoio/mock-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { connectProxy } from "../client/index.js";
import { joinInstance, listInstances, resolveWorld } from "../instances/index.js";
import { localhostCert } from "../testing/localhost-certificate.js";
import { type OpenServer, type OpenServerOptions, openServer } from "../testing/open-server.js";
import { callJson, rawRequest } from "../testing/raw-request.js";
import { tryWebSocket } from "../testing/try-websocket.js";
import { askWorld } from "../testing/world-request.js";
import { worldKey } from "../testing/world-vectors.js";
import { subprotocol } from "../wire/protocol.js";
import { createToken } from "./access/tokens.js";
import { type AttachOptions, attachProxy } from "./attach-proxy.js";
import type { AttachedProxy } from "./web-proxy.js";
import { createWorldIdentity } from "./world/world-identity.js";

const ping = "/resonite_io.v1.Connection/Ping";
const path = "/some/path";
const tokenSecret = "a secret of more than thirty-two bytes";

let stack: AsyncDisposableStack;
let mod: MockMod;

beforeEach(() => {
  stack = new AsyncDisposableStack();
  mod = stack.use(createMockMod({ scenario: { openWorlds: [{ name: "Lab", accessLevel: "Anyone" }] } }));
});
afterEach(async () => {
  await stack.disposeAsync();
});

/** Somebody's server, which ends after the proxies on it. */
function ownersServer(options?: OpenServerOptions): OpenServer {
  return stack.use(openServer(options));
}

async function attach(owner: OpenServer, options: Partial<AttachOptions> = {}): Promise<AttachedProxy> {
  return stack.use(await attachProxy(owner.server, { upstream: mod.transport(), path, ...options }));
}

/** A WebSocket of whatever kind; resolves when it is open. */
async function openSocket(url: string, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
  stack.defer(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

describe("a proxy on somebody else's server", () => {
  it.each(["before", "after"])("is put there %s the server listens", async (when) => {
    const owner = ownersServer();
    if (when === "after") await owner.listen();
    const proxy = await attach(owner);
    if (when === "before") {
      expect(proxy.url).toBeUndefined();
      await owner.listen();
    }
    expect(proxy.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/some\/path\/$/);
    expect(proxy.path).toBe("/some/path/");
    await using resonite = await connectProxy({ url: proxy.url ?? "" });
    expect((await resonite.connection.ping("hello")).message).toBe("hello");
    expect(owner.requests).toEqual([]);
  });

  it("has all that a proxy has, under its path", async () => {
    const folder = await mkdtemp(join(tmpdir(), "resoio-attach-"));
    stack.defer(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "index.html"), "<h1>home</h1>");
    const owner = ownersServer();
    const url = await owner.listen();
    const identity = createWorldIdentity(await worldKey(), {
      slug: "world",
      name: "Lab",
      addresses: ["lab.example/w"],
    });
    await attach(owner, { staticDirectory: folder, world: { identities: [identity] } });
    expect((await callJson(url, path + ping, { message: "hi" })).text).toContain("hi");
    expect((await callJson(url, `${path}/engine/default${ping}`)).status).toBe(200);
    expect((await rawRequest(url, { path: `${path}/healthz` })).text).toContain(`"ok"`);
    expect((await rawRequest(url, { path: `${path}/metrics?a=b` })).text).toContain("resoio_proxy_calls_total");
    expect((await rawRequest(url, { path: `${path}/` })).text).toBe("<h1>home</h1>");
    expect((await rawRequest(url, { path: `${path}/../../secret` })).status).toBe(404);
    expect((await rawRequest(url, { path: `${path}/ws` })).status).toBe(426);
    expect(await tryWebSocket(url, { path: `${path}/ws/default` })).toBe(101);
    expect(await tryWebSocket(url, { path: `${path}/nothing` })).toBe(404);
    const asked = await askWorld(url, `${path}/public/me.virmesh.world.resolveWorld`, { address: "lab.example/w" });
    expect(asked.payload.manifest.endpoint).toBe(`${url}${path}/`);
    expect(owner.requests).toEqual([]);
  });

  it("has a world whose instances lead to its path", async () => {
    const owner = ownersServer();
    await owner.listen();
    const world = createWorldIdentity(await worldKey(), { slug: "world", name: "Lab" });
    const { url: server } = await attach(owner, { world: { identities: [world] } });
    const [instance] = await listInstances(await resolveWorld(world.worldId, { server }));
    expect(instance?.worldProtocols[0]?.information).toMatchObject({
      uri: `${server?.replace("http", "ws")}ws/${instance?.id}`,
    });
    await using resonite = await joinInstance(world.worldId, { server });
    expect((await resonite.world.getCurrent())?.name).toBe("Lab");
  });

  it("carries large streams of pages too, which are requests of their own", async () => {
    const owner = ownersServer();
    await owner.listen();
    const proxy = await attach(owner);
    await using resonite = await connectProxy({ url: proxy.url ?? "", largeStreams: "fetch" });
    for await (const { frameId } of resonite.camera.stream()) {
      expect(frameId).toBeTypeOf("bigint");
      break;
    }
  });

  it("leads whoever forgets the slash to where relative addresses are right", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    await attach(owner);
    const answer = await rawRequest(url, { path: `${path}?a=b` });
    expect(answer).toMatchObject({ status: 308, headers: { location: "path/?a=b" } });
    expect(new URL("path/?a=b", `${url}${path}`).pathname).toBe(`${path}/`);
  });

  it("speaks TLS where the server does", async () => {
    const owner = ownersServer({ tls: true });
    const url = await owner.listen();
    const proxy = await attach(owner);
    expect(proxy.url).toBe(`${url}${path}/`);
    const sent = httpsRequest(`${url}${path}/healthz`, { ca: localhostCert, agent: false, headers: { origin: url } });
    sent.end();
    const [response] = await once(sent, "response");
    expect([response.statusCode, await readText(response)]).toEqual([200, expect.stringContaining("ok")]);
  });

  it("is reached at a Unix domain socket as well, with a token", async () => {
    const owner = ownersServer();
    const folder = await mkdtemp(join(tmpdir(), "resoio-attach-"));
    stack.defer(() => rm(folder, { recursive: true }));
    const socketPath = join(folder, "http.sock");
    await owner.listen({ path: socketPath });
    const proxy = await attach(owner, { tokenSecret });
    expect(proxy.url).toBeUndefined();
    const authorization = `Bearer ${await createToken({ secret: tokenSecret, access: ["observe"] })}`;
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const options = { socketPath, path: path + ping, method: "POST", agent: false };
      const sent = httpRequest({ ...options, headers: { "content-type": "application/json", ...headers } });
      sent.end("{}");
      const [response] = await once(sent, "response");
      response.resume();
      return response.statusCode;
    };
    expect(await ask({ host: "localhost", authorization })).toBe(200);
    // Whoever passes requests on to a socket passes them on from anywhere.
    expect(await ask({ host: "localhost" })).toBe(401);
    expect(await ask({ host: "evil.example", authorization })).toBe(421);
  });

  it.each(["", "path", "/a//b", "/a/../b", "/a/.", "/a?b", "/a b", "/a%20b", "/a#b", "//"])(
    "cannot be at %j",
    async (wrong) => {
      await expect(attach(ownersServer(), { path: wrong })).rejects.toThrow(InvalidOptionsError);
    },
  );

  it.each(["/", "/a", "/a/", "/some/path.of-mine/x_~1"])("can be at %j", async (right) => {
    const owner = ownersServer();
    const url = await owner.listen();
    await attach(owner, { path: right });
    expect((await rawRequest(url, { path: `${right.replace(/\/$/, "")}/healthz` })).status).toBe(200);
  });
});

describe("what is not the proxy's", () => {
  it.each(["/", "/some", "/some/pathology", "/some/pat", "/SOME/path/", "/other?x=/some/path/"])(
    "stays its owner's: %s",
    async (other) => {
      const owner = ownersServer();
      const url = await owner.listen();
      await attach(owner);
      const answer = await rawRequest(url, { path: other, headers: { host: "any.example", origin: "http://evil" } });
      expect(answer).toMatchObject({ status: 200, text: "the owner's" });
      expect(answer.headers["x-frame-options"]).toBeUndefined();
      expect(owner.requests).toEqual([`GET ${other}`]);
    },
  );

  it("stays so for listeners that come later, which get nothing of the proxy's", async () => {
    const owner = ownersServer({ answer: () => {} });
    const url = await owner.listen();
    await attach(owner);
    owner.server.on("request", (_, response) => response.end("late"));
    owner.server.prependListener("request", (_, response) => response.setHeader("x-early", "1"));
    expect(await rawRequest(url, { path: "/x" })).toMatchObject({ text: "late", headers: { "x-early": "1" } });
    const ours = await rawRequest(url, { path: `${path}/healthz` });
    expect([ours.status, ours.headers["x-early"]]).toEqual([200, undefined]);
    expect(owner.requests).toEqual(["GET /x"]);
  });

  it("includes its own WebSockets, which do not refuse ours", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const sockets = new WebSocketServer({ server: owner.server, path: "/live" });
    sockets.on("connection", (socket) => socket.send("live"));
    await attach(owner);
    const live = new WebSocket(`${url.replace("http", "ws")}/live`);
    stack.defer(() => live.terminate());
    expect(String((await once(live, "message"))[0])).toBe("live");
    expect(await tryWebSocket(url, { path: `${path}/ws` })).toBe(101);
    // What nobody has, its server refuses as before.
    expect(await tryWebSocket(url, { path: "/nothing" })).toBe(400);
  });

  it.each([
    ["GET", "", "the owner's"],
    ["POST", "abc", "the owner'sabc"],
  ])("includes requests for an upgrade that nobody knows: %s", async (method, body, text) => {
    const owner = ownersServer();
    const url = await owner.listen();
    await attach(owner);
    const upgrade = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQ" };
    const headers = { ...upgrade, "content-length": String(body.length) };
    expect(await rawRequest(url, { method, path: "/x", body, headers })).toMatchObject({ status: 200, text });
    // And ours are calls as every other.
    const call = { ...upgrade, "content-type": "application/json", "content-length": "2" };
    expect((await rawRequest(url, { method: "POST", path: path + ping, body: "{}", headers: call })).status).toBe(200);
    expect(owner.requests).toEqual([`${method} /x`]);
  });

  it("includes bodies that wait for a word first", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const asked: string[] = [];
    owner.server.on("checkContinue", (request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(417).end();
    });
    await attach(owner);
    expect((await callJson(url, path + ping, {}, { expect: "100-continue" })).status).toBe(200);
    expect((await callJson(url, "/x", {}, { expect: "100-continue" })).status).toBe(417);
    expect(asked).toEqual(["/x"]);
  });
});

describe("several proxies on one server", () => {
  it("have each its own path, of which the longest that fits counts", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const other = stack.use(createMockMod());
    await attach(owner, { path: "/a" });
    await attach(owner, { path: "/a/b", upstream: other.transport() });
    await callJson(url, `/a/b${ping}`);
    expect([mod, other].map(({ engine }) => engine.journal.calls("connection.ping").length)).toEqual([0, 1]);
    await callJson(url, `/a${ping}`);
    expect(mod.engine.journal.calls("connection.ping")).toHaveLength(1);
  });

  it("cannot have the same path", async () => {
    const owner = ownersServer();
    await attach(owner, { path: "/a" });
    await expect(attach(owner, { path: "/a/" })).rejects.toThrow(/there is a proxy at \/a\//);
    // On another server it is another path.
    await attach(ownersServer(), { path: "/a" });
  });

  it("stop one without the other", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const first = await attach(owner, { path: "/a" });
    await attach(owner, { path: "/b" });
    const socket = await openSocket(`${url}/b/ws`, [subprotocol]);
    await first.stop();
    expect((await rawRequest(url, { path: "/a/healthz" })).text).toBe("the owner's");
    expect((await rawRequest(url, { path: "/b/healthz" })).status).toBe(200);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe("a proxy that is taken off a server", () => {
  it("leaves everything as it was", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const { emit } = owner.server;
    const countListeners = (): number[] =>
      owner.server.eventNames().map((event) => owner.server.listenerCount(String(event)));
    const before = countListeners();
    const proxy = await attach(owner);
    await proxy.stop();
    expect(owner.server.emit).toBe(emit);
    expect(countListeners()).toEqual(before);
    expect(owner.server.listening).toBe(true);
    expect((await rawRequest(url, { path: `${path}/healthz` })).text).toBe("the owner's");
    // And can be put there again.
    await attach(owner);
    expect((await rawRequest(url, { path: `${path}/healthz` })).text).toContain("ok");
  });

  it("leaves those alone who have put themselves in front of it", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const proxy = await attach(owner);
    const seen: unknown[] = [];
    const { emit } = owner.server;
    const value = (...event: readonly unknown[]): unknown => {
      seen.push(event[0]);
      return Reflect.apply(emit, owner.server, event);
    };
    Object.defineProperty(owner.server, "emit", { value });
    await proxy.stop();
    expect((await rawRequest(url, { path: `${path}/healthz` })).text).toBe("the owner's");
    expect(seen).toContain("request");
  });

  it("leaves the connections that are its owner's, also those over which it was asked", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    const sockets = new WebSocketServer({ noServer: true });
    owner.server.on("upgrade", (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (opened) => opened.on("message", (text) => opened.send(text)));
    });
    const proxy = await attach(owner);
    const theirs = await openSocket(`${url}/theirs`);
    const kept = connectSocket(Number(new URL(url).port), "127.0.0.1");
    stack.defer(() => void kept.destroy());
    const ask = async (target: string): Promise<string> => {
      kept.write(`GET ${target} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`);
      return String((await once(kept, "data"))[0]);
    };
    expect(await ask(`${path}/healthz`)).toContain(`"ok"`);
    await proxy.stop();
    expect(await ask("/x")).toContain("the owner's");
    theirs.send("still here");
    expect(String((await once(theirs, "message"))[0])).toBe("still here");
  });
});

describe("who comes to a proxy on somebody else's server", () => {
  it("by a name that is not ours, or from a page that is not, is refused", async () => {
    const owner = ownersServer();
    const url = await owner.listen();
    await attach(owner, { allowHosts: ["stage.example"], allowOrigins: ["https://stage.example"] });
    const statusFor = async (headers: Record<string, string>): Promise<number> =>
      (await callJson(url, path + ping, {}, headers)).status;
    expect(await statusFor({ host: "evil.example" })).toBe(421);
    expect(await statusFor({ origin: "http://evil.example" })).toBe(403);
    expect(await statusFor({ origin: url })).toBe(200);
    expect(await statusFor({ host: "stage.example", origin: "https://stage.example" })).toBe(401);
    const upgrade = { path: `${path}/ws` };
    expect(await tryWebSocket(url, { ...upgrade, headers: { origin: "http://evil.example" } })).toBe(403);
    expect(await tryWebSocket(url, { ...upgrade, headers: { host: "evil.example" } })).toBe(421);
    expect(mod.engine.journal.calls("connection.ping")).toHaveLength(1);
  });

  it.skipIf(otherAddress === undefined)("from elsewhere is refused, unless there are tokens and TLS", async () => {
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (message) => void warnings.push(message) };
    const address = otherAddress ?? "";
    const owner = ownersServer();
    const here = await owner.listen({ host: "0.0.0.0", port: 0 });
    const there = here.replace("127.0.0.1", address);
    await attach(owner, { path: "/open", allowHosts: [address], logger });
    await attach(owner, { path: "/token", allowHosts: [address], logger, tokenSecret });
    expect(warnings).toEqual(Array(2).fill(expect.stringContaining("they are refused")));
    const authorization = `Bearer ${await createToken({ secret: tokenSecret, access: ["observe"] })}`;
    for (const at of ["/open", "/token"]) {
      expect(await callJson(there, at + ping, {}, { authorization })).toMatchObject({
        status: 403,
        text: expect.stringContaining("only with tokens (tokenSecret) and over TLS"),
      });
      expect((await rawRequest(there, { path: `${at}/healthz` })).status).toBe(403);
      expect(await tryWebSocket(there, { path: `${at}/ws`, headers: { authorization } })).toBe(403);
    }
    expect(mod.engine.journal.calls("connection.ping")).toHaveLength(0);
    expect((await callJson(here, `/open${ping}`)).status).toBe(200);

    const secure = ownersServer({ tls: true });
    const safe = (await secure.listen({ host: "0.0.0.0", port: 0 })).replace("127.0.0.1", address);
    await attach(secure, { allowHosts: [address], tokenSecret, logger });
    expect(warnings).toHaveLength(2);
    const sent = httpsRequest(`${safe}${path}/metrics`, {
      ca: localhostCert,
      servername: "localhost",
      agent: false,
      headers: { authorization },
    });
    sent.end();
    expect((await once(sent, "response"))[0].statusCode).toBe(200);
    await attach(secure, { path: "/open", allowHosts: [address], logger });
    const refused = httpsRequest(`${safe}/open/healthz`, { ca: localhostCert, servername: "localhost", agent: false });
    refused.end();
    expect((await once(refused, "response"))[0].statusCode).toBe(403);
    expect(warnings).toHaveLength(3);
  });

  it("is warned of when a server listens for everybody after the proxy was put there", async () => {
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (message) => void warnings.push(message) };
    const owner = ownersServer();
    await attach(owner, { logger });
    expect(warnings).toEqual([]);
    await owner.listen({ host: "0.0.0.0", port: 0 });
    expect(warnings).toEqual([expect.stringContaining("listens on 0.0.0.0")]);
  });
});

/** An address of this machine by which others may reach it. */
const otherAddress = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.family === "IPv4" && !found.internal)?.address;

import { once } from "node:events";
import { createServer } from "node:net";
import { Code, InvalidOptionsError } from "@resoio/core";
import { Access } from "@resoio/core/gen/resoio/access/v1/access_pb";
import { afterEach, describe, expect, it, vi } from "vitest";
import { callFailure, clientOf, failureOf, pong } from "../testing/client-fixtures.js";
import { FakeWebSocket } from "../testing/fake-web-socket.js";
import { openProxy } from "../testing/open-proxy.js";
import { frame, messageFrame, ScriptedProxy, types } from "../testing/scripted-proxy.js";
import { createWebSocketTransport } from "./index.js";

describe("opening", () => {
  it.each([
    ["", undefined, "/ws"],
    ["/", undefined, "/ws"],
    ["/ws", undefined, "/ws"],
    ["/ws/second", undefined, "/ws/second"],
    ["/behind/something/", undefined, "/behind/something/ws"],
    ["/behind/ws/second/", undefined, "/behind/ws/second"],
    ["/ws?key=1", "ws:", "/ws?key=1"],
  ])("asks for the right path when the url ends in %j", async (path, scheme, asked) => {
    await using proxy = await ScriptedProxy.start();
    const url = scheme === undefined ? proxy.url : proxy.url.replace("http:", scheme);
    await using client = clientOf({ url: url + path });
    await client.transport.open();
    expect(proxy.upgrades.map(({ url }) => url)).toEqual([asked]);
  });

  it("offers the protocol, and the token beside it", async () => {
    await using proxy = await ScriptedProxy.start();
    await using anonymous = clientOf(proxy);
    await anonymous.transport.open();
    await using known = clientOf(proxy, { token: "abc.DEF-1_2" });
    await known.transport.open();
    expect(proxy.upgrades.map(({ headers }) => headers["sec-websocket-protocol"])).toEqual([
      "resoio.v1",
      "resoio.v1, resoio.token.abc.DEF-1_2",
    ]);
  });

  it("asks for url and token anew for each connection", async () => {
    await using proxy = await ScriptedProxy.start();
    let count = 0;
    const url = async () => `${proxy.url}/ws/${++count}`;
    await using client = clientOf(proxy, { url, token: () => (count === 1 ? "" : `token-${count}`) });
    await client.transport.open();
    (await proxy.peer(0)).socket.terminate();
    for await (const { state } of client.transport.status()) if (state === "idle") break;
    await client.transport.open();
    expect(proxy.upgrades.map(({ url, headers }) => [url, headers["sec-websocket-protocol"]])).toEqual([
      ["/ws/1", "resoio.v1"],
      ["/ws/2", "resoio.v1, resoio.token.token-2"],
    ]);
  });

  it("happens with the first call, which waits for the HELLO", async () => {
    await using proxy = await ScriptedProxy.start({ hello: false });
    await using client = clientOf(proxy);
    const answers = [client.resonite.connection.ping("a"), client.resonite.connection.ping("b")];
    const peer = await proxy.peer();
    expect(peer.frames).toEqual([]);
    peer.hello();
    await peer.next(types.halfClose, 2);
    peer.send(...pong(1), ...pong(2));
    await Promise.all(answers);
    expect(proxy.upgrades).toHaveLength(1);
  });

  it("tells what the client may do", async () => {
    await using proxy = await ScriptedProxy.start({
      hello: { access: [Access.OBSERVE, Access.ADMIN, Access.UNSPECIFIED] },
    });
    await using client = clientOf(proxy);
    expect(await client.transport.access()).toEqual(["observe", "admin"]);
  });

  it("can be aborted and given a time limit, and goes on for others", async () => {
    await using proxy = await ScriptedProxy.start({ hello: false });
    await using client = clientOf(proxy);
    const reason = new Error("changed my mind");
    const aborted = await callFailure(client.transport.open({ signal: AbortSignal.abort(reason) }));
    expect(aborted).toMatchObject({ code: Code.Canceled, cause: reason });
    expect(proxy.upgrades).toEqual([]);
    expect((await callFailure(client.transport.open({ timeoutMs: 20 }))).code).toBe(Code.DeadlineExceeded);
    const patient = client.transport.open();
    (await proxy.peer()).hello();
    await patient;
  });
});

describe("opening fails", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("with Unavailable when nobody listens", async () => {
    const proxy = await ScriptedProxy.start();
    const { url } = proxy;
    await proxy.stop();
    await using client = clientOf({ url });
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("is the proxy running?");
  });

  it("with DeadlineExceeded when there is never a HELLO", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket, connectTimeoutMs: 5_000 });
    const failure = callFailure(client.transport.open());
    await vi.advanceTimersByTimeAsync(4_999);
    expect(FakeWebSocket.latest.closedWith).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    const error = await failure;
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(error.rawMessage).toContain("no HELLO within 5000 ms");
    expect(FakeWebSocket.latest.closedWith).toMatchObject({ code: 1000 });
  });

  it("with DeadlineExceeded when the handshake is never answered", async () => {
    await using server = createServer((socket) => socket.on("error", () => {}).resume());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    await using client = clientOf({ url: `ws://127.0.0.1:${address.port}` }, { connectTimeoutMs: 50 });
    expect((await callFailure(client.transport.open())).code).toBe(Code.DeadlineExceeded);
  });

  it.each([
    [401, Code.Unauthenticated],
    [403, Code.PermissionDenied],
    [404, Code.NotFound],
    [421, Code.PermissionDenied],
    [503, Code.Unavailable],
    [500, Code.Unknown],
    [426, Code.Unavailable],
  ])("with what HTTP %i means, and what the proxy says about it", async (status, code) => {
    const said: (string | undefined)[] = [];
    await using proxy = await ScriptedProxy.start({
      onUpgrade: (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`),
      onRequest: (request, response) => {
        said.push(request.headers.authorization);
        response.writeHead(status).end(JSON.stringify({ code: "internal", message: "this is the reason" }));
      },
    });
    await using client = clientOf(proxy, { token: "secret-token" });
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(code);
    if (status !== 426) expect(error.rawMessage).toContain(`HTTP ${status}: this is the reason`);
    expect(error.message).not.toContain("secret-token");
    // More than once for 421, as HTTP wants it.
    expect(new Set(said)).toEqual(new Set(["Bearer secret-token"]));
  });

  it("with Unavailable, not as if it refused this page, when the proxy is just starting", async () => {
    const asked: (string | undefined)[] = [];
    await using proxy = await ScriptedProxy.start({
      onUpgrade: (_, socket) => socket.destroy(),
      onRequest: ({ method }, response) => {
        if (asked.push(method) === 1) response.destroy();
        else response.writeHead(426).end();
      },
    });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("no WebSocket can be opened");
    expect(asked).toHaveLength(3);
  });

  it("with PermissionDenied when the proxy does not show this page what it answers", async () => {
    let asked = 0;
    await using proxy = await ScriptedProxy.start({
      onUpgrade: (_, socket) => socket.destroy(),
      onRequest: (_, response) => {
        // The second request is the one that may not be read anyway.
        if (++asked % 2 === 1) response.destroy();
        else response.end();
      },
    });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.PermissionDenied);
    expect(error.rawMessage).toContain("--allow-origin");
  });

  it("with Unknown when a web site answers", async () => {
    await using proxy = await ScriptedProxy.start({
      onUpgrade: (_, socket) => socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello"),
      onRequest: (_, response) => response.end("<html>"),
    });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.Unknown);
    expect(error.rawMessage).toContain("is it the address of a resoio proxy?");
  });

  it.each([
    ["another protocol", "chat"],
    ["none", false],
  ] as const)("with Unavailable when the other end chooses %s", async (_, subprotocol) => {
    await using proxy = await ScriptedProxy.start({ subprotocol });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("it does not speak resoio.v1");
  });

  it.each([
    ["something else than HELLO", frame(types.ping, 0), 4400],
    ["a HELLO that belongs to a call", frame(types.hello, 1), 4403],
    ["a HELLO that is none", frame(types.hello, 0, Buffer.from([0xff])), 4400],
    ["a HELLO with too much credit", frame(types.hello, 0, Buffer.from([0x20, 0xff, 0xff, 0xff, 0xff, 0x0f])), 4402],
    ["a frame that is none", Buffer.from("hello world"), 4400],
    ["a message for a call", messageFrame(1, Buffer.alloc(0)), 4400],
  ])("with Unknown and a close code when the first is %s", async (_, bytes, closeCode) => {
    await using proxy = await ScriptedProxy.start({ hello: false, onPeer: ({ socket }) => socket.send(bytes) });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.Unknown);
    const { code, reason } = await (await proxy.peer()).closed;
    expect(code).toBe(closeCode);
    expect(reason).not.toBe("");
  });

  it("when the proxy closes at once, with its reason", async () => {
    await using proxy = await ScriptedProxy.start({
      hello: false,
      onPeer: ({ socket }) => socket.close(4401, "the token is no longer valid"),
    });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.code).toBe(Code.Unauthenticated);
    expect(error.rawMessage).toContain("the token is no longer valid");
  });

  it("with the breach, when it comes in one message with the HELLO", async () => {
    await using proxy = await ScriptedProxy.start({
      hello: false,
      onPeer: (peer) => peer.send(frame(types.hello, 0), frame(types.end, 9)),
    });
    await using client = clientOf(proxy);
    const error = await callFailure(client.transport.open());
    expect(error.rawMessage).toContain("broke the protocol: a frame came for call 9");
    expect((await (await proxy.peer()).closed).code).toBe(4403);
  });

  it("with a token that cannot be sent, and does not show it", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = clientOf(proxy, { token: () => "se cret" });
    const error = await failureOf(client.transport.open());
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(String(error)).not.toContain("se cret");
    expect(proxy.upgrades).toEqual([]);
  });

  it("with what the function throws that finds the url", async () => {
    const problem = new Error("no config");
    await using client = clientOf({ url: "" }, { url: () => Promise.reject(problem) });
    expect(await failureOf(client.transport.open())).toBe(problem);
    expect(await callFailure(client.resonite.connection.ping())).toMatchObject({
      code: Code.Unavailable,
      cause: problem,
    });
  });
});

describe("a real proxy refuses", () => {
  it("a token that is forged", async () => {
    await using open = await openProxy({ tokenSecret: "x".repeat(64) });
    await using client = clientOf(open, { token: "a.b.c" });
    expect((await callFailure(client.transport.open())).code).toBe(Code.Unauthenticated);
  });

  it("an upstream that it has not", async () => {
    await using open = await openProxy();
    await using client = clientOf({ url: `${open.url}/ws/other` });
    expect((await callFailure(client.transport.open())).code).toBe(Code.NotFound);
  });
});

describe("createWebSocketTransport throws at once", () => {
  it.each([
    ["a url that is none", { url: "not a url" }],
    ["a relative url outside of a page", { url: "/ws" }],
    ["another scheme", { url: "ftp://example.org" }],
    ["a user in the url", { url: "ws://me:secret@example.org" }],
    ["a token that cannot be sent", { token: "with space" }],
    ["no time to connect", { connectTimeoutMs: 0 }],
    ["a time that is no number", { connectTimeoutMs: Number.NaN }],
    ["a window of nothing", { receiveWindowBytes: 0 }],
    ["a window above what credit can be", { receiveWindowBytes: 2 ** 31 }],
    ["a limit below 0", { readMaxBytes: -1 }],
    ["a heartbeat without a pause", { keepAlive: { intervalMs: 0 } }],
    ["a heartbeat that waits longer than timers can", { keepAlive: { timeoutMs: 2 ** 31 } }],
  ])("for %s", (_, options) => {
    expect(() => createWebSocketTransport({ url: "ws://127.0.0.1", ...options })).toThrow(InvalidOptionsError);
  });

  it("without the secrets that were given", () => {
    expect(() => createWebSocketTransport({ url: "ws://127.0.0.1", token: "se cret" })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("se cret") }),
    );
  });
});

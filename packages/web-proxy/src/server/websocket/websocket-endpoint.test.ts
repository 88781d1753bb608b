import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Code } from "@connectrpc/connect";
import { InvalidOptionsError, rpcs } from "@resoio/core";
import { Access } from "@resoio/core/gen/resoio/access/v1/access_pb";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
  frame,
  halfCloseFrame,
  messageFrame,
  openFrame,
  RawWebSocketClient,
  type RawWebSocketClientOptions,
} from "../../testing/raw-websocket-client.js";
import { serveWebSockets } from "../../testing/serve-websockets.js";
import { TestClock } from "../../testing/test-clock.js";
import { frameTypes } from "../../wire/protocol.js";
import { createWebSocketEndpoint } from "./websocket-endpoint.js";

const bytes = (...values: number[]) => Uint8Array.from(values);
/** What the clock of a test shows at first. */
const startUnixMs = Number(new TestClock().unixNanos() / 1_000_000n);
const longestTimerMs = 2 ** 31 - 1;
const denied = { status: 403, message: "not from there" };

describe("the WebSocket endpoint", () => {
  describe("refuses over HTTP", () => {
    it.each([
      ["a path that is none", "/", 404, /it is at \/ws/],
      ["a path that goes on", "/ws/a/b", 404, /it is at \/ws/],
      ["a path that cannot be decoded", "/ws/%ff", 404, /it is at \/ws/],
      ["an unknown upstream", "/ws/nobody", 404, /no upstream "nobody"/],
    ])("%s", async (_, path, status, body) => {
      await using serving = await serveWebSockets();

      const refusal = await refused(serving.url + path);

      expect(refusal.status).toBe(status);
      expect(refusal.body).toMatch(body);
    });

    it.each([
      ["no subprotocol", []],
      ["only another version", ["resoio.v2", "resoio.token.abc"]],
    ])("a client that offers %s, and says what is spoken here", async (_, protocols) => {
      await using serving = await serveWebSockets();

      const refusal = await refused(`${serving.url}/ws`, { protocols });

      expect(refusal.status).toBe(400);
      expect(refusal.body).toContain("resoio.v1");
    });

    it.each([401, 403, 421])("whom authorize refuses with %i, with its sentence", async (status) => {
      await using serving = await serveWebSockets({ authorize: async () => ({ status, message: "not you" }) });

      const refusal = await refused(`${serving.url}/ws`);

      expect(refusal).toMatchObject({ status, body: "not you\n" });
      expect(refusal.challenge).toBe(status === 401 ? "Bearer" : undefined);
    });

    it("before it says whether there is such an upstream", async () => {
      await using serving = await serveWebSockets({ authorize: () => denied });

      expect((await refused(`${serving.url}/ws/nobody`)).status).toBe(403);
    });

    it.each([
      [
        "throws",
        () => {
          throw new Error("database password: hunter2");
        },
      ],
      [
        "rejects",
        async () => {
          throw new Error("database password: hunter2");
        },
      ],
    ])("when authorize %s, without telling why", async (_, authorize) => {
      const warnings: string[] = [];
      await using serving = await serveWebSockets({ authorize, logger: loggerInto(warnings) });

      const refusal = await refused(`${serving.url}/ws`);

      expect(refusal.status).toBe(500);
      expect(refusal.body).not.toContain("hunter2");
      expect(warnings).toEqual([expect.stringContaining("hunter2")]);
    });

    it("when authorize takes too long", async () => {
      const asked = Promise.withResolvers<void>();
      await using serving = await serveWebSockets({
        limits: { authorizeTimeoutMs: 3_000 },
        authorize: () => {
          asked.resolve();
          return new Promise(() => {});
        },
      });

      const refusal = refused(`${serving.url}/ws`);
      await asked.promise;
      serving.clock.advance(3_000);

      expect(await refusal).toMatchObject({ status: 503, body: expect.stringContaining("too long") });
    });

    it("what is no WebSocket handshake", async () => {
      await using serving = await serveWebSockets();
      const socket = connect({ port: Number(new URL(serving.url).port), host: "127.0.0.1" });
      socket.write(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Protocol: resoio.v1\r\n\r\n",
      );

      expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
    });

    it("one connection too many, and takes one again when another has gone", async () => {
      await using serving = await serveWebSockets({ limits: { maxConnections: 2 } });
      const first = await serving.connect();
      await serving.connect();

      expect(await refused(`${serving.url}/ws`)).toMatchObject({ status: 503, body: expect.stringContaining("2") });

      first.socket.close();
      await first.closed;
      await serving.disconnected("ws-1");
      await serving.connect();
    });

    it("one too many also while others are still being authorised", async () => {
      const asked = Promise.withResolvers<void>();
      const granted = Promise.withResolvers<{ access: ReadonlySet<never> }>();
      await using serving = await serveWebSockets({
        limits: { maxConnections: 1 },
        authorize: () => {
          asked.resolve();
          return granted.promise;
        },
      });
      const first = serving.connect();
      await asked.promise;

      expect(await refused(`${serving.url}/ws`)).toMatchObject({ status: 503 });

      granted.resolve({ access: new Set() });
      await first;
    });
  });

  it("forgets a client that is lost while it is being authorised", async () => {
    const asked = Promise.withResolvers<void>();
    const granted = Promise.withResolvers<{ access: ReadonlySet<never> }>();
    const connected: string[] = [];
    await using serving = await serveWebSockets({
      limits: { maxConnections: 1 },
      authorize: () => {
        asked.resolve();
        return granted.promise;
      },
      onConnect: (client) => void connected.push(client.id),
    });
    const lost = new RawWebSocketClient(`${serving.url}/ws`);
    await asked.promise;
    const [socket] = serving.sockets;
    if (socket === undefined) throw new Error("nobody has connected");
    socket.destroy(new Error("the network is gone"));
    await lost.closed;
    granted.resolve({ access: new Set() });

    await serving.connect();

    expect(connected).toEqual(["ws-1"]);
  });

  it("throws for limits that are none", () => {
    const options = { authorize: () => denied, gateFor: () => undefined };

    expect(() => createWebSocketEndpoint({ ...options, limits: { maxCalls: 0 } })).toThrow(InvalidOptionsError);
    expect(() => createWebSocketEndpoint({ ...options, limits: { idleTimeoutMs: 2 ** 31 } })).toThrow(
      /limits.idleTimeoutMs/,
    );
  });

  describe("a client that is let in", () => {
    it("gets the subprotocol that it offered, and no token back", async () => {
      await using serving = await serveWebSockets();

      const client = await serving.connect({ protocols: ["resoio.token.abc", "resoio.v2", "resoio.v1"] });

      expect(client.socket.protocol).toBe("resoio.v1");
      expect(client.socket.extensions).toBe("");
    });

    it("first gets a HELLO, with its rights and limits", async () => {
      await using serving = await serveWebSockets({
        authorize: () => ({ access: new Set(["control", "secret"]) }),
        limits: { maxCalls: 7, maxMessageBytes: 1_000, receiveWindowBytes: 5_000 },
      });

      const client = await serving.connect();
      client.send(frame(frameTypes.ping, 0));
      await client.next(frameTypes.pong);

      expect(client.frames.map(({ type, callId }) => [type, callId])).toEqual([
        [frameTypes.hello, 0],
        [frameTypes.pong, 0],
      ]);
      expect(client.hello).toMatchObject({
        access: [Access.CONTROL, Access.SECRET],
        maxCalls: 7,
        maxMessageBytes: 1_000,
        sendCredit: 5_000,
        connectionId: "ws-1",
      });
    });

    it("is known to the gate and to the endpoint's owner as who it is", async () => {
      await using serving = await serveWebSockets({
        authorize: () => ({ access: new Set(["observe"]), name: "tablet" }),
        defaultUpstream: "main",
      });
      const client = await serving.connect();
      const other = await serving.connect({ path: "/ws/other?x=1" });
      client.send(openFrame(1));
      await serving.gate.started();
      other.send(openFrame(1));
      await serving.gate.started(1);

      const known = serving.gate.calls.map((call) => call.client);

      expect([...serving.endpoint.clients]).toEqual(known);
      expect(known).toMatchObject([
        { id: "ws-1", kind: "websocket", name: "tablet", address: "127.0.0.1", upstream: "main" },
        { id: "ws-2", kind: "websocket", name: "tablet", address: "127.0.0.1", upstream: "other" },
      ]);
      expect([...(known[0]?.access ?? [])]).toEqual(["observe"]);
    });

    it("is closed by its handle, with the reason", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      const [handle] = serving.endpoint.clients;

      handle?.close("the operator wants the avatar for himself");

      expect(await client.closed).toEqual({ code: 1000, reason: "the operator wants the avatar for himself" });
      expect(serving.endpoint.clients.size).toBe(0);
    });

    it.each([
      ["ASCII", "x".repeat(200), "x".repeat(123)],
      ["characters of several bytes", "ö".repeat(100), "ö".repeat(61)],
      ["characters of two code units", "🙂".repeat(100), "🙂".repeat(30)],
      ["half a character", "\ud83d", "\ufffd"],
    ])("is told as much of a long reason as fits: %s", async (_, reason, expected) => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      const [handle] = serving.endpoint.clients;

      handle?.close(reason);

      expect((await client.closed).reason).toBe(expected);
    });

    it("is closed with 4401 at the moment at which its token expires", async () => {
      await using serving = await serveWebSockets({
        authorize: () => ({ access: new Set(), expiresAt: startUnixMs + 60_000 }),
        limits: { heartbeatIntervalMs: 100_000 },
      });
      const client = await serving.connect();

      serving.clock.advance(59_999);
      await client.answered();
      serving.clock.advance(1);

      expect(await client.closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token") });
    });

    it("stays until its token expires also when that is longer away than a timer can wait", async () => {
      const monthMs = 30 * 24 * 3_600_000;
      const clock = new StrictClock();
      await using serving = await serveWebSockets({
        authorize: () => ({ access: new Set(), expiresAt: startUnixMs + monthMs }),
        limits: { heartbeatIntervalMs: longestTimerMs, idleTimeoutMs: longestTimerMs },
        clock,
      });
      const client = await serving.connect();
      client.send(openFrame(1));
      await serving.gate.started();

      clock.advance(monthMs / 2);
      await client.answered();
      clock.advance(monthMs / 2 - 1);
      await client.answered();
      clock.advance(1);

      expect(await client.closed).toMatchObject({ code: 4401 });
    });
  });

  it("leaves nothing scheduled behind, neither for those who were refused nor for those who have gone", async () => {
    let isOpen = true;
    await using serving = await serveWebSockets({
      authorize: () => (isOpen ? { access: new Set(), expiresAt: startUnixMs + 60_000 } : denied),
    });
    const client = await serving.connect();
    client.send(openFrame(1, { path: rpcs["locomotion.drive"].path }), openFrame(2));
    await serving.gate.started(1);
    isOpen = false;
    await refused(`${serving.url}/ws`);
    expect(serving.clock.taskCount).toBeGreaterThan(0);

    client.socket.close();
    await serving.disconnected("ws-1");

    expect(serving.clock.taskCount).toBe(0);
  });

  describe("tells its owner", () => {
    it("of each client once when it comes and once when it goes, with the reason", async () => {
      const events: string[] = [];
      await using serving = await serveWebSockets({
        onConnect: ({ id }) => void events.push(`${id} came`),
        onDisconnect: ({ id }, { code, message }) => void events.push(`${id} went: ${code} ${message}`),
      });
      const polite = await serving.connect();
      const rude = await serving.connect();
      const wrong = await serving.connect();

      polite.socket.close(1000, "good night");
      await serving.disconnected("ws-1");
      rude.socket.terminate();
      await serving.disconnected("ws-2");
      wrong.sendBytes("text");
      await wrong.closed;
      await serving.endpoint.close();

      expect(events).toEqual([
        "ws-1 came",
        "ws-2 came",
        "ws-3 came",
        'ws-1 went: 1000 the client closed the connection: "good night"',
        "ws-2 went: 1006 the connection was lost",
        "ws-3 went: 4400 text messages are no part of the protocol",
      ]);
    });

    it("of the disconnect only when it is through with the connect", async () => {
      const events: string[] = [];
      const greeted = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      await using serving = await serveWebSockets({
        async onConnect() {
          events.push("connecting");
          await greeted.promise;
          events.push("connected");
        },
        onDisconnect() {
          events.push("disconnected");
          gone.resolve();
        },
      });
      const client = await serving.connect();
      client.socket.close();
      await client.closed;
      greeted.resolve();
      await gone.promise;

      expect(events).toEqual(["connecting", "connected", "disconnected"]);
    });

    it.each([
      [
        "throws",
        () => {
          throw new Error("hook is broken");
        },
      ],
      [
        "rejects",
        async () => {
          throw new Error("hook is broken");
        },
      ],
    ])("and goes on when that %s", async (_, hook) => {
      const warnings: string[] = [];
      await using serving = await serveWebSockets({
        onConnect: hook,
        onDisconnect: hook,
        logger: loggerInto(warnings),
      });
      const client = await serving.connect();
      await client.answered();
      client.socket.close();
      await serving.disconnected("ws-1");
      await (await serving.connect()).answered();

      expect(warnings.slice(0, 2)).toEqual([
        "onConnect failed: Error: hook is broken",
        "onDisconnect failed: Error: hook is broken",
      ]);
    });

    it("so early that it can send the client away", async () => {
      await using serving = await serveWebSockets({ onConnect: (client) => client.close("not today") });

      const client = new RawWebSocketClient(`${serving.url}/ws`);

      expect(await client.closed).toEqual({ code: 1000, reason: "not today" });
      expect(await serving.disconnected("ws-1")).toBe("1000 not today");
    });
  });

  describe("that is being closed", () => {
    it("closes clients without calls at once, with 1001 and the reason", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();

      await serving.endpoint.close("the game is over");

      expect(await client.closed).toEqual({ code: 1001, reason: "the game is over" });
    });

    it("refuses new connections", async () => {
      await using serving = await serveWebSockets();
      await serving.endpoint.close("the game is over");

      expect(await refused(`${serving.url}/ws`)).toMatchObject({ status: 503, body: "the game is over\n" });
    });

    it("refuses those that it was authorising", async () => {
      const asked = Promise.withResolvers<void>();
      const granted = Promise.withResolvers<{ access: ReadonlySet<never> }>();
      await using serving = await serveWebSockets({
        authorize: () => {
          asked.resolve();
          return granted.promise;
        },
      });
      const refusal = refused(`${serving.url}/ws`);
      await asked.promise;
      const closed = serving.endpoint.close();
      granted.resolve({ access: new Set() });
      await closed;

      expect(await refusal).toMatchObject({ status: 503 });
    });

    it("lets calls come to their end, with all their data, and takes no new ones", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), messageFrame(1, bytes(1)));
      const call = await serving.gate.started();

      const closed = serving.endpoint.close("the game is over", { drainMs: 10_000 });
      client.send(openFrame(2), messageFrame(2, bytes(1)), halfCloseFrame(2));
      expect(await client.endOf(2)).toMatchObject({ code: Code.Unavailable, message: "the game is over" });
      expect(call.isOver).toBe(false);
      call.announce();
      call.emit(bytes(1, 2, 3));
      call.end();
      await closed;

      expect(serving.gate.calls).toHaveLength(1);
      expect(client.framesOf(frameTypes.data, 1).map(({ payload }) => [...payload])).toEqual([
        [0, 0, 0, 0, 3, 1, 2, 3],
      ]);
      expect(await client.codeOf(1)).toBe(0);
      expect(await client.closed).toEqual({ code: 1001, reason: "the game is over" });
    });

    it("cancels what is left after the time to drain", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();

      const closed = serving.endpoint.close("the game is over", { drainMs: 8_000 });
      serving.clock.advance(7_999);
      await client.answered();
      expect(call.isOver).toBe(false);
      serving.clock.advance(1);
      await closed;

      expect(call.cancelledWith).toMatchObject({ code: Code.Canceled });
      expect(await client.closed).toMatchObject({ code: 1001 });
    });

    it("waits no longer when it is told again with less time", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1));
      await serving.gate.started();
      const closed = serving.endpoint.close();

      await serving.endpoint[Symbol.asyncDispose]();
      await closed;

      expect(await client.closed).toMatchObject({ code: 1001 });
    });

    it("destroys the sockets of clients that do not answer the close", async () => {
      await using serving = await serveWebSockets({ limits: { closeTimeoutMs: 2_000 } });
      const client = await serving.connect();
      client.socket.pause();

      const closed = serving.endpoint.close();
      serving.clock.advance(2_000);
      await closed;

      expect(serving.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    });
  });

  it("logs who comes and goes, one line each, and nothing that a client sent as a token", async () => {
    const lines: string[] = [];
    await using serving = await serveWebSockets({ logger: { debug: log, info: log, warn: log } });
    function log(line: string): void {
      lines.push(line);
    }
    await refused(`${serving.url}/ws/nobody`, { protocols: ["resoio.v1", "resoio.token.s3cret"] });
    const client = await serving.connect({ protocols: ["resoio.v1", "resoio.token.s3cret"] });
    client.send(openFrame(1), messageFrame(1, bytes(1)));
    await serving.gate.started();
    client.socket.close();
    await serving.disconnected("ws-1");

    expect(lines).toEqual([
      'refused a WebSocket of 127.0.0.1: 404 this proxy has no upstream "nobody"',
      "client ws-1 has come from 127.0.0.1",
      "client ws-1 is gone: the client closed the connection (1005)",
    ]);
  });
});

/** A clock with timers like the real ones. */
class StrictClock extends TestClock {
  override schedule(delayMs: number, task: () => void): () => void {
    if (delayMs > longestTimerMs) throw new Error(`no timer can wait ${delayMs} ms`);
    return super.schedule(delayMs, task);
  }
}

function loggerInto(warnings: string[]) {
  return { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
}

/** Tries to open a WebSocket and resolves to the HTTP answer. */
async function refused(url: string, { protocols = ["resoio.v1"] }: RawWebSocketClientOptions = {}) {
  const socket = new WebSocket(url, [...protocols]);
  socket.on("error", () => {});
  socket.on("open", () => socket.terminate());
  const [request, response] = await once(socket, "unexpected-response");
  const body = await text(response);
  request.destroy();
  return {
    status: Number(response.statusCode),
    body,
    challenge: response.headers["www-authenticate"],
  };
}

import { getEventListeners, once } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { addAbortSignal } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  Code,
  type ConnectionStatus,
  createReconnectPolicy,
  type Logger,
  neverReconnect,
  type ReconnectContext,
  type ReconnectPolicy,
  Resonite,
} from "@resoio/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect, createUdsTransport, type UdsTransport, type UdsTransportOptions } from "./index.js";
import { builtLibrary, runScript } from "./testing/child-process.js";
import { collect } from "./testing/collect.js";
import { callFailure } from "./testing/failure-of.js";
import { startGrpcJsServer } from "./testing/grpc-js-server.js";
import { answer, answerPing, type Http2Server, pong, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";
import { readUntil, reasonOfLoss, statesOf } from "./testing/read-until.js";
import { makeTempFolder } from "./testing/temp-folder.js";
import { heldCalls } from "./testing/transport-fixtures.js";

const hourMs = 3_600_000;
/** The empty SETTINGS frame that every server begins with. */
const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const goawayFrame = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

afterEach(() => {
  vi.useRealTimers();
});

describe("the status of a connection", () => {
  it("is idle, then connecting and connected when a call needs it, then closed", async () => {
    await using server = await startHttp2Server(answerPing);
    const resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath }));
    const all = collect(resonite.status());
    await resonite.connection.ping();
    await resonite.close();
    expect(await all).toEqual([
      { state: "idle" },
      { state: "connecting" },
      { state: "connected" },
      { state: "closed" },
    ]);
  });

  it("begins with what the connection does now", async () => {
    await using server = await startHttp2Server(answerPing);
    await using resonite = await connect({ socketPath: server.socketPath });
    expect(await resonite.status().next()).toEqual({ done: false, value: { state: "connected" } });
  });

  it("is idle again when a first connection cannot be opened, and no attempt follows", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using folder = await makeTempFolder();
    await using transport = createUdsTransport({ socketPath: folder.file("missing.sock") });
    const changes = transport.status();
    await readUntil(changes, "idle");
    await callFailure(transport.open());
    expect(statesOf(await readUntil(changes, "idle"))).toEqual(["connecting", "idle"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells of a loss, of every attempt, and of the mod that came back under another path", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using folder = await makeTempFolder();
    let socketPath = folder.file("first.sock");
    const policy = recordPolicy(({ attempt }) => attempt * 1_000);
    await using first = await startHttp2Server(answerPing, { socketPath });
    await using transport = createUdsTransport({ socketPath: () => socketPath, reconnect: policy });
    const changes = await connectedStatus(transport);

    await first.stop();
    const reason = await reasonOfLoss(changes);
    expect(reason.code).toBe(Code.Unavailable);
    expect(reason.message).toContain("closed the connection");
    expect(await changes.next()).toEqual(value({ state: "reconnecting", attempt: 1, delayMs: 1_000, reason }));

    vi.advanceTimersByTime(1_000);
    const [connecting, secondPlan] = await readUntil(changes, "reconnecting");
    expect(connecting).toEqual({ state: "connecting" });
    expect(secondPlan).toMatchObject({
      attempt: 2,
      delayMs: 2_000,
      reason: { code: Code.Unavailable, rawMessage: expect.stringContaining(`there is no socket at ${socketPath}`) },
    });

    socketPath = folder.file("second.sock");
    await using second = await startHttp2Server((stream) => answer(stream, { body: pong("moved") }), { socketPath });
    vi.advanceTimersByTime(1_999);
    await nextTurn();
    expect(second.sessions).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(await readUntil(changes, "connected")).toEqual([{ state: "connecting" }, { state: "connected" }]);
    expect((await new Resonite(transport).connection.ping()).message).toBe("moved");

    await second.stop();
    const next = await reasonOfLoss(changes);
    expect(await changes.next()).toEqual(value({ state: "reconnecting", attempt: 1, delayMs: 1_000, reason: next }));
    expect(policy.contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
    expect(policy.contexts[0]?.reason).toBe(reason);
  });

  it("is connected again by itself when a restarted mod is the only living one in the folder", async () => {
    await using folder = await makeTempFolder();
    await using first = await startHttp2Server(answerPing, { socketPath: folder.file("resonite-first.sock") });
    await using resonite = await connect({
      environment: { RESONITE_IO_SOCKET_DIR: folder.path },
      reconnect: { nextDelayMs: () => 1 },
    });
    const changes = resonite.status();
    await readUntil(changes, "connected");
    await first.stop();
    await readUntil(changes, "lost");
    await using second = await startHttp2Server(answerPing, { socketPath: folder.file("resonite-second.sock") });
    await readUntil(changes, "connected");
    expect(second.sessions).toHaveLength(1);
  });

  it("says why the socket could not be found when an attempt fails because of that", async () => {
    const problem = new Error("no such mod");
    await using server = await startHttp2Server(answerPing);
    let findSocket = (): string => server.socketPath;
    const policy = recordPolicy(({ attempt }) => (attempt === 1 ? 0 : undefined));
    await using transport = createUdsTransport({ socketPath: () => findSocket(), reconnect: policy });
    const changes = await connectedStatus(transport);
    findSocket = () => {
      throw problem;
    };
    await server.stop();
    await readUntil(changes, "idle");
    expect(policy.contexts[1]?.reason).toMatchObject({ code: Code.Unavailable, cause: problem });
  });

  describe("when the policy gives up", () => {
    it.each([
      ["neverReconnect", neverReconnect, []],
      ["one attempt", onceMore(), ["reconnecting", "connecting"]],
    ])("is idle, and the next call connects: %s", async (_, reconnect, between) => {
      await using folder = await makeTempFolder();
      const socketPath = folder.file("mod.sock");
      await using first = await startHttp2Server(answerPing, { socketPath });
      await using transport = createUdsTransport({ socketPath, reconnect });
      const changes = await connectedStatus(transport);
      await first.stop();
      expect(statesOf(await readUntil(changes, "idle"))).toEqual(["lost", ...between, "idle"]);

      await using _second = await startHttp2Server(answerPing, { socketPath });
      await new Resonite(transport).connection.ping();
      expect(statesOf(await readUntil(changes, "connected"))).toEqual(["connecting", "connected"]);
    });

    it("is not asked again when that call fails", async () => {
      await using server = await startHttp2Server(answerPing);
      const policy = recordPolicy(() => undefined);
      await using transport = open(server, { reconnect: policy });
      const changes = await connectedStatus(transport);
      await server.stop();
      await readUntil(changes, "idle");
      await callFailure(transport.open());
      expect(statesOf(await readUntil(changes, "idle"))).toEqual(["connecting", "idle"]);
      expect(policy.contexts).toHaveLength(1);
    });

    it("has no timer left that would connect", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      await using server = await startHttp2Server(answerPing);
      await using transport = open(server, { reconnect: neverReconnect, keepAlive: false });
      const changes = await connectedStatus(transport);
      await server.stop();
      await readUntil(changes, "idle");
      expect(vi.getTimerCount()).toBe(0);
    });

    it("does so by the time since the loss", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      await using server = await startHttp2Server(answerPing);
      const reconnect = createReconnectPolicy({ minDelayMs: 1_000, jitter: 0, giveUpAfterMs: 2_500 });
      await using transport = open(server, { reconnect });
      const changes = await connectedStatus(transport);
      // What came before the loss does not count.
      vi.advanceTimersByTime(5_000);
      await server.stop();
      await readUntil(changes, "reconnecting");
      vi.advanceTimersByTime(1_000);
      expect((await readUntil(changes, "reconnecting")).at(-1)).toMatchObject({ attempt: 2, delayMs: 2_000 });
      vi.advanceTimersByTime(2_000);
      expect(statesOf(await readUntil(changes, "idle"))).toEqual(["connecting", "idle"]);
    });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("out of ideas");
      },
      "out of ideas",
    ],
    ["names a delay that is no number", () => Number.NaN, "NaN"],
  ])("is idle, with a warning, when the policy %s", async (_, nextDelayMs, problem) => {
    await using folder = await makeTempFolder();
    const socketPath = folder.file("mod.sock");
    const log = recordLog();
    await using first = await startHttp2Server(answerPing, { socketPath });
    await using transport = createUdsTransport({ socketPath, reconnect: { nextDelayMs }, logger: log.logger });
    const changes = await connectedStatus(transport);
    await first.stop();
    expect(statesOf(await readUntil(changes, "idle"))).toEqual(["lost", "idle"]);
    expect(log.lines.at(-1)).toMatch(/^warn: the reconnect policy failed/);
    expect(log.lines.at(-1)).toContain(problem);

    await using _second = await startHttp2Server(answerPing, { socketPath });
    await new Resonite(transport).connection.ping();
  });

  it("waits as long as a timer can when the policy names a longer delay", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using server = await startHttp2Server(answerPing);
    const policy = recordPolicy(({ attempt }) => (attempt === 1 ? Infinity : undefined));
    await using transport = open(server, { reconnect: policy, keepAlive: false });
    const changes = await connectedStatus(transport);
    await server.stop();
    await readUntil(changes, "reconnecting");
    vi.advanceTimersByTime(0x7fffffff - 1);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(statesOf(await readUntil(changes, "idle"))).toEqual(["connecting", "idle"]);
  });

  it("is connecting at once when a call is made during the delay, which then has no effect", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using folder = await makeTempFolder();
    const socketPath = folder.file("mod.sock");
    await using first = await startHttp2Server(answerPing, { socketPath });
    const reconnect = { nextDelayMs: () => hourMs };
    await using transport = createUdsTransport({ socketPath, reconnect, keepAlive: false });
    const changes = await connectedStatus(transport);
    await first.stop();
    await readUntil(changes, "reconnecting");

    await using second = await startHttp2Server(answerPing, { socketPath });
    await new Resonite(transport).connection.ping();
    expect(statesOf(await readUntil(changes, "connected"))).toEqual(["connecting", "connected"]);
    expect(vi.getTimerCount()).toBe(0);
    expect(second.sessions).toHaveLength(1);
  });

  it("gets a call its own attempt when one that was under way finds nobody, and no more than that", async () => {
    await using folder = await makeTempFolder();
    await using first = await startHttp2Server(answerPing);
    await using second = await startHttp2Server(answerPing);
    const isMissing = Promise.withResolvers<string>();
    const paths: (string | Promise<string>)[] = [first.socketPath];
    await using transport = createUdsTransport({
      socketPath: () => paths.shift() ?? expect.fail("there is one attempt too many"),
      reconnect: { nextDelayMs: ({ attempt }) => (attempt === 1 ? 0 : hourMs) },
    });
    const { connection } = new Resonite(transport);
    const changes = await connectedStatus(transport);
    const missing = folder.file("missing.sock");
    paths.push(isMissing.promise, missing, second.socketPath);
    await first.stop();
    await readUntil(changes, "connecting");
    const failures = [callFailure(connection.ping()), callFailure(transport.open())];
    isMissing.resolve(missing);
    for (const { code } of await Promise.all(failures)) expect(code).toBe(Code.Unavailable);
    expect(paths).toEqual([second.socketPath]);
    // What has failed stays so for those who asked; the next one asks anew.
    await connection.ping();
  });

  it("carries a call that joined an attempt which was too early for a mod that is just starting", async () => {
    await using folder = await makeTempFolder();
    await using first = await startHttp2Server(answerPing);
    const early = Promise.withResolvers<string>();
    let attempts = 0;
    await using second = await startHttp2Server((stream) => answer(stream, { body: pong("new") }));
    await using transport = createUdsTransport({
      socketPath: () => [first.socketPath, early.promise][attempts++] ?? second.socketPath,
      reconnect: { nextDelayMs: () => 0 },
    });
    const { connection } = new Resonite(transport);
    const changes = await connectedStatus(transport);
    await first.stop();
    await readUntil(changes, "connecting");
    const ping = connection.ping();
    early.resolve(folder.file("missing.sock"));
    expect((await ping).message).toBe("new");
  });

  it("counts an attempt that a call made, and goes on with the policy when it fails", async () => {
    await using server = await startHttp2Server(answerPing);
    const policy = recordPolicy(() => hourMs);
    await using transport = open(server, { reconnect: policy });
    const changes = await connectedStatus(transport);
    await server.stop();
    await readUntil(changes, "reconnecting");
    const failure = await callFailure(new Resonite(transport).connection.ping());
    expect((await readUntil(changes, "reconnecting")).at(-1)).toMatchObject({ attempt: 2, reason: failure });
  });

  describe("after a goodbye of the mod", () => {
    it("is lost, while the call in flight comes to its end and the next one connects", async () => {
      const streams: ServerHttp2Stream[] = [];
      const arrived = Promise.withResolvers<ServerHttp2Stream>();
      await using server = await startHttp2Server((stream) => {
        if (streams.push(stream) === 1) arrived.resolve(stream);
        else answer(stream, { body: pong("new") });
      });
      await using transport = open(server, { reconnect: { nextDelayMs: () => hourMs } });
      const changes = await connectedStatus(transport);
      const { connection } = new Resonite(transport);
      const inFlight = connection.ping();
      const stream = await arrived.promise;
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
      const reason = await reasonOfLoss(changes);
      expect(reason.code).toBe(Code.Unavailable);
      expect(reason.message).toContain("is closing the connection");

      expect((await connection.ping()).message).toBe("new");
      expect(statesOf(await readUntil(changes, "connected"))).toEqual(["reconnecting", "connecting", "connected"]);
      answer(stream, { body: pong("old") });
      expect((await inFlight).message).toBe("old");
      // The end of the old connection is no loss of the new one.
      const [old] = server.sessions;
      if (old !== undefined && !old.destroyed) await once(old, "close");
      expect((await connection.ping()).message).toBe("new");
      expect(server.sessions).toHaveLength(2);
      await transport.close();
      expect(await collect(changes)).toEqual([{ state: "closed" }]);
    });

    it.each([
      ["a goodbye", (socket: NodeJS.WritableStream) => socket.write(Buffer.concat([settingsFrame, goawayFrame]))],
      ["hanging up", (socket: NodeJS.WritableStream) => socket.end(settingsFrame)],
    ])("is lost when %s came in one breath with the greeting", async (_, greet) => {
      await using peer = await startNetServer((socket) => greet(socket.resume()));
      await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
      const changes = transport.status();
      await transport.open();
      expect(statesOf(await readUntil(changes, "lost")).slice(1)).toEqual(["connecting", "connected", "lost"]);
    });
  });

  describe("for several loops", () => {
    it("tells each of them every change", async () => {
      await using server = await startHttp2Server(answerPing);
      const transport = open(server, { reconnect: neverReconnect });
      const loops = [collect(transport.status()), collect(transport.status())];
      await connectedStatus(transport);
      const late = transport.status();
      await server.stop();
      await readUntil(late, "idle");
      await transport.close();
      for (const loop of loops) {
        const states = ["idle", "connecting", "connected", "lost", "idle", "closed"];
        expect(statesOf(await loop)).toEqual(states);
      }
    });

    it("ends them all when the connection is closed, and those that begin after it", async () => {
      const transport = createUdsTransport({ socketPath: "unused.sock" });
      const loops = [collect(transport.status()), collect(transport.status())];
      await transport.close();
      for (const loop of loops) expect(statesOf(await loop)).toEqual(["idle", "closed"]);
      expect(await collect(transport.status())).toEqual([{ state: "closed" }]);
    });
  });

  describe("when a loop is ended by its signal", () => {
    it("ends without an error while the loop waits, and the others go on", async () => {
      await using transport = createUdsTransport({ socketPath: "unused.sock" });
      const controller = new AbortController();
      const loop = collect(transport.status({ signal: controller.signal }));
      const other = collect(transport.status());
      await nextTurn();
      controller.abort(new Error("enough"));
      expect(await loop).toEqual([{ state: "idle" }]);
      await transport.close();
      expect(statesOf(await other)).toEqual(["idle", "closed"]);
    });

    it("drops what has not been read", async () => {
      await using transport = createUdsTransport({ socketPath: "unused.sock" });
      const controller = new AbortController();
      const changes = transport.status({ signal: controller.signal });
      controller.abort();
      expect(await collect(changes)).toEqual([]);
    });

    it("tells nothing when it was aborted before", async () => {
      await using transport = createUdsTransport({ socketPath: "unused.sock" });
      expect(await collect(transport.status({ signal: AbortSignal.abort() }))).toEqual([]);
    });
  });

  describe("leaves nothing of a loop", () => {
    it.each([
      ["that was left", new AbortController().signal, leave],
      [
        "that threw",
        new AbortController().signal,
        (changes: AsyncIterable<unknown>) => leave(changes, new Error("own fault")).catch(() => {}),
      ],
      ["whose signal was aborted before", AbortSignal.abort(), collect],
    ])("%s", async (_, signal, end) => {
      await using transport = createUdsTransport({ socketPath: "unused.sock" });
      const endAndForget = async () => {
        const changes = transport.status({ signal });
        await end(changes);
        return new WeakRef(changes);
      };
      const forgotten = await endAndForget();
      expect(getEventListeners(signal, "abort")).toEqual([]);
      await collectGarbage();
      expect(forgotten.deref()).toBeUndefined();
    });

    it("that ended with the connection", async () => {
      const transport = createUdsTransport({ socketPath: "unused.sock" });
      const { signal } = new AbortController();
      const loop = collect(transport.status({ signal }));
      await transport.close();
      await loop;
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });
  });

  it("keeps the newest 64 changes for a loop that is slow", async () => {
    await using server = await startHttp2Server(answerPing);
    const policy = recordPolicy(({ attempt }) => (attempt <= 50 ? 0 : undefined));
    const transport = open(server, { reconnect: policy });
    const changes = await connectedStatus(transport);
    const slow = transport.status();
    await server.stop();
    await readUntil(changes, "idle");
    await transport.close();
    const kept = await collect(slow);
    expect(kept).toHaveLength(64);
    // Lost, then a plan and an attempt 50 times over, idle and closed: of these 103 the first 39 are gone.
    expect(kept[0]).toMatchObject({ state: "reconnecting", attempt: 20 });
    expect(statesOf(kept.slice(-3))).toEqual(["connecting", "idle", "closed"]);
  });
});

describe("calls and the loss of a connection", () => {
  it.each(heldCalls)("fails %s in flight with Unavailable and the reason as its cause", async (_, start) => {
    const arrived = Promise.withResolvers<void>();
    await using server = await startHttp2Server(() => arrived.resolve());
    await using transport = open(server, { reconnect: neverReconnect });
    const changes = await connectedStatus(transport);
    const failure = callFailure(start(new Resonite(transport), {}));
    await arrived.promise;
    await server.stop();
    const error = await failure;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.message).toContain("the mod closed the connection (during /resonite_io.v1.");
    expect(error.cause).toBe(await reasonOfLoss(changes));
  });

  it("carries a call that is made in the moment in which another one fails, over a new connection", async () => {
    const arrived = Promise.withResolvers<void>();
    await using first = await startHttp2Server(() => arrived.resolve());
    await using second = await startHttp2Server((stream) => answer(stream, { body: pong("again") }));
    const paths = [first.socketPath];
    await using transport = createUdsTransport({ socketPath: () => paths.shift() ?? second.socketPath });
    const { connection } = new Resonite(transport);
    const again = connection.ping().catch(() => connection.ping());
    await arrived.promise;
    await first.stop();
    expect((await again).message).toBe("again");
  });

  it("never repeats a call, neither one that was in flight nor one that could not be sent", async () => {
    await using folder = await makeTempFolder();
    const socketPath = folder.file("mod.sock");
    const arrived = Promise.withResolvers<void>();
    let callCount = 0;
    await using first = await startHttp2Server(
      () => {
        if (++callCount === heldCalls.length) arrived.resolve();
      },
      { socketPath },
    );
    await using transport = createUdsTransport({ socketPath, reconnect: { nextDelayMs: () => hourMs } });
    const resonite = new Resonite(transport);
    const lost = heldCalls.map(([, start]) => callFailure(start(resonite, {})));
    await arrived.promise;
    await first.stop();
    const unsent = heldCalls.map(([, start]) => callFailure(start(resonite, {})));
    for (const error of await Promise.all([...lost, ...unsent])) expect(error.code).toBe(Code.Unavailable);

    const messages: string[] = [];
    await using _second = await startGrpcJsServer(
      {
        connection: {
          ping({ request }, respond) {
            messages.push(request.message);
            respond(null, {});
          },
        },
        camera: { streamFrames: () => void messages.push("frames") },
        locomotion: { drive: () => void messages.push("drive") },
      },
      { socketPath },
    );
    // Calls arrive in the order in which they were made.
    await resonite.connection.ping("the only one");
    expect(messages).toEqual(["the only one"]);
    expect(callCount).toBe(heldCalls.length);
  });
});

describe("the logger of a connection", () => {
  it("gets one line for each change, and none for calls", async () => {
    await using folder = await makeTempFolder();
    const socketPath = folder.file("mod.sock");
    const log = recordLog();
    const transport = createUdsTransport({
      socketPath,
      logger: log.logger,
      reconnect: { nextDelayMs: ({ attempt }) => (attempt < 4 ? 0 : hourMs) },
    });
    const { connection } = new Resonite(transport);
    await using first = await startHttp2Server(answerPing, { socketPath });
    const changes = await connectedStatus(transport);
    await connection.ping();
    await first.stop();
    // Three attempts that fail.
    for (let attempt = 1; attempt <= 4; attempt++) await readUntil(changes, "reconnecting");
    await using _second = await startHttp2Server(answerPing, { socketPath });
    await connection.ping();
    await connection.ping();
    await transport.close();
    await transport.close();
    expect(log.lines).toEqual([
      "info: connected",
      "info: connection lost: the mod closed the connection",
      "info: connected",
      "info: connection closed",
    ]);
  });
});

describe("closing a connection that was lost", () => {
  it.each([
    ["during the back-off", () => undefined, "reconnecting"],
    ["during an attempt", (path: string) => startNetServer(() => {}, { socketPath: path }), "connecting"],
  ] as const)("%s ends it, once for all and without an attempt", async (_, replace, state) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using folder = await makeTempFolder();
    const socketPath = folder.file("mod.sock");
    await using first = await startHttp2Server(answerPing, { socketPath });
    let pathCount = 0;
    const transport = createUdsTransport({
      socketPath() {
        pathCount++;
        return socketPath;
      },
      reconnect: { nextDelayMs: () => 1_000 },
    });
    const changes = await connectedStatus(transport);
    await first.stop();
    await readUntil(changes, "reconnecting");
    await using _peer = await replace(socketPath);
    if (state === "connecting") {
      vi.advanceTimersByTime(1_000);
      await readUntil(changes, "connecting");
    }
    const pathCountBefore = pathCount;

    await Promise.all([transport.close(), transport.close(), new Resonite(transport).close()]);
    await transport.close();
    expect(await collect(changes)).toEqual([{ state: "closed" }]);
    expect(vi.getTimerCount()).toBe(0);
    expect(pathCount).toBe(pathCountBefore);
    expect((await callFailure(transport.open())).code).toBe(Code.FailedPrecondition);
  });

  it("during an attempt hangs up", async () => {
    await using folder = await makeTempFolder();
    const socketPath = folder.file("mod.sock");
    await using first = await startHttp2Server(answerPing, { socketPath });
    const transport = createUdsTransport({ socketPath, reconnect: { nextDelayMs: () => 1 } });
    const changes = await connectedStatus(transport);
    const connected = Promise.withResolvers<void>();
    const hungUp = Promise.withResolvers<void>();
    await first.stop();
    await readUntil(changes, "lost");
    await using _peer = await startNetServer(
      (socket) => {
        socket.resume().once("close", () => hungUp.resolve());
        connected.resolve();
      },
      { socketPath },
    );
    await connected.promise;
    await transport.close();
    await hungUp.promise;
  });
});

describe("a connection that was lost and the process", () => {
  it("does not keep it alive by the back-off", async () => {
    await using peers = await startReplacedServer();
    const result = await runScript(peers.script({ nextDelayMs: hourMs, until: "reconnecting" }));
    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("does not keep it alive by an attempt that nobody waits for", async () => {
    await using peers = await startReplacedServer();
    const result = await runScript(peers.script({ nextDelayMs: 0, until: "connecting" }));
    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    await peers.attempted;
  });

  it("keeps it alive by an attempt that a call has joined", async () => {
    await using peers = await startReplacedServer();
    const then = "await resonite.connection.ping().catch((error) => console.log(error.rawMessage));";
    const result = runScript(peers.script({ nextDelayMs: 0, until: "connecting", then }));
    await peers.attempted;
    // As long as another process takes from start to end, this one would have had time to end too.
    await runScript("");
    peers.hangUp();
    expect(await result).toEqual({
      exitCode: 0,
      stdout: expect.stringContaining("peer.sock"),
      stderr: "",
    });
  });

  it("keeps it alive by a call in flight, also after somebody asked for the connection that is open", async () => {
    const arrived = Promise.withResolvers<ServerHttp2Stream>();
    await using server = await startHttp2Server(arrived.resolve);
    const result = runScript(`
      import { connect } from ${JSON.stringify(builtLibrary)};
      const resonite = await connect({ socketPath: ${JSON.stringify(server.socketPath)} });
      const ping = resonite.connection.ping();
      await resonite.transport.open();
      console.log((await ping).message);
      await resonite.transport.open();
    `);
    const stream = await arrived.promise;
    // As long as another process takes from start to end, the first one would have had time to end too.
    await runScript("");
    answer(stream, { body: pong("late") });
    expect(await result).toEqual({ exitCode: 0, stdout: "late\n", stderr: "" });
  });
});

/** A server that is gone after one ping, and one in its place that accepts connections and keeps silent. */
async function startReplacedServer() {
  const cleanUp = new AsyncDisposableStack();
  const folder = cleanUp.use(await makeTempFolder());
  const attempted = Promise.withResolvers<void>();
  const hangUp = new AbortController();
  const silent = cleanUp.use(
    await startNetServer((socket) => {
      addAbortSignal(hangUp.signal, socket);
      attempted.resolve();
    }),
  );
  const server = cleanUp.use(
    await startHttp2Server(
      (stream) => {
        stream.once("close", () => void server.stop());
        answerPing(stream);
      },
      { socketPath: folder.file("mod.sock") },
    ),
  );
  return {
    /** Resolves when somebody has connected to the second one. */
    attempted: attempted.promise,
    /** Ends the silence of the second one, for all who connect to it. */
    hangUp: () => hangUp.abort(),
    /** A program that has nothing to do from the given state on but `then`. */
    script: ({ nextDelayMs = 0, until = "", then = "" }) => `
      import { connect } from ${JSON.stringify(builtLibrary)};
      const paths = [${JSON.stringify(server.socketPath)}];
      const resonite = await connect({
        environment: { get RESONITE_IO_SOCKET() { return paths.shift() ?? ${JSON.stringify(silent.socketPath)}; } },
        reconnect: { nextDelayMs: () => ${nextDelayMs} },
        connectTimeoutMs: ${hourMs},
      });
      const changes = resonite.status();
      await resonite.connection.ping();
      // Reading the status does not keep a process alive either.
      const work = setInterval(() => {}, 1_000);
      let isLost = false;
      for await (const { state } of changes) {
        isLost ||= state === "lost";
        if (isLost && state === ${JSON.stringify(until)}) break;
      }
      clearInterval(work);
      ${then}
    `,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

/** Opens nothing yet. */
function open(server: Http2Server, options: Omit<UdsTransportOptions, "socketPath">): UdsTransport {
  return createUdsTransport({ socketPath: server.socketPath, ...options });
}

/** Connects, and returns the changes that follow. */
async function connectedStatus(transport: UdsTransport): Promise<AsyncIterableIterator<ConnectionStatus>> {
  await transport.open();
  const changes = transport.status();
  await readUntil(changes, "connected");
  return changes;
}

function value(status: ConnectionStatus) {
  return { done: false, value: status };
}

function onceMore(): ReconnectPolicy {
  return { nextDelayMs: ({ attempt }) => (attempt === 1 ? 0 : undefined) };
}

function recordPolicy(nextDelayMs: (context: ReconnectContext) => number | undefined) {
  const contexts: ReconnectContext[] = [];
  return {
    contexts,
    nextDelayMs(context: ReconnectContext) {
      contexts.push(context);
      return nextDelayMs(context);
    },
  };
}

function recordLog() {
  const lines: string[] = [];
  const logger: Logger = {
    debug: (message) => void lines.push(`debug: ${message}`),
    info: (message) => void lines.push(`info: ${message}`),
    warn: (message) => void lines.push(`warn: ${message}`),
  };
  return { lines, logger };
}

async function leave(messages: AsyncIterable<unknown>, reason?: Error): Promise<void> {
  for await (const _ of messages) {
    if (reason === undefined) break;
    throw reason;
  }
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") expect.fail("there is no garbage collector to call");
  // A weak reference holds on to its object until the turn is over.
  await nextTurn();
  collect();
}

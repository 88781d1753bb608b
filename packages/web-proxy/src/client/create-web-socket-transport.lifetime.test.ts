import { Code, type ConnectionStatus, createReconnectPolicy } from "@resoio/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answerPings, callFailure, clientOf, collect, connected, pong } from "../testing/client-fixtures.js";
import { FakeWebSocket, greeted } from "../testing/fake-web-socket.js";
import { frame, headerFrame, messageFrame, ScriptedProxy, types } from "../testing/scripted-proxy.js";
import type { WebSocketTransport } from "./index.js";

const soon = createReconnectPolicy({ minDelayMs: 1, maxDelayMs: 1 });

describe("a lost connection", () => {
  it("ends every kind of call with Unavailable, and says why", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const { connection, rpc } = client.resonite;
    const held = Promise.withResolvers<never>();
    async function* commands() {
      yield { moveForward: 1 };
      await held.promise;
    }
    const failures = [
      callFailure(connection.ping()),
      callFailure(collect(rpc.camera.streamFrames({}))),
      callFailure(rpc.locomotion.drive(commands())),
    ];
    await client.peer.next(types.data, 3);
    client.peer.socket.terminate();
    for (const [index, error] of (await Promise.all(failures)).entries()) {
      expect(error.code).toBe(Code.Unavailable);
      const path = ["Connection/Ping", "Camera/StreamFrames", "Locomotion/Drive"][index];
      expect(error.rawMessage).toBe(`the connection to the proxy broke (during /resonite_io.v1.${path})`);
      expect(error.cause).toMatchObject({ code: Code.Unavailable });
    }
  });

  it.each([
    [1000, Code.Unavailable],
    [1001, Code.Unavailable],
    [1011, Code.Unavailable],
    [4400, Code.Unavailable],
    [4401, Code.Unauthenticated],
    [4408, Code.Unavailable],
    [4409, Code.Unavailable],
    [4429, Code.ResourceExhausted],
  ])("ends calls with what close code %i means", async (closeCode, code) => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    client.peer.socket.close(closeCode, "because I say so");
    const error = await failure;
    expect(error.code).toBe(code);
    expect(error.rawMessage).toContain(`the proxy closed the connection: because I say so (close code ${closeCode})`);
  });

  it("comes back by itself, and the status tells what happens", async () => {
    await using proxy = await ScriptedProxy.start({ onPeer: answerPings });
    await using client = clientOf(proxy, { reconnect: soon });
    const states = client.transport.status();
    await client.transport.open();
    (await proxy.peer()).socket.terminate();
    await proxy.peer(1);
    const seen: string[] = [];
    for await (const status of states) {
      seen.push(status.state);
      if (status.state === "reconnecting") expect(status.reason.code).toBe(Code.Unavailable);
      if (status.state === "connected" && seen.includes("lost")) break;
    }
    expect(seen).toEqual(["idle", "connecting", "connected", "lost", "reconnecting", "connecting", "connected"]);
    await client.resonite.connection.ping();
  });

  it("counts calls anew on the next connection", async () => {
    await using proxy = await ScriptedProxy.start({ onPeer: answerPings });
    await using client = clientOf(proxy);
    await client.resonite.connection.ping();
    await client.resonite.connection.ping();
    (await proxy.peer()).socket.terminate();
    await until(client.transport, "idle");
    await client.resonite.connection.ping();
    expect((await proxy.peer(1)).of(types.open).map(({ callId }) => callId)).toEqual([1]);
  });

  it("can be used again by who has just seen his call fail", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const { connection } = client.resonite;
    const retried = connection.ping().catch(() => connection.ping("again"));
    await client.peer.opened(1);
    client.peer.socket.terminate();
    const peer = await proxy.peer(1);
    await peer.next(types.halfClose, 1);
    peer.send(...pong(1, "again"));
    expect((await retried).message).toBe("again");
  });

  it("is not opened again before a proxy that is away has come back", async () => {
    let isAway = false;
    await using proxy = await ScriptedProxy.start({ onPeer: answerPings, isAway: () => isAway });
    await using client = clientOf(proxy, { reconnect: soon });
    await client.transport.open();
    isAway = true;
    (await proxy.peer()).socket.terminate();
    await until(client.transport, "reconnecting", ({ attempt }) => attempt === 3);
    isAway = false;
    await until(client.transport, "connected");
    await client.resonite.connection.ping();
    expect(proxy.upgrades).toHaveLength(2);
  });
});

describe("no attempt is made by itself", () => {
  it.each([
    ["the proxy has ended it (1000)", 1000, {}],
    ["it was idle (4410)", 4410, {}],
    ["the token has expired (4401) and stays the same", 4401, { token: "old" }],
  ])("when %s; the next call makes one", async (_, closeCode, options) => {
    await using proxy = await ScriptedProxy.start({ onPeer: answerPings });
    await using client = clientOf(proxy, { reconnect: soon, ...options });
    await client.transport.open();
    (await proxy.peer()).socket.close(closeCode, "enough");
    expect(await statesUntil(client.transport, "idle")).not.toContain("reconnecting");
    await client.resonite.connection.ping();
    expect(proxy.upgrades).toHaveLength(2);
  });

  it.each([401, 403, 404, 421])("after HTTP %i", async (status) => {
    let isRefusing = false;
    await using proxy = await ScriptedProxy.start({
      refuses: () => isRefusing,
      onRequest: (_, response) => response.writeHead(status).end("go away"),
    });
    await using client = clientOf(proxy, { reconnect: soon });
    await client.transport.open();
    isRefusing = true;
    (await proxy.peer()).socket.terminate();
    const states = await statesUntil(client.transport, "idle");
    expect(states.filter((state) => state === "reconnecting").length).toBeLessThanOrEqual(1);
    expect(proxy.upgrades).toHaveLength(2);
  });

  it("but for an expired token that can be renewed", async () => {
    await using proxy = await ScriptedProxy.start();
    let count = 0;
    await using client = clientOf(proxy, { reconnect: soon, token: () => `token-${++count}` });
    await client.transport.open();
    (await proxy.peer()).socket.close(4401, "expired");
    await proxy.peer(1);
    expect(proxy.upgrades[1]?.headers["sec-websocket-protocol"]).toBe("resoio.v1, resoio.token.token-2");
  });
});

describe("heartbeat", () => {
  const clocks: Parameters<typeof vi.useFakeTimers>[0] = { toFake: ["setTimeout", "clearTimeout", "performance"] };
  const keepAlive = { intervalMs: 2_000, timeoutMs: 3_000 };

  afterEach(() => {
    vi.useRealTimers();
  });

  it("answers a PING at once, with its bytes", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    client.peer.send(frame(types.ping, 0, Buffer.from("12345678")), frame(types.ping, 0));
    await client.peer.next(types.pong, 0, 1);
    expect(client.peer.of(types.pong).map(({ payload }) => Buffer.from(payload).toString())).toEqual(["12345678", ""]);
  });

  it("ends the calls on a proxy that keeps silent, with 4409, and connects again", async () => {
    vi.useFakeTimers(clocks);
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket, keepAlive, reconnect: soon });
    const failure = callFailure(client.resonite.connection.ping());
    const socket = await greeted();
    await vi.advanceTimersByTimeAsync(keepAlive.intervalMs);
    expect(socket.sentOf(types.ping)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(keepAlive.timeoutMs - 1);
    expect(socket.closedWith).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10);
    const error = await failure;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("has not answered a ping for 3000 ms");
    expect(socket.closedWith).toMatchObject({ code: 4409 });
    expect(FakeWebSocket.latest).not.toBe(socket);
  });

  it.each([
    ["answers", frame(types.pong, 0)],
    ["sends something else", frame(types.ping, 0)],
  ])("keeps the connection of a proxy that %s", async (_, answer) => {
    vi.useFakeTimers(clocks);
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket, keepAlive });
    const opening = client.transport.open();
    const socket = await greeted();
    await opening;
    for (let pings = 1; pings <= 5; pings++) {
      await vi.advanceTimersToNextTimerAsync();
      expect(socket.sentOf(types.ping)).toHaveLength(pings);
      await vi.advanceTimersByTimeAsync(keepAlive.timeoutMs - 1);
      socket.deliver(answer);
      // Its time is over, and then it is judged.
      await vi.advanceTimersToNextTimerAsync();
      await vi.advanceTimersToNextTimerAsync();
    }
    expect(socket.closedWith).toBeUndefined();
  });

  it("can be switched off", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { keepAlive: false });
    await client.peer.settled();
    expect(client.peer.of(types.ping)).toEqual([]);
  });
});

describe("close", () => {
  it("cancels every call on the proxy, then closes with 1000", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failures = [
      callFailure(client.resonite.connection.ping()),
      callFailure(collect(client.resonite.rpc.camera.streamFrames({}))),
    ];
    await client.peer.next(types.halfClose, 2);
    await client.transport.close();
    for (const error of await Promise.all(failures)) {
      expect(error).toMatchObject({ code: Code.Canceled, rawMessage: "the transport was closed" });
    }
    expect(await client.peer.closed).toMatchObject({ code: 1000 });
    expect(client.peer.of(types.cancel).map(({ callId }) => callId)).toEqual([1, 2]);
  });

  it("makes what comes later fail with FailedPrecondition", async () => {
    await using proxy = await ScriptedProxy.start();
    for (const largeStreams of ["websocket", "fetch"] as const) {
      const { transport, resonite } = clientOf(proxy, { largeStreams });
      await transport.close();
      expect((await callFailure(transport.open())).code).toBe(Code.FailedPrecondition);
      expect((await callFailure(transport.access())).code).toBe(Code.FailedPrecondition);
      expect((await callFailure(resonite.connection.ping())).code).toBe(Code.FailedPrecondition);
      expect(await callFailure(resonite.camera.stream().next())).toMatchObject({
        code: Code.FailedPrecondition,
        rawMessage: "the transport is closed; make a new one",
      });
    }
    expect(proxy.upgrades).toEqual([]);
  });

  it("ends an attempt that is under way", async () => {
    await using proxy = await ScriptedProxy.start({ hello: false });
    const { transport, resonite } = clientOf(proxy);
    const opening = callFailure(transport.open());
    const ping = callFailure(resonite.connection.ping());
    const peer = await proxy.peer();
    await transport.close();
    expect((await opening).code).toBe(Code.FailedPrecondition);
    expect((await ping).code).toBe(Code.Canceled);
    await peer.closed;
  });

  it("prevents a connection whose url is still being looked for, or has just been found", async () => {
    await using proxy = await ScriptedProxy.start();
    for (let moment = 0; moment < 12; moment++) {
      const url = Promise.withResolvers<string>();
      const { transport } = clientOf(proxy, { url: () => url.promise });
      const opening = callFailure(transport.open());
      url.resolve(proxy.url);
      for (let turn = 0; turn < moment; turn++) await Promise.resolve();
      const isTooLate = proxy.upgrades.length;
      await transport.close();
      expect((await opening).code).toBe(Code.FailedPrecondition);
      expect(isTooLate).toBe(0);
    }
    // Those that were begun are gone: a proxy takes connections in order.
    await using last = await connected(proxy);
    await last.peer.settled();
    for (const peer of proxy.peers.slice(0, -1)) await peer.closed;
  });

  it("does not wait for ever for a proxy that does not answer it", async () => {
    await using proxy = await ScriptedProxy.start();
    const client = await connected(proxy);
    client.peer.socket.pause();
    await client.transport.close();
  });

  it("may be called again, at the same time, and when nothing was ever opened", async () => {
    await using proxy = await ScriptedProxy.start();
    const { transport } = await connected(proxy);
    await Promise.all([transport.close(), transport.close()]);
    await transport.close();
    await clientOf(proxy).transport.close();
  });

  it("is what the status tells last", async () => {
    await using proxy = await ScriptedProxy.start();
    const { transport } = await connected(proxy, { reconnect: soon });
    const states = collect(transport.status());
    await transport.close();
    expect((await states).map(({ state }) => state)).toEqual(["connected", "closed"]);
  });

  it("drops what waits to be read", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const stream = client.resonite.rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    const first = stream.next();
    await client.peer.opened(1);
    client.peer.send(headerFrame(1), messageFrame(1, Buffer.alloc(0)), messageFrame(1, Buffer.alloc(0)));
    await first;
    await client.transport.close();
    expect((await callFailure(stream.next())).code).toBe(Code.Canceled);
  });
});

/** Waits until the connection is in a state, for which `isMeant` holds where it is given. */
async function until<S extends ConnectionStatus["state"]>(
  transport: WebSocketTransport,
  state: S,
  isMeant: (status: Extract<ConnectionStatus, { state: S }>) => boolean = () => true,
): Promise<void> {
  for await (const status of transport.status()) if (isIn(status, state) && isMeant(status)) return;
}

function isIn<S extends ConnectionStatus["state"]>(
  status: ConnectionStatus,
  state: S,
): status is Extract<ConnectionStatus, { state: S }> {
  return status.state === state;
}

/** The states that follow a loss, until there is `last`. */
async function statesUntil(transport: WebSocketTransport, last: ConnectionStatus["state"]): Promise<readonly string[]> {
  const states: string[] = [];
  for await (const { state } of transport.status()) {
    states.push(state);
    if (state === last) break;
  }
  return states;
}

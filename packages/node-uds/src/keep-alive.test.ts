import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Code, InvalidOptionsError, neverReconnect, Resonite } from "@resoio/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect, createUdsTransport, type KeepAliveOptions } from "./index.js";
import { builtLibrary, runScript } from "./testing/child-process.js";
import { callFailure, failureOf } from "./testing/failure-of.js";
import { startFreezableProxy } from "./testing/freezable-proxy.js";
import { answer, answerPing, pong, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";
import { readUntil, reasonOfLoss, statesOf } from "./testing/read-until.js";
import { makeTempFolder } from "./testing/temp-folder.js";
import { heldCalls } from "./testing/transport-fixtures.js";

describe("keep-alive", () => {
  // Only what the library waits with. Sockets go on by themselves.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(heldCalls)("fails %s to a mod that is frozen, and says so", async (_, start) => {
    const arrived = Promise.withResolvers<void>();
    await using server = await startHttp2Server(() => arrived.resolve());
    await using proxy = await startFreezableProxy(server.socketPath);
    const options = { reconnect: neverReconnect, keepAlive: { intervalMs: 2_000, timeoutMs: 3_000 } };
    await using transport = createUdsTransport({ socketPath: proxy.socketPath, ...options });
    const changes = transport.status();
    const failure = callFailure(start(new Resonite(transport), {}));
    await arrived.promise;
    proxy.freeze();
    await pass(2_000);
    await pass(3_000);

    const error = await failure;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.message).toContain(`${proxy.socketPath} has not answered a keep-alive ping for 3000 ms`);
    expect(error.message).toContain("(during /resonite_io.v1.");
    expect(error.cause).toBe(await reasonOfLoss(changes));
    expect(error.cause).toMatchObject({ code: Code.Unavailable, rawMessage: expect.stringContaining("frozen") });
    expect(statesOf(await readUntil(changes, "idle"))).toEqual(["idle"]);
  });

  it("asks every 10 seconds and waits 10 seconds when it is not told otherwise", async () => {
    await using peer = await startPingPeer();
    await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
    const changes = transport.status();
    await transport.open();
    await pass(9_999);
    expect(peer.pingCount).toBe(0);
    await pass(1);
    await peer.nextPing();
    await pass(9_999);
    expect(vi.getTimerCount()).toBe(1);
    await pass(1);
    expect((await reasonOfLoss(changes)).message).toContain("10000 ms");
  });

  it("hangs up on a mod that is frozen", async () => {
    await using peer = await startPingPeer();
    await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
    await transport.open();
    await pass(10_000);
    await peer.nextPing();
    await pass(10_000);
    await peer.hungUp;
  });

  it("goes on asking as long as the mod answers", async () => {
    await using peer = await startPingPeer();
    await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
    const changes = transport.status();
    await transport.open();
    for (let round = 1; round <= 12; round++) {
      await pass(10_000);
      (await peer.nextPing()).answer();
      await pass(10_000);
    }
    expect(peer.pingCount).toBe(12);
    await pass(10_000);
    await peer.nextPing();
    await pass(10_000);
    expect(statesOf(await readUntil(changes, "lost"))).toEqual(["idle", "connecting", "connected", "lost"]);
  });

  it("does not take a mod for dead that sends other things instead of the answer, however long", async () => {
    await using peer = await startPingPeer();
    await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
    const changes = transport.status();
    await transport.open();
    await pass(10_000);
    const ping = await peer.nextPing();
    // More often than Node lets pings be under way.
    for (let round = 1; round <= 12; round++) {
      peer.sendSomething();
      await pass(10_000);
      await pass(10_000);
    }
    // Still watched, for its answer is followed by the next question, and silence by the end.
    ping.answer();
    await pass(10_000);
    await pass(10_000);
    await peer.nextPing();
    expect(peer.pingCount).toBe(2);
    await pass(10_000);
    expect(statesOf(await readUntil(changes, "lost"))).toEqual(["idle", "connecting", "connected", "lost"]);
  });

  it("does not take a mod for dead whose answer has come while this process was busy", async () => {
    await using peer = await startPingPeer();
    await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
    await transport.open();
    await pass(10_000);
    const ping = await peer.nextPing();
    await nextTimer();
    // The answer is in the socket, and the time over, before this process gets to reading.
    ping.answer();
    vi.advanceTimersByTime(10_000);
    await nextTimer();
    expect(await transport.status().next()).toMatchObject({ value: { state: "connected" } });
  });

  it("breaks no connection when it is false", async () => {
    await using server = await startHttp2Server(answerPing);
    await using proxy = await startFreezableProxy(server.socketPath);
    const options = { socketPath: proxy.socketPath, reconnect: neverReconnect };
    await using patient = createUdsTransport({ ...options, keepAlive: false });
    await using watchful = createUdsTransport(options);
    await Promise.all([patient.open(), watchful.open()]);
    const changes = watchful.status();
    proxy.freeze();
    const ping = new Resonite(patient).connection.ping();
    // Nothing was planned for it: the one timer is that of the other.
    expect(vi.getTimerCount()).toBe(1);
    await pass(10_000);
    await pass(10_000);
    await readUntil(changes, "lost");
    proxy.thaw();
    expect((await ping).message).toBe("pong");
  });

  it("has a connection that is frozen made anew, and finds the mod at its new place", async () => {
    await using server = await startHttp2Server(answerPing);
    await using proxy = await startFreezableProxy(server.socketPath);
    await using second = await startHttp2Server((stream) => answer(stream, { body: pong("new") }));
    const paths = [proxy.socketPath];
    const reconnect = { nextDelayMs: () => 100 };
    await using transport = createUdsTransport({ socketPath: () => paths.shift() ?? second.socketPath, reconnect });
    const { connection } = new Resonite(transport);
    await connection.ping();
    const changes = transport.status();
    proxy.freeze();
    await pass(10_000);
    await pass(10_000);
    await readUntil(changes, "reconnecting");
    await pass(100);
    await readUntil(changes, "connected");
    expect((await connection.ping()).message).toBe("new");
  });

  it("notices a process that is stopped, and uses it again when it is continued", async () => {
    await using folder = await makeTempFolder();
    await using mod = await startModProcess(folder.file("mod.sock"));
    const options = { reconnect: { nextDelayMs: () => 1_000 }, connectTimeoutMs: 5_000 };
    await using transport = createUdsTransport({ socketPath: mod.socketPath, ...options });
    const { connection } = new Resonite(transport);
    await connection.ping();
    const changes = transport.status();

    mod.signal("SIGSTOP");
    const failure = callFailure(connection.ping());
    await pass(10_000);
    await pass(10_000);
    const error = await failure;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.message).toContain("has not answered a keep-alive ping");
    expect(error.cause).toBe(await reasonOfLoss(changes));

    await readUntil(changes, "reconnecting");
    await pass(1_000);
    await readUntil(changes, "connecting");
    // The system accepts connections for a stopped process, which then keeps silent.
    await pass(5_000);
    const [plan] = await readUntil(changes, "reconnecting");
    expect(plan).toMatchObject({ attempt: 2, reason: { code: Code.DeadlineExceeded } });

    mod.signal("SIGCONT");
    await pass(1_000);
    await readUntil(changes, "connected");
    expect((await connection.ping()).message).toBe("pong");
  });

  describe("leaves no timer", () => {
    it("of a connection that was closed", async () => {
      await using peer = await startPingPeer();
      const waiting = createUdsTransport({ socketPath: peer.socketPath });
      await waiting.open();
      expect(vi.getTimerCount()).toBe(1);
      await waiting.close();
      expect(vi.getTimerCount()).toBe(0);

      const asking = createUdsTransport({ socketPath: peer.socketPath });
      await asking.open();
      await pass(10_000);
      await peer.nextPing();
      expect(vi.getTimerCount()).toBe(1);
      await asking.close();
      expect(vi.getTimerCount()).toBe(0);
    });

    it("of one that the mod closes between the end of the time and the verdict", async () => {
      await using peer = await startPingPeer();
      await using transport = createUdsTransport({ socketPath: peer.socketPath, reconnect: neverReconnect });
      const changes = transport.status();
      await transport.open();
      await pass(10_000);
      await peer.nextPing();
      await nextTimer();
      peer.hangUp();
      vi.advanceTimersByTime(10_000);
      expect((await reasonOfLoss(changes)).message).toContain("closed the connection");
      await nextTimer();
      expect(vi.getTimerCount()).toBe(0);
    });

    it("of one that the mod has closed", async () => {
      await using server = await startHttp2Server(answerPing);
      await using transport = createUdsTransport({ socketPath: server.socketPath, reconnect: neverReconnect });
      const changes = transport.status();
      await transport.open();
      await server.stop();
      await readUntil(changes, "lost");
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});

describe("the options of keep-alive", () => {
  const problems: readonly KeepAliveOptions[] = [0, -1, Number.NaN, Infinity, 0x80000000].flatMap((milliseconds) => [
    { intervalMs: milliseconds },
    { timeoutMs: milliseconds },
  ]);

  it.each(problems)("are refused at once when they are %o", async (keepAlive) => {
    const [[name, milliseconds] = expect.fail()] = Object.entries(keepAlive);
    const expected = `keepAlive.${name} must be from 1 to 2147483647 milliseconds, not ${milliseconds}`;
    const open = () => createUdsTransport({ socketPath: "unused.sock", keepAlive });
    expect(open).toThrow(InvalidOptionsError);
    expect(open).toThrow(expected);
    // Not after two minutes of waiting for a mod.
    const error = await failureOf(connect({ socketPath: "missing.sock", keepAlive, waitForReady: true }));
    expect(error).toBeInstanceOf(InvalidOptionsError);
  });

  it("may be at their limits", async () => {
    for (const keepAlive of [{ intervalMs: 0x7fffffff, timeoutMs: 0x7fffffff }, { intervalMs: 1, timeoutMs: 1 }, {}]) {
      await createUdsTransport({ socketPath: "unused.sock", keepAlive }).close();
    }
  });
});

describe("keep-alive and the process", () => {
  it.each([
    ["pings on an idle connection", "{ intervalMs: 1, timeoutMs: 1_000 }"],
    ["waiting for the next ping", "{ intervalMs: 3_600_000 }"],
  ])("does not keep it alive by %s", async (_, keepAlive) => {
    await using server = await startHttp2Server(answerPing);
    const result = await runScript(`
      import { connect } from ${JSON.stringify(builtLibrary)};
      const keepAlive = ${keepAlive};
      const resonite = await connect({ socketPath: ${JSON.stringify(server.socketPath)}, keepAlive });
      await resonite.connection.ping();
      // Time for a ping or two.
      setTimeout(() => console.log("done"), 20);
    `);
    expect(result).toEqual({ exitCode: 0, stdout: "done\n", stderr: "" });
  });

  it("does not keep it alive by a ping that nobody answers", async () => {
    await using peer = await startPingPeer();
    const result = runScript(`
      import { connect } from ${JSON.stringify(builtLibrary)};
      const keepAlive = { intervalMs: 1, timeoutMs: 3_600_000 };
      const resonite = await connect({ socketPath: ${JSON.stringify(peer.socketPath)}, keepAlive });
      // Time for a ping.
      setTimeout(() => console.log("done"), 20);
    `);
    await peer.nextPing();
    expect(await result).toEqual({ exitCode: 0, stdout: "done\n", stderr: "" });
  });

  it.each([
    ["an answer", "resonite.connection.ping()"],
    ["the reading of what it has sent", "resonite.rpc.microphone.streamAudio(tooMuch())"],
  ])("ends a process that waits for nothing but %s of a frozen mod", async (_, call) => {
    await using peer = await startNetServer((socket) => socket.pause().write(wideGreeting));
    const result = await runScript(`
      import { connect } from ${JSON.stringify(builtLibrary)};
      const keepAlive = { intervalMs: 1, timeoutMs: 20 };
      const resonite = await connect({ socketPath: ${JSON.stringify(peer.socketPath)}, keepAlive });
      async function* tooMuch() {
        yield { samples: new Uint8Array(8 * 1024 * 1024) };
      }
      await ${call}.catch((error) => console.log(error.rawMessage));
    `);
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("has not answered"), stderr: "" });
  });
});

const realSetTimeout = setTimeout;

/**
 * Moves the clock where timers fire: before what the sockets have for this process is read. All of that, and what follows from
 * it, has happened when the clock is moved the next time.
 */
async function pass(milliseconds: number): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTimer();
  vi.advanceTimersByTime(milliseconds);
}

function nextTimer(): Promise<void> {
  return new Promise((resolve) => void realSetTimeout(resolve));
}

/** One question whether the peer lives. */
interface ReceivedPing {
  answer(): void;
}

const frameHeaderBytes = 9;
const prefaceBytes = 24;
const pingType = 6;
const ackFlag = 1;
const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A greeting that lets a client send more ahead than a socket can hold. */
const wideGreeting = Buffer.from([
  ...[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff],
  ...[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0],
]);
/** One byte more for the whole connection; any frame would do. */
const windowUpdateFrame = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/** Speaks just enough HTTP/2 to greet, and answers a ping only when the test says so. */
async function startPingPeer() {
  const pings: ReceivedPing[] = [];
  const hungUp = Promise.withResolvers<void>();
  let wake = (): void => {};
  let pingCount = 0;
  let socket: Socket | undefined;
  const server = await startNetServer((connected) => {
    socket = connected;
    connected.write(settingsFrame);
    connected.once("close", () => hungUp.resolve());
    onPing(connected, (payload) => {
      pingCount++;
      pings.push({ answer: () => connected.write(pingAck(payload)) });
      wake();
    });
  });
  return {
    socketPath: server.socketPath,
    hungUp: hungUp.promise,
    get pingCount() {
      return pingCount;
    },
    /** Each ping once, in order. */
    async nextPing(): Promise<ReceivedPing> {
      for (;;) {
        const ping = pings.shift();
        if (ping !== undefined) return ping;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    hangUp: () => void socket?.destroy(),
    sendSomething: () => void socket?.write(windowUpdateFrame),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function onPing(socket: Socket, listener: (payload: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  let skipped = prefaceBytes;
  socket.on("data", (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      if (rest.length < skipped + frameHeaderBytes) return;
      const end = skipped + frameHeaderBytes + rest.readUIntBE(skipped, 3);
      if (rest.length < end) return;
      const isPing = rest.readUInt8(skipped + 3) === pingType && rest.readUInt8(skipped + 4) !== ackFlag;
      if (isPing) listener(rest.subarray(skipped + frameHeaderBytes, end));
      rest = rest.subarray(end);
      skipped = 0;
    }
  });
}

function pingAck(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, payload.length, pingType, ackFlag, 0, 0, 0, 0]), payload]);
}

/** A server in a process of its own that answers every call as it answers a ping. */
async function startModProcess(socketPath: string) {
  const script = `
    import * as http2 from "node:http2";
    const server = http2.createServer();
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from(${JSON.stringify(pong().toString("base64"))}, "base64"));
    });
    server.listen(${JSON.stringify(socketPath)}, () => console.log("listening"));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    socketPath,
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    },
  };
}

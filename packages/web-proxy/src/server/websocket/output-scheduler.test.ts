import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { creditFrame, frame, halfCloseFrame, messageFrame, openFrame } from "../../testing/raw-websocket-client.js";
import { serveWebSockets, type WebSocketServing } from "../../testing/serve-websockets.js";
import { frameTypes, maxDataBytes } from "../../wire/protocol.js";

const bytes = (...values: number[]) => Uint8Array.from(values);
/** A camera frame in 4K. */
const pictureBytes = 3_840 * 2_160 * 4;
/** What the scheduler leaves to the socket at once, beyond the last piece. */
const bufferBytes = 128 * 1024;
const kibibyte = 1024;
/** Time moves without anybody being asked whether he is there. */
const noHeartbeat = { heartbeatIntervalMs: 1_000_000_000 };

describe("what a connection sends", () => {
  it("lets a call that is answered at once pass a large message that is being sent", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1));
    const camera = await serving.gate.started();
    const picture = new Uint8Array(pictureBytes);
    camera.emit(picture);
    await client.until(() => client.dataBytes(1) > 1_000_000);
    const [socket] = serving.sockets;
    let givenToSocket = 0;
    let heldByProcess = 0;
    serving.gate.onStart = (ping) => {
      givenToSocket = socket?.bytesWritten ?? 0;
      heldByProcess = socket?.writableLength ?? 0;
      ping.open();
      ping.announce();
      ping.emit(bytes(1));
      ping.end();
    };

    client.send(openFrame(2), messageFrame(2, bytes(1)), halfCloseFrame(2));
    await client.endOf(2);

    const pictureBytesBefore = bytesBefore(client, frameTypes.end, 2);
    // What went to the socket between the answer of the ping and its END: no more than a turn of each.
    expect(pictureBytesBefore - givenToSocket).toBeLessThanOrEqual(2 * maxDataBytes);
    expect(heldByProcess).toBeLessThanOrEqual(bufferBytes + maxDataBytes + kibibyte);
    expect(pictureBytesBefore).toBeLessThan(pictureBytes);
    await client.until(() => client.dataBytes(1) === pictureBytes + 5);
  });

  it("puts PONG, CREDIT and END before all data that waits", async () => {
    await using serving = await serveWebSockets({ limits: { receiveWindowBytes: 100 } });
    const client = await serving.connect();
    client.send(openFrame(1), openFrame(2));
    const [camera, other] = [await serving.gate.started(0), await serving.gate.started(1)];
    camera.emit(new Uint8Array(pictureBytes));
    await client.until(() => client.dataBytes(1) > 1_000_000);

    client.send(frame(frameTypes.ping, 0), frame(frameTypes.data, 2, new Uint8Array(95)));
    await serving.gate.until(() => other.sent.length > 0);
    const givenToSocket = serving.sockets[0]?.bytesWritten ?? 0;
    other.end(new ConnectError("enough", Code.Aborted));
    await client.endOf(2);

    for (const [type, callId] of [
      [frameTypes.pong, 0],
      [frameTypes.credit, 2],
      [frameTypes.end, 2],
    ] as const) {
      expect(bytesBefore(client, type, callId) - givenToSocket).toBeLessThanOrEqual(2 * maxDataBytes);
    }
  });

  it("lets calls with a lot of data take turns, a piece each", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1), openFrame(2), openFrame(3));
    await serving.gate.started(2);

    for (const call of serving.gate.calls) {
      call.emit(new Uint8Array(20 * maxDataBytes));
      call.end();
    }
    for (const id of [1, 2, 3]) await client.endOf(id);

    const turns = client.framesOf(frameTypes.data).map(({ callId }) => callId);
    expect(turns).toHaveLength(3 * 21);
    expect(turns).toEqual(turns.map((_, i) => (i % 3) + 1));
  });

  it("makes one message of the small frames of a turn, and cuts what would be a large one", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    const ids = Array.from({ length: 30 }, (_, i) => i + 1);
    client.send(...ids.map((id) => openFrame(id)));
    await serving.gate.started(29);

    for (const call of serving.gate.calls) {
      call.announce({ "x-filler": "y".repeat(1_000) });
      call.emit(new Uint8Array(3_000));
      call.end();
    }
    await client.endOf(30);

    const sizes = client.messages
      .slice(1)
      .map((frames) => frames.reduce((sum, { payload }) => sum + 9 + payload.byteLength, 0));
    expect(sizes.length).toBeLessThanOrEqual(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * kibibyte);
  });

  it("is the bytes of a message themselves, and a copy of its beginning only", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1));
    const call = await serving.gate.started();
    const written = recordWrites(serving.sockets[0]);
    const message = new Uint8Array(1_000_000).fill(7);

    call.emit(message);
    call.end();
    await client.endOf(1);

    const own = written.filter(({ buffer }) => buffer === message.buffer);
    expect(own.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeGreaterThanOrEqual(
      message.byteLength - maxDataBytes,
    );
    expect(client.dataBytes(1)).toBe(message.byteLength + 5);
  });

  describe("is bounded", () => {
    it("when the client gives no credit, whatever upstream has", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      const ids = Array.from({ length: 64 }, (_, i) => i + 1);
      client.send(...ids.map((id) => openFrame(id, { sendCredit: 0 })));
      await serving.gate.started(63);

      const emittedBytes = await emitAsAllowed(serving, 20 * kibibyte, 200);
      await client.answered();

      const [handle] = serving.endpoint.clients;
      expect(handle?.waitingBytes).toBe(emittedBytes);
      expect(emittedBytes).toBeLessThanOrEqual(64 * (20 * kibibyte + 5));
    });

    it("when the client does not read, whatever credit it gives", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), openFrame(2), openFrame(3));
      await serving.gate.started(2);
      client.socket.pause();

      await emitAsAllowed(serving, 300 * kibibyte, 2_000);

      const [handle] = serving.endpoint.clients;
      expect(handle?.waitingBytes).toBeGreaterThan(bufferBytes);
      expect(handle?.waitingBytes).toBeLessThanOrEqual(
        bufferBytes + maxDataBytes + 3 * (300 * kibibyte + 5) + kibibyte,
      );
      expect(serving.gate.calls.map(({ isPaused }) => isPaused)).toEqual([true, true, true]);
    });

    it("by a limit for all calls together: the message that is too much ends its call", async () => {
      await using serving = await serveWebSockets({ limits: { maxWaitingBytes: 1_000_000 } });
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 0 }), openFrame(2, { sendCredit: 0 }), openFrame(3));
      await serving.gate.started(2);

      serving.gate.callAt(0).emit(new Uint8Array(600_000));
      serving.gate.callAt(1).emit(new Uint8Array(600_000));

      expect(await client.codeOf(2)).toBe(Code.ResourceExhausted);
      expect(serving.gate.calls.map(({ isOver }) => isOver)).toEqual([false, true, false]);
      serving.gate.callAt(2).emit(new Uint8Array(300_000));
      await client.until(() => client.dataBytes(3) === 300_005);
    });

    it("when the client asks and asks and does not read the answers: it is closed with 4408", async () => {
      await using serving = await serveWebSockets({ limits: { framesPerSecond: 1_000_000_000 } });
      const client = await serving.connect();
      client.socket.pause();
      const [socket] = serving.sockets;
      const pings = Array.from({ length: 10_000 }, () => frame(frameTypes.ping, 0, new Uint8Array(8)));
      let mostHeld = 0;

      while (!serving.disconnects.has("ws-1")) {
        client.send(...pings);
        await setImmediate();
        mostHeld = Math.max(mostHeld, socket?.writableLength ?? 0);
      }

      expect(await serving.disconnected("ws-1")).toMatch(/^4408 /);
      expect(mostHeld).toBeLessThan(8 * kibibyte * kibibyte);
    });
  });

  describe("and is not taken", () => {
    it("for 10 seconds closes that client with 4408, and no other one loses a message", async () => {
      await using serving = await serveWebSockets({ limits: noHeartbeat });
      const [client, other] = [await serving.connect(), await serving.connect()];
      client.send(openFrame(1));
      const stuck = await serving.gate.started();
      other.send(openFrame(1));
      const fluent = await serving.gate.started(1);
      client.socket.pause();
      stuck.emit(new Uint8Array(pictureBytes));
      await untilStuck(serving.sockets[0]);

      serving.clock.advance(9_999);
      await turns(5);
      expect(serving.disconnects.size).toBe(0);
      serving.clock.advance(1);
      const reason = await givenUp(serving, "ws-1");

      expect(reason).toBe("4408 the client does not read what is sent to it");
      expect(stuck.cancelledWith).toMatchObject({ code: Code.Canceled });
      for (let i = 0; i < 10; i++) fluent.emit(new Uint8Array(500_000));
      fluent.end();
      expect(await other.codeOf(1)).toBe(0);
      expect(other.dataBytes(1)).toBe(10 * 500_005);
      // Who reads again at last finds the reason behind what was sent before.
      client.socket.resume();
      expect(await client.closed).toEqual({ code: 4408, reason: "the client does not read what is sent to it" });
    });

    it("by a client that does not read its close either, then its socket is destroyed", async () => {
      await using serving = await serveWebSockets({ limits: noHeartbeat });
      const client = await serving.connect();
      client.send(openFrame(1));
      const stuck = await serving.gate.started();
      client.socket.pause();
      stuck.emit(new Uint8Array(pictureBytes));
      const [socket] = serving.sockets;
      await untilStuck(socket);
      serving.clock.advance(10_000);
      await givenUp(serving, "ws-1");
      expect(socket?.destroyed).toBe(false);

      serving.clock.advance(5_000);

      expect(socket?.destroyed).toBe(true);
      expect(serving.clock.taskCount).toBe(0);
    });

    it("for want of credit is no offence", async () => {
      await using serving = await serveWebSockets({ limits: noHeartbeat });
      const client = await serving.connect();
      client.send(openFrame(1, { sendCredit: 10 }));
      (await serving.gate.started()).emit(new Uint8Array(100));
      await client.until(() => client.dataBytes(1) === 10);

      serving.clock.advance(60_000);
      await client.answered();
      client.send(creditFrame(1, 95));
      await client.until(() => client.dataBytes(1) === 105);
    });

    it("fast, but is taken, is no offence", async () => {
      await using serving = await serveWebSockets({ limits: noHeartbeat });
      const client = await serving.connect();
      client.send(openFrame(1));
      const call = await serving.gate.started();
      call.emit(new Uint8Array(pictureBytes));
      call.end();

      const [socket] = serving.sockets;
      let moments = 0;
      for (let before = 0; client.framesOf(frameTypes.end).length + serving.disconnects.size === 0; ) {
        await setImmediate();
        const taken = takenBytes(socket);
        if (taken === before) continue;
        before = taken;
        serving.clock.advance(9_000);
        moments++;
      }

      expect(serving.disconnects.size).toBe(0);
      expect(moments).toBeGreaterThan(2);
      expect(client.dataBytes(1)).toBe(pictureBytes + 5);
    });
  });
});

/** How many bytes of DATA had come, of all calls, when the first frame of a kind came. */
function bytesBefore(
  { frames }: { readonly frames: readonly { type: number; callId: number; payload: Uint8Array }[] },
  type: number,
  callId: number,
): number {
  const end = frames.findIndex((one) => one.type === type && one.callId === callId);
  return frames
    .slice(0, end)
    .filter((one) => one.type === frameTypes.data)
    .reduce((sum, { payload }) => sum + payload.byteLength, 0);
}

/** Lets every call give messages, as a real upstream would: not while it is paused. Returns how much was given, prefixes included. */
async function emitAsAllowed({ gate }: WebSocketServing, messageBytes: number, rounds: number): Promise<number> {
  let emittedBytes = 0;
  for (let round = 0; round < rounds; round++) {
    for (const call of gate.calls) {
      if (call.isPaused) continue;
      call.emit(new Uint8Array(messageBytes));
      emittedBytes += messageBytes + 5;
    }
    await setImmediate();
  }
  return emittedBytes;
}

/** Resolves when a socket holds something and the system has taken nothing of it for a while. */
async function untilStuck(socket: Socket | undefined): Promise<void> {
  if (socket === undefined) throw new Error("there is no such connection");
  let unchangedTurns = 0;
  for (let before = -1; unchangedTurns < 100; before = socket.bytesWritten) {
    await setImmediate();
    unchangedTurns = socket.writableLength > 0 && socket.bytesWritten === before ? unchangedTurns + 1 : 0;
  }
}

/** Waits until a client is given up. Should the system take something late, after {@link untilStuck}, the time begins anew. */
async function givenUp(serving: WebSocketServing, clientId: string): Promise<string> {
  for (;;) {
    await turns(5);
    if (serving.disconnects.has(clientId)) return await serving.disconnected(clientId);
    serving.clock.advance(10_000);
  }
}

/** What the system has taken of what was written to a socket. */
function takenBytes(socket: Socket | undefined): number {
  return socket === undefined ? 0 : socket.bytesWritten - socket.writableLength;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate();
}

/** Everything that is written to a socket from now on. */
function recordWrites(socket: Socket | undefined): readonly Uint8Array[] {
  if (socket === undefined) throw new Error("there is no such connection");
  const written: Uint8Array[] = [];
  const write = socket.write.bind(socket);
  socket.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (chunk instanceof Uint8Array) written.push(chunk);
    return Reflect.apply(write, undefined, [chunk, ...rest]);
  };
  return written;
}

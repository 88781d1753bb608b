import { setImmediate } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { rpcs } from "@resoio/core";
import { describe, expect, it } from "vitest";
import {
  creditFrame,
  frame,
  halfCloseFrame,
  messageFrame,
  openFrame,
  type RawWebSocketClient,
} from "../../testing/raw-websocket-client.js";
import { serveWebSockets } from "../../testing/serve-websockets.js";
import { encodeFrames, type Frame } from "../../wire/frames.js";
import { frameTypes, maxBatchBytes, maxCredit, maxFrameBytes } from "../../wire/protocol.js";

const bytes = (...values: number[]) => Uint8Array.from(values);
const drive = rpcs["locomotion.drive"].path;
const speak = rpcs["microphone.streamAudio"].path;

/** What a client does that is not allowed. Call 1 is open, call 2 has been half-closed, call 3 is over; 4 is the next. */
const offences: readonly (readonly [string, number, RegExp, (client: RawWebSocketClient) => void])[] = [
  ["a text message", 4400, /text/, (client) => client.sendBytes("hello")],
  ["a text message that is no UTF-8", 4400, /text/, ({ socket }) => socket.send(bytes(0xff), { binary: false })],
  ["a message that ends within a frame header", 4400, /within/, (client) => client.sendBytes(bytes(9, 0, 0, 0))],
  [
    "a message that ends within a frame",
    4400,
    /within/,
    (client) => client.sendBytes(bytes(9, 0, 0, 0, 0, 0, 0, 0, 2, 1)),
  ],
  ["a frame of type 0", 4400, /type 0/, (client) => client.sendBytes(bytes(0, 0, 0, 0, 0, 0, 0, 0, 0))],
  ["a frame of type 11", 4400, /type 11/, (client) => client.sendBytes(bytes(11, 0, 0, 0, 0, 0, 0, 0, 0))],
  [
    "a frame above the limit",
    4400,
    /65537/,
    (client) => client.send(frame(frameTypes.data, 1, new Uint8Array(maxFrameBytes + 1))),
  ],
  ["HELLO", 4400, /type 1/, (client) => client.send(frame(frameTypes.hello, 0))],
  ["HEADER", 4400, /type 5/, (client) => client.send(frame(frameTypes.header, 1))],
  ["END", 4400, /type 6/, (client) => client.send(frame(frameTypes.end, 1))],
  ["an OPEN that cannot be decoded", 4400, /OPEN/, (client) => client.send(frame(frameTypes.open, 4, bytes(10, 200)))],
  [
    "a HALF_CLOSE with a payload",
    4400,
    /HALF_CLOSE/,
    (client) => client.send(frame(frameTypes.halfClose, 1, bytes(1))),
  ],
  ["a CANCEL with a payload", 4400, /CANCEL/, (client) => client.send(frame(frameTypes.cancel, 1, bytes(1)))],
  ["a CREDIT of 3 bytes", 4400, /CREDIT/, (client) => client.send(frame(frameTypes.credit, 1, bytes(0, 0, 1)))],
  ["a CREDIT of nothing", 4400, /CREDIT/, (client) => client.send(creditFrame(1, 0))],
  ["a PING of 9 bytes", 4400, /PING/, (client) => client.send(frame(frameTypes.ping, 0, new Uint8Array(9)))],
  ["a PONG of 9 bytes", 4400, /PONG/, (client) => client.send(frame(frameTypes.pong, 0, new Uint8Array(9)))],
  [
    "more DATA than there is credit for",
    4402,
    /credit/,
    (client) => client.send(frame(frameTypes.data, 1, new Uint8Array(1_001))),
  ],
  ["credit beyond all bounds", 4402, /credit/, (client) => client.send(creditFrame(1, maxCredit), creditFrame(1, 1))],
  [
    "an OPEN with credit beyond all bounds",
    4402,
    /credit/,
    (client) => client.send(openFrame(4, { sendCredit: maxCredit + 1 })),
  ],
  ["an OPEN of call 0", 4403, /0/, (client) => client.send(openFrame(0))],
  ["an OPEN of a call that is open", 4403, /1/, (client) => client.send(openFrame(1))],
  ["an OPEN of a call that is over", 4403, /3/, (client) => client.send(openFrame(3))],
  ["DATA of a call that was never opened", 4403, /4/, (client) => client.send(messageFrame(4, bytes(1)))],
  ["CREDIT of a call that was never opened", 4403, /4/, (client) => client.send(creditFrame(4, 1))],
  ["CANCEL of a call that was never opened", 4403, /4/, (client) => client.send(frame(frameTypes.cancel, 4))],
  ["HALF_CLOSE of a call that was never opened", 4403, /4/, (client) => client.send(halfCloseFrame(4))],
  ["DATA of call 0", 4403, /0/, (client) => client.send(messageFrame(0, bytes(1)))],
  ["DATA after HALF_CLOSE", 4403, /2/, (client) => client.send(messageFrame(2, bytes(1)))],
  ["HALF_CLOSE twice", 4403, /2/, (client) => client.send(halfCloseFrame(2))],
  ["a PING of a call", 4403, /PING/, (client) => client.send(frame(frameTypes.ping, 1))],
  ["a PONG of a call", 4403, /PONG/, (client) => client.send(frame(frameTypes.pong, 1))],
];

describe("a WebSocket connection", () => {
  it.each(offences)(
    "is closed for %s, with %i and a reason, and nobody else notices",
    async (_, code, reason, offend) => {
      await using serving = await serveWebSockets({ limits: { receiveWindowBytes: 1_000 } });
      const [other, client] = [await serving.connect(), await serving.connect()];
      other.send(openFrame(1));
      const kept = await serving.gate.started();
      client.send(openFrame(1, { sendCredit: 0 }), openFrame(2), openFrame(3), halfCloseFrame(2));
      (await serving.gate.started(3)).end();
      await client.endOf(3);

      offend(client);

      const closed = await client.closed;
      expect(closed.code).toBe(code);
      expect(closed.reason).toMatch(reason);
      expect(serving.gate.calls.map(({ isOver }) => isOver)).toEqual([false, true, true, true]);
      expect(await serving.disconnected("ws-2")).toBe(`${code} ${closed.reason}`);
      kept.emit(bytes(1));
      await other.next(frameTypes.data, 1);
    },
  );

  it("does what came before the offence, and nothing that comes after it", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();

    client.sendBytes(
      Buffer.concat([encodeFrames([frame(frameTypes.ping, 0, bytes(1))]), bytes(99), encodeFrames([openFrame(1)])]),
    );
    client.send(openFrame(1));
    await client.closed;

    expect(client.framesOf(frameTypes.pong).map(({ payload }) => payload)).toEqual([bytes(1)]);
    expect(serving.gate.calls).toEqual([]);
  });

  it("is closed with WebSocket's own code 1009 for a message above the limit", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1));
    const call = await serving.gate.started();

    client.sendBytes(new Uint8Array(maxBatchBytes + 1));

    expect((await client.closed).code).toBe(1009);
    expect(await serving.disconnected("ws-1")).toMatch(/^1009 Max payload size exceeded/);
    expect(call.isOver).toBe(true);
  });

  it("takes a message of exactly the limit", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    const pings = Array.from({ length: 6 }, () => frame(frameTypes.ping, 0));
    const cancelled = [openFrame(1), frame(frameTypes.cancel, 1)];
    const data = Array.from({ length: 15 }, () => frame(frameTypes.data, 1, new Uint8Array(maxFrameBytes)));
    const start = [...cancelled, ...data, ...pings];
    const rest = maxBatchBytes - encodeFrames(start).byteLength - 9;

    client.send(...start, frame(frameTypes.data, 1, new Uint8Array(rest)));

    await client.next(frameTypes.pong, 0, 5);
  });

  it("ignores frames that cross the end of their call", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1));
    (await serving.gate.started()).end();
    await client.endOf(1);

    client.send(
      messageFrame(1, new Uint8Array(60_000)),
      creditFrame(1, 10),
      halfCloseFrame(1),
      frame(frameTypes.cancel, 1),
    );
    client.send(messageFrame(1, bytes(1)), halfCloseFrame(1));
    await client.answered();

    expect(serving.gate.callAt(0).sent).toEqual([]);
    expect(client.framesOf(frameTypes.end)).toHaveLength(1);
  });

  it("takes call ids with gaps between them, up to the largest", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();

    client.send(openFrame(10), openFrame(0xffff_ffff), frame(frameTypes.cancel, 7));
    (await serving.gate.started(1)).end();

    expect(await client.codeOf(0xffff_ffff)).toBe(0);
  });

  it("answers each PING with its bytes, and a WebSocket ping as WebSocket does", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    const { promise, resolve } = Promise.withResolvers<string>();
    client.socket.on("pong", (data) => resolve(data.toString()));

    client.send(
      frame(frameTypes.ping, 0, bytes(1, 2)),
      frame(frameTypes.ping, 0),
      frame(frameTypes.ping, 0, new Uint8Array(8)),
    );
    client.socket.ping("marco");
    await client.next(frameTypes.pong, 0, 2);

    expect(client.framesOf(frameTypes.pong).map(({ payload }) => payload.byteLength)).toEqual([2, 0, 8]);
    expect(await promise).toBe("marco");
  });

  it("is closed with 1011, and the log says why, when the proxy itself is at fault", async () => {
    const warnings: string[] = [];
    let isBroken = false;
    await using serving = await serveWebSockets({
      logger: { debug() {}, info() {}, warn: (message) => void warnings.push(message) },
      clock: {
        nowMs() {
          if (!isBroken) return 0;
          isBroken = false;
          throw new Error("the clock is broken");
        },
        unixNanos: () => 0n,
        schedule: () => () => {},
      },
    });
    const [client, other] = [await serving.connect(), await serving.connect()];
    client.send(openFrame(1));
    const call = await serving.gate.started();

    isBroken = true;
    client.send(frame(frameTypes.ping, 0));

    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(warnings).toEqual(["client ws-1: Error: the clock is broken"]);
    expect(call.isOver).toBe(true);
    await other.answered();
  });

  describe("has limits:", () => {
    it("one call too many ends with ResourceExhausted, and there is room again when one is over", async () => {
      await using serving = await serveWebSockets({ limits: { maxCalls: 2 } });
      const client = await serving.connect();
      client.send(openFrame(1), openFrame(2), openFrame(3), messageFrame(3, bytes(1)), halfCloseFrame(3));

      expect(await client.endOf(3)).toMatchObject({
        code: Code.ResourceExhausted,
        message: expect.stringContaining("2 calls"),
      });
      (await serving.gate.started()).end();
      await client.endOf(1);
      client.send(openFrame(4));
      await serving.gate.started(2);

      expect(serving.gate.calls).toHaveLength(3);
    });

    it("too many calls per second close it with 4429", async () => {
      await using serving = await serveWebSockets({ limits: { callsPerSecond: 10 } });
      const client = await serving.connect();
      for (let id = 1; id <= 20; id++) client.send(openFrame(id), frame(frameTypes.cancel, id));
      await client.answered();
      serving.clock.advance(1_000);
      for (let id = 21; id <= 30; id++) client.send(openFrame(id), frame(frameTypes.cancel, id));
      await client.answered();

      client.send(openFrame(31));

      expect(await client.closed).toMatchObject({ code: 4429, reason: expect.stringContaining("10 calls") });
    });

    it.each([
      [
        "frames",
        (client: RawWebSocketClient) => client.send(...Array.from({ length: 201 }, () => frame(frameTypes.ping, 0))),
      ],
      [
        "messages of a call",
        (client: RawWebSocketClient) => client.send(openFrame(1), frame(frameTypes.data, 1, new Uint8Array(5 * 200))),
      ],
      [
        "empty messages",
        (client: RawWebSocketClient) => {
          for (let i = 0; i < 201; i++) client.sendBytes(bytes());
        },
      ],
      [
        "WebSocket pings",
        (client: RawWebSocketClient) => {
          for (let i = 0; i < 201; i++) client.socket.ping();
        },
      ],
      [
        "frames of a call that is over",
        (client: RawWebSocketClient) =>
          client.send(openFrame(1), ...Array.from({ length: 200 }, () => frame(frameTypes.cancel, 1))),
      ],
    ])("too many %s per second close it with 4429, and no other connection", async (_, flood) => {
      await using serving = await serveWebSockets({ limits: { framesPerSecond: 100 } });
      const [client, other] = [await serving.connect(), await serving.connect()];

      flood(client);

      expect(await client.closed).toMatchObject({ code: 4429, reason: expect.stringContaining("100 frames") });
      await other.answered();
    });
  });

  describe("asks whether its client is there", () => {
    it("every 10 seconds, and closes it with 4409 when nothing comes for another 10", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();

      serving.clock.advance(9_999);
      expect(client.framesOf(frameTypes.ping)).toEqual([]);
      serving.clock.advance(1);
      const ping = await client.next(frameTypes.ping);
      serving.clock.advance(9_999);
      expect(serving.endpoint.clients.size).toBe(1);
      serving.clock.advance(1);

      expect(ping).toMatchObject({ callId: 0, payload: { byteLength: 8 } });
      expect(await client.closed).toMatchObject({ code: 4409, reason: expect.stringContaining("heartbeat") });
      expect(client.framesOf(frameTypes.ping).length).toBeLessThanOrEqual(2);
    });

    it.each([
      ["PONG", frame(frameTypes.pong, 0)],
      ["a PING of its own", frame(frameTypes.ping, 0)],
      ["a frame of any call", frame(frameTypes.cancel, 1)],
    ])("and takes %s for an answer", async (_, answer) => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), frame(frameTypes.cancel, 1));
      await client.answered();

      serving.clock.advance(10_000);
      for (let round = 0; round < 4; round++) {
        await client.next(frameTypes.ping, 0, round);
        serving.clock.advance(9_000);
        await sendAndBeRead(serving, client, answer);
        serving.clock.advance(1_000);
      }
      await client.next(frameTypes.ping, 0, 4);

      expect(serving.endpoint.clients.size).toBe(1);
    });

    it("and does not take half a frame for one", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();

      serving.clock.advance(19_999);
      const [socket] = serving.sockets;
      const readBefore = socket?.bytesRead ?? 0;
      client.socket.send(bytes(9, 0), { fin: false });
      await turnsUntil(() => (socket?.bytesRead ?? 0) > readBefore);
      serving.clock.advance(1);

      expect(await client.closed).toMatchObject({ code: 4409 });
    });
  });

  describe("that drives", () => {
    it.each([
      ["the avatar", drive],
      ["the microphone", speak],
    ])("%s and falls silent is stopped within a second, and stays otherwise", async (_, path) => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1), openFrame(2, { path }), openFrame(3, { path }));
      await serving.gate.started(2);

      serving.clock.advance(899);
      await client.next(frameTypes.ping, 0, 1);
      expect(serving.gate.calls.map(({ isOver }) => isOver)).toEqual([false, false, false]);
      serving.clock.advance(1);

      expect(await client.endOf(2)).toMatchObject({
        code: Code.Aborted,
        message: expect.stringContaining("heartbeat missed"),
      });
      expect(await client.codeOf(3)).toBe(Code.Aborted);
      expect(serving.gate.calls.map(({ cancelledWith }) => cancelledWith?.code)).toEqual([
        undefined,
        Code.Aborted,
        Code.Aborted,
      ]);
      serving.gate.callAt(0).end();
      expect(await client.codeOf(1)).toBe(0);
      expect(serving.endpoint.clients.size).toBe(1);
    });

    it("goes on driving as long as it answers, or says anything else", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { path: drive }));
      const call = await serving.gate.started();

      for (let round = 0; round < 6; round++) {
        serving.clock.advance(400);
        await client.next(frameTypes.ping, 0, round);
        serving.clock.advance(400);
        await client.next(frameTypes.ping, 0, round);
        await sendAndBeRead(serving, client, round % 2 === 0 ? frame(frameTypes.pong, 0) : messageFrame(1, bytes(1)));
      }

      expect(call.isOver).toBe(false);
      expect(call.sent).toHaveLength(3);
    });

    it("may drive again after it was stopped", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { path: drive }));
      await serving.gate.started();
      serving.clock.advance(900);
      await client.endOf(1);

      client.send(openFrame(2, { path: drive }));
      const second = await serving.gate.started(1);
      serving.clock.advance(899);
      expect(second.isOver).toBe(false);
      serving.clock.advance(1);

      expect(await client.codeOf(2)).toBe(Code.Aborted);
    });

    it("is asked no more often than others when it has stopped", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { path: drive }));
      (await serving.gate.started()).end();
      await client.endOf(1);

      serving.clock.advance(9_999);
      await client.answered();

      expect(client.framesOf(frameTypes.ping).length).toBeLessThanOrEqual(1);
    });

    it("may be silent as long as others when it has stopped", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { path: drive }));
      (await serving.gate.started()).end();
      await client.endOf(1);

      serving.clock.advance(19_999);
      await client.answered();
    });

    it("is cancelled at once when its connection is lost", async () => {
      await using serving = await serveWebSockets();
      const client = await serving.connect();
      client.send(openFrame(1, { path: drive }));
      const call = await serving.gate.started();

      client.socket.terminate();
      await serving.gate.until(() => call.isOver);

      expect(call.cancelledWith).toMatchObject({ code: Code.Canceled });
    });
  });

  describe("without calls", () => {
    const limits = { idleTimeoutMs: 60_000, heartbeatIntervalMs: 1_000_000 };

    it("is closed with 4410 after a while", async () => {
      await using serving = await serveWebSockets({ limits });
      const client = await serving.connect();

      serving.clock.advance(59_999);
      await client.answered();
      serving.clock.advance(1);

      expect(await client.closed).toMatchObject({ code: 4410, reason: expect.stringContaining("no call") });
    });

    it("is not closed while it has one, and begins to wait when that is over", async () => {
      await using serving = await serveWebSockets({ limits });
      const client = await serving.connect();
      serving.clock.advance(50_000);
      client.send(openFrame(1));
      const call = await serving.gate.started();

      serving.clock.advance(300_000);
      await client.answered();
      call.end();
      await client.endOf(1);
      serving.clock.advance(59_999);
      await client.answered();
      serving.clock.advance(1);

      expect(await client.closed).toMatchObject({ code: 4410 });
    });
  });
});

type Serving = Awaited<ReturnType<typeof serveWebSockets>>;

/** Sends a frame and waits until the proxy has read it, without making the proxy say anything. For the first connection. */
async function sendAndBeRead({ sockets }: Serving, client: RawWebSocketClient, sent: Frame): Promise<void> {
  const [socket] = sockets;
  if (socket === undefined) throw new Error("nobody has connected");
  const readBefore = socket.bytesRead;
  client.send(sent);
  await turnsUntil(() => socket.bytesRead > readBefore);
}

/** Lets the event loop turn until `isSo` holds. */
async function turnsUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

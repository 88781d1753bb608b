import { once } from "node:events";
import { request } from "node:http";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frame, openFrame, type RawWebSocketClient } from "../../testing/raw-websocket-client.js";
import { serveWebSockets, type WebSocketServing } from "../../testing/serve-websockets.js";
import { encodeCredit } from "../../wire/credit-payload.js";
import { encodeFrames } from "../../wire/frames.js";
import { closeCodes, type FrameType, frameTypes, maxCredit } from "../../wire/protocol.js";

const windowBytes = 100;
interface Step {
  readonly type: FrameType;
  readonly callId: number;
  readonly payload: Uint8Array;
  /** Of an OPEN or CREDIT. */
  readonly credit: number;
}

/** A step whose call is not known yet: the next one for an OPEN, otherwise one of those that were opened. */
interface Wish extends Omit<Step, "callId" | "payload"> {
  readonly pick: number;
  /** Takes `pick` for the call, whether that makes sense or not. */
  readonly isWild: boolean;
  readonly byteLength: number;
}

const rarely = fc.integer({ min: 0, max: 40 }).map((value) => value === 40);
const wish = (type: FrameType, maxBytes = 0): fc.Arbitrary<Wish> =>
  fc.record({
    type: fc.constant(type),
    pick: fc.nat(6),
    isWild: rarely,
    byteLength: fc.integer({ min: 0, max: maxBytes }),
    credit: fc.oneof(
      { weight: 30, arbitrary: fc.integer({ min: 1, max: 200 }) },
      { weight: 1, arbitrary: fc.integer({ min: maxCredit - 50, max: 0xffff_ffff }) },
      { weight: 1, arbitrary: fc.constant(0) },
    ),
  });
const wishes = fc.oneof(
  { weight: 8, arbitrary: wish(frameTypes.open) },
  { weight: 12, arbitrary: wish(frameTypes.data, 60) },
  { weight: 1, arbitrary: wish(frameTypes.halfClose) },
  { weight: 4, arbitrary: wish(frameTypes.cancel) },
  { weight: 6, arbitrary: wish(frameTypes.credit) },
  { weight: 4, arbitrary: wish(frameTypes.ping, 8) },
  { weight: 4, arbitrary: wish(frameTypes.pong, 8) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.values(frameTypes)).chain((type) => wish(type, 10)) },
);

/** Anything that a client could send frame by frame, in messages: mostly in order, so that it gets somewhere. */
const conversations: fc.Arbitrary<readonly (readonly Step[])[]> = fc
  .array(fc.array(wishes, { maxLength: 12 }), { maxLength: 8 })
  .map((messages) => {
    let lastId = 0;
    return messages.map((message) =>
      message.flatMap(({ type, pick, isWild, byteLength, credit }): readonly Step[] => {
        const isOfConnection = type === frameTypes.ping || type === frameTypes.pong;
        const isForNobody = type !== frameTypes.open && !isOfConnection && lastId === 0;
        if (isForNobody && !isWild) return [];
        const known = isOfConnection ? 0 : 1 + (pick % Math.max(1, lastId));
        const callId = isWild ? pick : type === frameTypes.open ? lastId + 1 : known;
        if (type === frameTypes.open) lastId = Math.max(lastId, callId);
        return [{ type, callId, credit, payload: payloadOf(type, byteLength, credit) }];
      }),
    );
  });

function payloadOf(type: FrameType, byteLength: number, credit: number): Uint8Array {
  if (type === frameTypes.open) return openFrame(0, { sendCredit: credit }).payload;
  return type === frameTypes.credit ? encodeCredit(credit) : zeros(byteLength);
}

/** The rules of the protocol once more, as plainly as possible: what a connection is closed with after some messages. */
class Model {
  #lastId = 0;
  readonly #calls = new Map<
    number,
    { receive: number; send: number; bytes: number; isHalfClosed: boolean; isOpen: boolean }
  >();

  /** The close code, or `undefined` when there was nothing wrong. */
  read(message: readonly Step[]): number | undefined {
    for (const one of message) {
      const code = this.#step(one);
      if (code !== undefined) return code;
    }
    for (const call of this.#calls.values()) {
      call.isOpen = true;
      refill(call);
    }
    return undefined;
  }

  #step({ type, callId: id, payload, credit: given }: Step): number | undefined {
    const { byteLength } = payload;
    if (type === frameTypes.hello || type === frameTypes.header || type === frameTypes.end)
      return closeCodes.protocolError;
    if (type === frameTypes.ping || type === frameTypes.pong) {
      if (id !== 0) return closeCodes.badCallId;
      return byteLength > 8 ? closeCodes.protocolError : undefined;
    }
    if (type === frameTypes.open) {
      if (id <= this.#lastId) return closeCodes.badCallId;
      this.#lastId = id;
      if (given > maxCredit) return closeCodes.flowControl;
      this.#calls.set(id, { receive: windowBytes, send: given, bytes: 0, isHalfClosed: false, isOpen: false });
      return undefined;
    }
    const isEmpty = type === frameTypes.cancel || type === frameTypes.halfClose;
    if (isEmpty && byteLength > 0) return closeCodes.protocolError;
    if (type === frameTypes.credit && given === 0) return closeCodes.protocolError;
    if (id === 0 || id > this.#lastId) return closeCodes.badCallId;
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    if (type === frameTypes.cancel) this.#calls.delete(id);
    if (type === frameTypes.credit) {
      call.send += given;
      if (call.send > maxCredit) return closeCodes.flowControl;
    }
    if (type === frameTypes.halfClose) {
      if (call.isHalfClosed) return closeCodes.badCallId;
      call.isHalfClosed = true;
      // Zeros are empty messages of five bytes each. Half of one ends the call, and nothing else.
      if (call.bytes % 5 !== 0) this.#calls.delete(id);
    }
    if (type === frameTypes.data) {
      if (call.isHalfClosed) return closeCodes.badCallId;
      call.receive -= byteLength;
      call.bytes += byteLength;
      if (call.receive < 0) return closeCodes.flowControl;
      refill(call);
    }
    return undefined;
  }
}

/** Credit comes back when half of it has been used, and upstream is there. */
function refill(call: { receive: number; readonly isOpen: boolean }): void {
  if (call.isOpen && (windowBytes - call.receive) * 2 >= windowBytes) call.receive = windowBytes;
}

describe("whatever a client sends", () => {
  let serving: WebSocketServing;
  let witness: RawWebSocketClient;

  beforeAll(async () => {
    serving = await serveWebSockets({
      limits: { receiveWindowBytes: windowBytes, framesPerSecond: 1e9, callsPerSecond: 1e9 },
    });
    witness = await serving.connect();
    witness.send(openFrame(1));
    await serving.gate.started();
  });

  afterAll(async () => {
    await serving[Symbol.asyncDispose]();
  });

  /** Another client goes on as if nothing had happened, and nothing is left of the one that has gone. */
  async function expectNoHarm(): Promise<void> {
    while (serving.endpoint.clients.size > 1) await setImmediate();
    expect(serving.gate.calls.filter(({ isOver }) => !isOver)).toHaveLength(1);
    expect(serving.gate.callAt(0).isOver).toBe(false);
    await witness.answered();
    expect(witness.framesOf(frameTypes.end)).toEqual([]);
  }

  /** Sends messages and resolves to the code that the connection was closed with; `undefined` when it is still in order. */
  async function send(
    client: RawWebSocketClient,
    messages: readonly (Uint8Array | string)[],
  ): Promise<number | undefined> {
    for (const message of messages) client.sendBytes(message);
    client.send(frame(frameTypes.ping, 0, Uint8Array.of(1, 2, 3)));
    const isDone = () =>
      client.framesOf(frameTypes.pong).some(({ payload }) => payload.byteLength === 3 && payload[2] === 3);
    const code = await Promise.race([
      client.closed.then((closed) => closed.code),
      client.until(isDone).then(
        () => undefined,
        async () => (await client.closed).code,
      ),
    ]);
    client.socket.close();
    await client.closed;
    return code;
  }

  it("frame by frame, it is closed with the code that the rules name, or not at all", async () => {
    await fc.assert(
      fc.asyncProperty(conversations, async (messages) => {
        const model = new Model();
        const expected = messages.map((message) => model.read(message)).find((code) => code !== undefined);
        using client = await serving.connect();

        const code = await send(
          client,
          messages.map((message) => encodeFrames(message)),
        );

        expect(code).toBe(expected);
        await expectNoHarm();
      }),
      { numRuns: 400 },
    );
  });

  it("byte by byte, it is closed with 4400, 4402 or 4403, or not at all", async () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.string({ maxLength: 20 }),
      // A frame that is in order, with another one behind it that is cut off or changed.
      fc.record({ at: fc.nat(), value: fc.nat(255), cut: fc.nat() }).map(({ at, value, cut }) => {
        const message = encodeFrames([
          openFrame(1),
          frame(frameTypes.data, 1, zeros(10)),
          frame(frameTypes.halfClose, 1),
        ]);
        message[at % message.byteLength] = value;
        return message.subarray(0, cut % (message.byteLength + 1));
      }),
    );
    const allowed = [undefined, closeCodes.protocolError, closeCodes.badCallId, closeCodes.flowControl];
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { maxLength: 4 }), async (messages) => {
        using client = await serving.connect();

        expect(allowed).toContain(await send(client, messages));
        await expectNoHarm();
      }),
      { numRuns: 300 },
    );
  });

  it("below the WebSocket, its socket is closed when it leaves, and nobody else notices", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), async (chunks) => {
        const upgrade = request(`${serving.url.replace("ws:", "http:")}/ws`, {
          headers: {
            Connection: "Upgrade",
            Upgrade: "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": "resoio.v1",
          },
        });
        upgrade.end();
        const [, socket] = await once(upgrade, "upgrade");
        socket.on("error", () => {});
        socket.resume();

        for (const chunk of chunks) socket.write(chunk);
        socket.end();
        await once(socket, "close");

        await expectNoHarm();
      }),
      { numRuns: 200 },
    );
  });
});

function zeros(byteLength: number): Uint8Array {
  return new Uint8Array(byteLength);
}

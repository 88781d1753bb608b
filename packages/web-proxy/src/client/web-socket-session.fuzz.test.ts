import { setImmediate as nextTurn } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@resoio/core";
import { HelloSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientOf } from "../testing/client-fixtures.js";
import { FakeWebSocket } from "../testing/fake-web-socket.js";
import { creditFrame, endFrame, frame, headerFrame, messageFrame, types } from "../testing/scripted-proxy.js";

const runs = { numRuns: 200, seed: 20_261_121 };

/** The codes that docs/websocket-protocol.md names for a breach, and what a client does that is closed in good order. */
const breachCodes = new Set([4400, 4402, 4403]);
const windowBytes = 2_048;

describe("the client", () => {
  it("survives arbitrary bytes, before the HELLO and behind it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), checkSurvival),
      runs,
    );
  });

  it("survives frames of every kind with any payload, for any call, cut off anywhere", async () => {
    const anyFrame = fc
      .record({
        type: fc.integer({ min: 0, max: 12 }),
        callId: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 0xffff_ffff })),
        payload: fc.uint8Array({ maxLength: 40 }),
        lie: fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { freq: 10, nil: undefined }),
      })
      .map(({ type, callId, payload, lie }) => frame(type, callId, payload, lie));
    await fc.assert(fc.asyncProperty(fc.boolean(), messagesOf(anyFrame), checkSurvival), runs);
  });

  it("survives frames that are right, in an order that is not, with any credit", async () => {
    const callId = fc.integer({ min: 1, max: 4 });
    const bytes = fc.uint8Array({ maxLength: 3_000 });
    const almostRight = fc.oneof(
      callId.map((id) => headerFrame(id, { "x-a": "b" })),
      fc.tuple(callId, bytes).map(([id, message]) => messageFrame(id, message)),
      fc.tuple(callId, bytes).map(([id, part]) => frame(types.data, id, part)),
      fc.tuple(callId, fc.integer({ min: 0, max: 18 })).map(([id, code]) => endFrame(id, { code, message: "over" })),
      fc.tuple(callId, fc.integer({ min: 0, max: 2 ** 32 - 1 })).map(([id, credit]) => creditFrame(id, credit)),
      fc.uint8Array({ maxLength: 8 }).map((payload) => frame(types.ping, 0, payload)),
    );
    await fc.assert(fc.asyncProperty(fc.constant(true), messagesOf(almostRight), checkSurvival), runs);
  });
});

function messagesOf(one: fc.Arbitrary<Uint8Array>): fc.Arbitrary<readonly Uint8Array[]> {
  const whole = fc.array(one, { minLength: 1, maxLength: 6 }).map((frames) => Buffer.concat(frames));
  const cut = fc.tuple(whole, fc.nat()).map(([message, length]) => message.subarray(0, length % (message.length + 1)));
  return fc.array(fc.oneof({ arbitrary: whole, weight: 5 }, { arbitrary: cut, weight: 1 }), { maxLength: 8 });
}

/**
 * Whatever a proxy sends: the client does not throw, its calls end with a `ConnectError` or go on, the connection is as it was or
 * was closed with a documented code, what it sends itself is right, and a new connection works.
 */
async function checkSurvival(isGreeted: boolean, messages: readonly Uint8Array[]): Promise<void> {
  await using client = clientOf(
    { url: "ws://fake" },
    { webSocket: FakeWebSocket, receiveWindowBytes: windowBytes, readMaxBytes: 10_000 },
  );
  const outcomes: unknown[] = [];
  const { connection, rpc } = client.resonite;
  const calls = [connection.ping(), drain(rpc.camera.streamFrames({})), connection.ping()].map((call) =>
    call.then(
      (value) => outcomes.push(value),
      (error: unknown) => outcomes.push(error),
    ),
  );
  await nextTurn();
  const socket = FakeWebSocket.latest;
  if (isGreeted) socket.deliver(helloFrame());
  await nextTurn();
  for (const message of messages) socket.deliver(message);
  await nextTurn();

  if (socket.closedWith !== undefined) {
    expect(breachCodes).toContain(socket.closedWith.code);
    expect(socket.closedWith.reason).not.toBe("");
    await Promise.all(calls);
  }
  expect(outcomes.filter((one) => one instanceof Error && !(one instanceof ConnectError))).toEqual([]);
  const receivedBytes = messages.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(creditIn(socket.sent)).toBeLessThanOrEqual(receivedBytes);
  checkSent(socket.sent);

  await client.transport.close();
  await Promise.all(calls);
  expect(outcomes).toHaveLength(3);
}

/** What a client sends is complete frames of its kinds, and nothing for a call behind its CANCEL. */
function checkSent(messages: readonly Uint8Array[]): void {
  const cancelled = new Set<number>();
  for (const message of messages.map((one) => Buffer.from(one))) {
    for (let offset = 0; offset < message.byteLength; ) {
      const type = message.readUInt8(offset);
      const callId = message.readUInt32BE(offset + 1);
      expect([types.open, types.data, types.halfClose, types.cancel, types.credit, types.ping, types.pong]).toContain(
        type,
      );
      expect(cancelled.has(callId)).toBe(false);
      if (type === types.cancel) cancelled.add(callId);
      offset += 9 + message.readUInt32BE(offset + 5);
      expect(offset).toBeLessThanOrEqual(message.byteLength);
    }
  }
}

function creditIn(messages: readonly Uint8Array[]): number {
  let credit = 0;
  for (const message of messages.map((one) => Buffer.from(one))) {
    for (let offset = 0; offset < message.byteLength; offset += 9 + message.readUInt32BE(offset + 5)) {
      if (message.readUInt8(offset) === types.credit) credit += message.readUInt32BE(offset + 9);
    }
  }
  return credit;
}

function helloFrame(): Uint8Array {
  const hello = create(HelloSchema, { maxMessageBytes: 1_000, sendCredit: 1_000 });
  return frame(types.hello, 0, toBinary(HelloSchema, hello));
}

async function drain(messages: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of messages) count++;
  return count;
}

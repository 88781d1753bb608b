import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type ChannelDown, ChannelDownSchema, ChannelUpSchema } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWebSocketTransport, type WebSocketTransport } from "../../client/index.js";
import { channelEntries } from "../../testing/channel-entries.js";
import { noteChannel } from "../../testing/note-channel.js";
import { joinNotes, type NoteClient, settle } from "../../testing/open-channel.js";
import { endFrame, messageFrame, type ScriptedPeer, ScriptedProxy, types } from "../../testing/scripted-proxy.js";

type Down = MessageInitShape<typeof ChannelDownSchema>;

const line = fc.nat(300).map((value) => encoded(noteChannel.down.Line, { value }));
const payload = fc.oneof(
  { weight: 4, arbitrary: line },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(0)) },
);
const tag = fc.oneof(
  { weight: 20, arbitrary: fc.constant(5) },
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 3, 300, 999, 2 ** 32 - 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 6) },
);
const entry = channelEntries(tag, payload);
const number = fc.oneof(
  { weight: 9, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }) },
);
const down: fc.Arbitrary<Down> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .record({
        sequence: number,
        unixNanos: fc.bigInt({ min: -9n, max: 2n ** 62n }),
        entries: fc.array(entry, { maxLength: 6 }),
      })
      .map((value): Down => ({ kind: { case: "batch", value } })),
  },
  { weight: 4, arbitrary: number.map((sequence): Down => ({ kind: { case: "endOfReplay", value: { sequence } } })) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        clientId: fc.nat(9),
        rooms: fc.array(fc.constantFrom("left", ""), { maxLength: 2 }),
        maySend: fc.boolean(),
      })
      .map((value): Down => ({ kind: { case: "welcome", value } })),
  },
  { weight: 2, arbitrary: fc.constant<Down>({}) },
);
const whole = down.map((message) => encoded(ChannelDownSchema, message));
const damaged = fc.record({ message: whole, at: fc.nat(), value: fc.nat(255), cut: fc.nat() }).map((wish) => {
  const message = Uint8Array.from(wish.message);
  if (message.byteLength > 0) message[wish.at % message.byteLength] = wish.value;
  return message.subarray(0, wish.cut % 2 === 0 ? message.byteLength : wish.cut % (message.byteLength + 1));
});
const messages = fc.oneof(
  { weight: 12, arbitrary: whole },
  { weight: 3, arbitrary: damaged },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
);
const welcome = encoded(ChannelDownSchema, {
  kind: {
    case: "welcome",
    value: { clientId: 1, session: "s", maySend: true, maxMessageBytes: 1_000, maxBatchMessages: 10 },
  },
});

/** The rules once more: whether a client that was let in leaves because of a message. */
function breaks(message: Uint8Array): boolean {
  let decoded: ChannelDown;
  try {
    decoded = fromBinary(ChannelDownSchema, message);
  } catch {
    return true;
  }
  const { kind } = decoded;
  if (kind.case !== "batch" && kind.case !== "endOfReplay") return kind.case === "welcome";
  if (kind.value.sequence >= 2n ** 53n) return true;
  if (kind.case === "endOfReplay") return false;
  return kind.value.entries.some(({ tag, payload, group }) => {
    if (group.length === 0) return tag === 0;
    return tag !== 0 || payload.byteLength > 0 || group.some((member) => member.tag === 0 || member.group.length > 0);
  });
}

describe("whatever a proxy sends on a channel", () => {
  let proxy: ScriptedProxy;
  let transport: WebSocketTransport;
  let peer: ScriptedPeer;
  let witness: NoteClient;
  let calls = 0;
  let round = 0;

  beforeAll(async () => {
    proxy = await ScriptedProxy.start();
    transport = createWebSocketTransport({ url: proxy.url, keepAlive: false });
    const joining = join();
    peer = await proxy.peer();
    await peer.next(types.data, 1);
    peer.send(messageFrame(1, welcome));
    witness = await joining;
  });

  afterAll(async () => {
    await transport.close();
    await proxy.stop();
  });

  async function join(): Promise<NoteClient> {
    calls++;
    return await joinNotes(transport, { reconnect: { nextDelayMs: () => undefined } });
  }

  /** Another channel on the same connection gets what is for it, and nothing is sent on in the call that is over. */
  async function expectNoHarm(): Promise<void> {
    const value = encoded(noteChannel.down.Line, { value: ++round });
    const batch: Down = { kind: { case: "batch", value: { entries: [{ tag: 5, payload: value }] } } };
    peer.send(messageFrame(1, encoded(ChannelDownSchema, batch)));
    await witness.until(`Line ${round}`);
    expect(witness.channel.stats.receivedMessages).toBe(round);
  }

  it("the client stays or leaves as the rules say, and is told once; another one on the connection stays", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { maxLength: 6 }), async (conversation) => {
        const broken = conversation.findIndex(breaks);
        const joining = join();
        const callId = calls;
        await peer.next(types.data, callId);
        peer.send(messageFrame(callId, welcome));
        const { channel } = await joining;
        channel.onError(() => {});

        for (const message of conversation) peer.send(messageFrame(callId, message));
        if (broken === -1) {
          await peer.settled();
          await settle(5);
          expect(peer.of(types.cancel, callId)).toEqual([]);
          expect(channel.send("Say", { value: 1 }).status).toBe("queued");
          await channel.flush();
          peer.send(endFrame(callId));
          expect(await channel.closed).toBeUndefined();
        } else {
          const error = await channel.closed;
          expect(error).toMatchObject({ name: "ConnectError" });
          expect([Code.Internal, Code.InvalidArgument]).toContain((error as { code?: Code }).code);
          await peer.next(types.cancel, callId);
          expect(channel.send("Say", { value: 1 }).status).toBe("closed");
        }

        expect(peer.of(types.cancel, callId)).toHaveLength(broken === -1 ? 0 : 1);
        await expectNoHarm();
      }),
      { numRuns: 250, seed: 1 },
    );
  });

  it("who is not welcomed is not let in, and says why", async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (first) => {
        const isWelcome = startsWithWelcome(first);
        const joining = join();
        const callId = calls;
        await peer.next(types.data, callId);
        peer.send(messageFrame(callId, first));

        if (isWelcome) await (await joining).channel.flush();
        else await expect(joining).rejects.toMatchObject({ code: Code.Internal });
        peer.send(endFrame(callId));
        await expectNoHarm();
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it.each([
    ["with success", endFrame, "the server did not want this client"],
    ["with an error", (id: number) => endFrame(id, { code: Code.NotFound, message: "no such thing" }), "no such thing"],
  ])("who is sent away %s before the welcome is not let in", async (_, end, message) => {
    const joining = join();
    const callId = calls;
    await peer.next(types.data, callId);
    peer.send(end(callId));

    await expect(joining).rejects.toThrow(message);
    await expectNoHarm();
  });

  it("the client asks to join before it says anything else", () => {
    const first = peer.messagesOf(1).map((message) => fromBinary(ChannelUpSchema, message).kind.case)[0];
    expect(first).toBe("join");
  });
});

function startsWithWelcome(message: Uint8Array): boolean {
  try {
    return fromBinary(ChannelDownSchema, message).kind.case === "welcome";
  } catch {
    return false;
  }
}

function encoded<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, init));
}

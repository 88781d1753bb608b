import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  type ChannelEntry,
  type ChannelEntrySchema,
  ChannelJoinSchema,
  type ChannelUp,
  ChannelUpSchema,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { channelEntries } from "../../testing/channel-entries.js";
import { noteChannel } from "../../testing/note-channel.js";
import { type NoteClient, type OpenChannel, openChannel, settle } from "../../testing/open-channel.js";
import { RawChannelMember } from "../../testing/raw-channel-member.js";
import { halfCloseFrame, messageFrame } from "../../testing/raw-websocket-client.js";
import { TestClock } from "../../testing/test-clock.js";
import type { ClientId, Disconnect } from "./channel-client.js";

const maxMessageBytes = 2_000;
const maxBatchMessages = 20;
const rooms = ["left", "right"];

type Up = MessageInitShape<typeof ChannelUpSchema>;
type Entry = MessageInitShape<typeof ChannelEntrySchema>;

// Mostly what is right, so that a conversation gets somewhere.
const payload = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300).map((value) => encoded(noteChannel.up.Say, { value })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(0)) },
);
const tag = fc.oneof(
  { weight: 20, arbitrary: fc.constant(6) },
  { weight: 2, arbitrary: fc.constantFrom(1, 7, 300, 999, 2 ** 32 - 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 5) },
);
const entry = channelEntries(tag, payload);
const room = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...rooms) },
  { weight: 1, arbitrary: fc.constantFrom("secret", "") },
);
const batch = (maxLength: number): fc.Arbitrary<Up> =>
  fc.record({ sequence: fc.bigInt({ min: 0n, max: 9n }), entries: fc.array(entry, { maxLength }) }).map((value) => ({
    kind: { case: "batch", value },
  }));
const up: fc.Arbitrary<Up> = fc.oneof(
  { weight: 12, arbitrary: batch(6) },
  { weight: 1, arbitrary: batch(40) },
  { weight: 3, arbitrary: fc.constant<Up>({ kind: { case: "ready", value: {} } }) },
  {
    weight: 4,
    arbitrary: fc
      .record({ join: fc.array(room, { maxLength: 3 }), leave: fc.array(room, { maxLength: 2 }) })
      .map((value): Up => ({ kind: { case: "rooms", value } })),
  },
  { weight: 1, arbitrary: fc.constant<Up>({ kind: { case: "join", value: { channel: "notes" } } }) },
  { weight: 1, arbitrary: fc.constant<Up>({}) },
);
const whole = up.map((message) => toBinary(ChannelUpSchema, create(ChannelUpSchema, message)));
const damaged = fc.record({ message: whole, at: fc.nat(), value: fc.nat(255), cut: fc.nat() }).map((wish) => {
  const message = Uint8Array.from(wish.message);
  if (message.byteLength > 0) message[wish.at % message.byteLength] = wish.value;
  return message.subarray(0, wish.cut % 2 === 0 ? message.byteLength : wish.cut % (message.byteLength + 1));
});
const oversized = fc
  .integer({ min: maxMessageBytes - 20, max: maxMessageBytes + 20 })
  .map((byteLength) => encoded(ChannelUpSchema, batchUp([{ tag: 999, payload: new Uint8Array(byteLength - 12) }])));
const messages = fc.oneof(
  { weight: 12, arbitrary: whole },
  { weight: 3, arbitrary: damaged },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  { weight: 1, arbitrary: oversized },
);

/** The rules once more, as plainly as possible: what a member is closed with for a message; several where two rules are broken. */
function judge(message: Uint8Array): readonly Code[] {
  if (message.byteLength > maxMessageBytes) return [Code.ResourceExhausted];
  let decoded: ChannelUp;
  try {
    decoded = fromBinary(ChannelUpSchema, message);
  } catch {
    // One that breaks off behind too many messages is too large as well.
    return [Code.InvalidArgument, Code.ResourceExhausted];
  }
  const { kind } = decoded;
  if (kind.case === "join") return [Code.InvalidArgument];
  if (kind.case === "rooms") {
    const refused = [...kind.value.join, ...kind.value.leave].find((one) => !rooms.includes(one));
    if (refused === undefined) return [];
    return [refused === "" || refused.length > 100 ? Code.InvalidArgument : Code.PermissionDenied];
  }
  if (kind.case !== "batch") return [];
  const count = kind.value.entries.reduce((sum, { group }) => sum + (group.length || 1), 0);
  const isMalformed = kind.value.entries.some(({ tag, payload, group }) => {
    const members = group.length === 0 ? [{ tag, payload, group }] : group;
    const isBoth = group.length > 0 && (tag !== 0 || payload.byteLength > 0);
    return isBoth || members.some((member) => member.tag === 0 || member.group.length > 0);
  });
  if (count > maxBatchMessages) return [Code.ResourceExhausted];
  if (isMalformed) return [Code.InvalidArgument];
  return kind.value.entries.flatMap(({ group, ...one }) => (group.length === 0 ? [one] : group)).every(isWelcome)
    ? []
    : [Code.InvalidArgument];
}

function isWelcome({ tag: number, payload: bytes }: Pick<ChannelEntry, "tag" | "payload">): boolean {
  const type = noteChannel.byTag(number);
  if (type === undefined) return true;
  if (type.direction === "down") return false;
  try {
    fromBinary(type.schema, bytes);
    return true;
  } catch {
    return false;
  }
}

describe("whatever a client sends on a channel", () => {
  const clock = new TestClock();
  const gone = new Map<ClientId, Disconnect[]>();
  let open: OpenChannel;
  let witness: NoteClient;
  let taskCount = 0;
  let round = 0;

  beforeAll(async () => {
    open = await openChannel(
      {
        clock,
        window: { ms: 0 },
        session: { keepMs: 0 },
        clientRooms: rooms,
        limits: { maxBatchMessages, messagesPerSecond: 1e9 },
      },
      { limits: { maxMessageBytes, framesPerSecond: 1e9, callsPerSecond: 1e9 } },
    );
    open.channel.onAny(() => {});
    open.channel.onDisconnect(({ id }, disconnect) => gone.set(id, [...(gone.get(id) ?? []), disconnect]));
    witness = await open.join();
    await witness.channel.ready;
    await settle();
    taskCount = clock.taskCount;
  });

  afterAll(async () => {
    await open[Symbol.asyncDispose]();
  });

  /** The witness gets everything, and nothing is left of who has gone: no member, no timer, no room. */
  async function expectNoHarm(id: ClientId): Promise<void> {
    while (!gone.has(id)) await settle(1);
    open.channel.broadcast("Line", { value: ++round }, { persist: false });
    await witness.until(`Line ${round}`);
    expect(gone.get(id)).toHaveLength(1);
    expect([...open.channel.clients.keys()]).toEqual([witness.channel.clientId]);
    expect(open.channel.rooms).toEqual([]);
    expect(open.channel.stats).toMatchObject({ clients: 1, keptMessages: 0, keptBytes: 0 });
    while (open.proxy.clients.length > 1) await settle(1);
    expect(clock.taskCount).toBe(taskCount);
  }

  it("message by message, its call ends with the code that the rules name, or not at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { maxLength: 6 }), async (conversation) => {
        const expected = conversation.map(judge).find((codes) => codes.length > 0);
        using raw = await RawChannelMember.join(open.url);
        const { id } = open.client(1);

        for (const message of conversation) raw.raw.send(messageFrame(1, message));
        if (expected === undefined) {
          await raw.raw.answered();
          expect(gone.has(id)).toBe(false);
          raw.raw.send(halfCloseFrame(1));
          expect(await raw.ended()).toMatchObject({ code: 0 });
        } else {
          const end = await raw.ended();
          expect(expected).toContain(end.code);
          expect(end.message).not.toBe("");
          expect(gone.get(id)?.[0]).toMatchObject({ code: end.code, reason: end.message });
        }
        raw.raw.socket.close();

        await expectNoHarm(id);
        // What is too large is not even seen by the channel: to it the call is lost.
        const causes = expected === undefined ? ["left"] : ["violation", "lost"];
        expect(causes).toContain(gone.get(id)?.[0]?.cause);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("in whatever order, before it was let in or behind its end, it is a client once or never", async () => {
    const join = encoded(ChannelUpSchema, {
      kind: {
        case: "join",
        value: create(ChannelJoinSchema, { channel: "notes", schema: { fingerprint: noteChannel.fingerprint }, rooms }),
      },
    });
    const conversations = fc.tuple(
      fc.array(messages, { maxLength: 2 }),
      fc.array(messages, { maxLength: 4 }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(conversations, async ([before, after, leaves]) => {
        using raw = await RawChannelMember.open(open.url, {
          join: { channel: before.length === 0 ? "notes" : "elsewhere" },
        });
        const count = gone.size;
        for (const message of before) raw.raw.send(messageFrame(1, message));
        for (const message of [join, ...after]) raw.raw.send(messageFrame(1, message));
        if (leaves) raw.raw.send(halfCloseFrame(1));
        await raw.raw.answered();
        raw.raw.socket.terminate();
        await raw.raw.closed;

        while (open.channel.clients.size > 1 || open.proxy.clients.length > 1) await settle(1);
        await settle();
        expect(gone.size - count).toBeLessThanOrEqual(1);
        expect([...gone.values()].every(({ length }) => length === 1)).toBe(true);
        expect(open.channel.rooms).toEqual([]);
        expect(clock.taskCount).toBe(taskCount);
      }),
      { numRuns: 150, seed: 2 },
    );
    open.channel.broadcast("Line", { value: -1 }, { persist: false });
    await witness.until("Line -1");
  });
});

function encoded<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, init));
}

function batchUp(entries: Entry[]): Up {
  return { kind: { case: "batch", value: { entries } } };
}

import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ChannelSendError } from "../../channels/channel-error.js";
import { noteChannel } from "../../testing/note-channel.js";
import { type OpenChannel, openChannel, settle } from "../../testing/open-channel.js";
import { joinPath, RawChannelMember } from "../../testing/raw-channel-member.js";
import { messageFrame, openFrame, RawWebSocketClient } from "../../testing/raw-websocket-client.js";
import { TestClock } from "../../testing/test-clock.js";
import type { ChannelClient } from "./channel-client.js";

// The rules of ../shared/spec/messaging-after-viser.md, section 11.2, by their numbers: those that need a clock that a test can move, or
// are of the server alone. The others are in conformance/src/channel-oracles.test.ts, in a page as well.

const text = (value: string) => ({ value: new TextEncoder().encode(value) });

describe("a channel over a real socket", () => {
  it("oracle 3: what a newcomer costs depends on what is kept, not on what was ever sent", {
    timeout: 60_000,
  }, async () => {
    await using open = await openChannel();
    const note = (index: number) => open.channel.broadcast("Note", { name: `${index % 1_000}`, value: `${index}` });
    for (let index = 0; index < 1_000; index++) note(index);
    const { keptMessages, keptBytes } = open.channel.stats;
    for (let index = 0; index < 1_000_000; index++) note(index);
    expect(open.channel.stats).toMatchObject({ keptMessages: 1_000, sentMessages: 1_001_000 });
    // The values have more digits than before, and nothing else has changed.
    expect(open.channel.stats.keptBytes - keptBytes).toBeLessThan(6 * keptMessages);

    const client = await open.join();
    await client.channel.ready;

    expect(client.log).toHaveLength(1_001);
    expect(client.log.slice(0, 1_000)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => `Note ${index}=${999_000 + index}`),
    );
    expect(open.client().stats).toMatchObject({ sentMessages: 1_000, sentBatches: 8 });
  });

  describe("oracle 4:", () => {
    it("a single message leaves when the window is over, and not before", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock });
      const client = await open.join();
      await client.channel.ready;
      open.channel.broadcast("Note", { name: "x", value: "1" });

      clock.advance(16);
      await settle();
      expect(client.log).toEqual(["ready"]);
      clock.advance(1);
      await client.until((log) => log.includes("Note x=1"));
    });

    it("with a flush it leaves at once, and the flush tells when the socket has it", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock });
      const client = await open.join();
      await client.channel.ready;
      open.channel.broadcast("Note", { name: "x", value: "1" });
      expect(open.client().outbox.size).toBe(1);

      await open.channel.flush();

      expect(open.client().outbox.size).toBe(0);
      await client.until((log) => log.includes("Note x=1"));
    });

    it("a flush with nothing to send has no effect on what is sent later", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock });
      const client = await open.join();
      await client.channel.ready;

      await open.channel.flush();
      open.channel.broadcast("Note", { name: "x", value: "1" });
      await settle();

      expect(client.log).toEqual(["ready"]);
      expect(open.client().outbox.size).toBe(1);
    });

    it("with a window of 0 it leaves when the running code is through", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock, window: { ms: 0 } });
      const client = await open.join();
      await client.channel.ready;

      open.channel.broadcast("Note", { name: "x", value: "1" });
      open.channel.broadcast("Note", { name: "x", value: "2" });

      await client.until((log) => log.length > 1);
      expect(client.log).toEqual(["ready", "Note x=2"]);
    });

    it("what fills a batch leaves at once, by count as by bytes", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock, window: { maxMessages: 3, maxBytes: 10_000 } });
      const client = await open.join();
      await client.channel.ready;

      for (const value of [1, 2, 3]) open.channel.broadcast("Line", { value });
      await client.until((log) => log.length === 4);
      open.channel.broadcast("Event", text("x".repeat(10_000)));
      await client.until((log) => log.length === 5);
    });
  });

  it("oracle 7: that somebody is excluded is not on the wire", async () => {
    await using open = await openChannel({ window: { ms: 0 } });
    using raw = await RawChannelMember.join(open.url);
    const other = await open.join();
    await other.channel.ready;
    const [first, second] = [...open.channel.clients.values()];
    const note = { name: "x", value: "1" };

    open.channel.broadcast("Note", note);
    await raw.raw.until(() => raw.entries.length === 1);
    open.channel.broadcast("Note", note, { exclude: second === undefined ? [] : [second.id] });
    await raw.raw.until(() => raw.entries.length === 2);

    const schema = noteChannel.down.Note;
    const expected = { tag: 1, payload: toBinary(schema, create(schema, note)) };
    expect(raw.entries).toMatchObject([expected, expected]);
    const batches = raw.messages.filter(({ kind }) => kind.case === "batch");
    expect(batches).toHaveLength(2);
    expect([first?.stats.sentMessages, second?.stats.sentMessages]).toEqual([2, 1]);
  });

  it("oracle 8: a call that does not begin with a join ends, and is nobody's client", async () => {
    await using open = await openChannel();
    using raw = await RawWebSocketClient.connect(`${open.url.replace("http:", "ws:")}/ws`);
    raw.send(openFrame(1, { path: joinPath }), messageFrame(1, Uint8Array.of(0x1a, 0)));

    expect(await raw.endOf(1)).toMatchObject({
      code: Code.InvalidArgument,
      message: "the first message of a channel must be the join",
    });
    expect(open.channel.clients.size).toBe(0);
  });

  it.each([
    ["a number with a fraction for one without", { value: 1.5 }],
    ["a number that is too large", { value: 2 ** 40 }],
    [
      "what throws when it is read",
      {
        get value(): number {
          throw new Error("not readable");
        },
      },
    ],
  ])("oracle 9: %s is refused where it is given, and neither sent nor kept", async (_, message) => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;

    expect(() => open.channel.broadcast("Colour", message)).toThrow(ChannelSendError);
    open.channel.broadcast("Line", { value: 1 });

    await client.until((log) => log.length > 1);
    expect(client.log).toEqual(["ready", "Line 1"]);
    expect([...open.channel.state].map(({ name }) => name)).toEqual(["Line"]);
    const newcomer = await open.join();
    await newcomer.channel.ready;
    expect(newcomer.log).toEqual(["Line 1", "ready"]);
  });

  describe("oracle 10: when a client takes nothing,", () => {
    it("first what was replaced goes, then the oldest that may be missed, then the client", async () => {
      await using open = await openChannel({
        window: { ms: 0 },
        outbox: { maxMessages: 4, policy: "drop-oldest" },
      });
      using raw = await RawChannelMember.join(open.url, { credit: 1_000 });
      const client = open.client();
      await stall(open, client);
      const waiting = () => [...client.outbox].map(({ name, key }) => key ?? name);

      for (const value of ["1", "2", "3"]) open.channel.broadcast("Note", { name: "x", value });
      expect(waiting()).toEqual(["Note/x"]);
      for (let index = 0; index < 5; index++) open.channel.broadcast("Event", text(`${index}`));
      expect(waiting()).toEqual(["Note/x", "Event", "Event", "Event"]);
      expect(client.stats).toMatchObject({ supersededMessages: 2, droppedMessages: 2 });
      for (const name of ["y", "z", "w"]) open.channel.broadcast("Note", { name, value: "1" });
      expect(waiting()).toEqual(["Note/x", "Note/y", "Note/z", "Note/w"]);
      expect(client.state).toBe("ready");

      open.channel.broadcast("Note", { name: "v", value: "1" });
      expect(client.state).toBe("closed");
      expect(await raw.ended()).toMatchObject({ code: Code.ResourceExhausted });
    });

    it("he is given up after a while, also when nothing is too much", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock, window: { ms: 0 }, limits: { stallTimeoutMs: 5_000 } });
      using raw = await RawChannelMember.join(open.url, { credit: 1_000 });
      const client = open.client();
      const gone = new Promise((resolve) => open.channel.onDisconnect((_, { cause }) => resolve(cause)));
      await stall(open, client);

      clock.advance(4_999);
      expect(client.state).toBe("ready");
      clock.advance(2);

      expect(await gone).toBe("stalled");
      expect((await raw.ended()).message).toContain("took nothing for 5000 ms");
    });
  });

  it("oracle 12: what a client was too slow for when the channel is closed is counted", async () => {
    await using open = await openChannel({ window: { ms: 0 } });
    using raw = await RawChannelMember.join(open.url, { credit: 1_000 });
    await stall(open, open.client());
    for (const value of [1, 2, 3]) open.channel.broadcast("Line", { value });
    const unsent = new Promise((resolve) =>
      open.channel.onDisconnect((_, { unsentMessages }) => resolve(unsentMessages)),
    );

    // With the one that was on its way.
    expect(await open.channel.close({ drainMs: 1 })).toEqual({ unsentMessages: 4 });
    expect(await unsent).toBe(4);
    expect(open.channel.stats.unsentMessages).toBe(4);
    expect(await raw.ended()).toMatchObject({ code: Code.Unavailable });
  });
});

/** Has a client with little credit take nothing more. */
async function stall({ channel }: OpenChannel, client: ChannelClient<typeof noteChannel>): Promise<void> {
  channel.broadcast("Event", text("x".repeat(2_000)));
  while (client.outbox.size > 0) await settle(1);
  await settle();
}

import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../testing/event-log.js";
import { openChannel, settle } from "../../testing/open-channel.js";
import { RawChannelMember } from "../../testing/raw-channel-member.js";
import { TestClock } from "../../testing/test-clock.js";

const large = (value: number) => ({ value: new Uint8Array(100_000).fill(value) });

describe("a client whose handlers take their time", () => {
  it("takes no more than it can keep, and everything once they are through", async () => {
    await using open = await openChannel({ window: { ms: 0 } });
    const client = await open.join();
    await client.channel.ready;
    const mayGoOn = Promise.withResolvers<void>();
    const handled: number[] = [];
    client.channel.on("Event", async ({ value }) => {
      await mayGoOn.promise;
      handled.push(value[0] ?? -1);
    });
    for (let index = 0; index < 100; index++) open.channel.broadcast("Event", large(index));
    // The server would have sent it all.
    for (let turn = 0; turn < 50 && open.client().outbox.size > 0; turn++) await settle();
    expect(open.client().outbox.size).toBeGreaterThan(0);
    expect(handled).toEqual([]);

    mayGoOn.resolve();
    while (handled.length < 100) await settle(1);
    expect(handled).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(open.client().stats).toMatchObject({ droppedMessages: 0 });
  });

  it("has the next message handled after half a minute, and says which took so long", async () => {
    const clock = new TestClock();
    await using open = await openChannel();
    const client = await open.join({ clock });
    const log = new EventLog();
    client.channel.onError((error) => log.add(String(error)));
    client.channel.on("Line", ({ value }) => {
      log.add(`${value}`);
      return value === 1 ? new Promise(() => {}) : undefined;
    });
    clock.advance(0);
    for (const value of [1, 2]) open.channel.broadcast("Line", { value });
    await log.until("1");
    await settle();
    clock.advance(29_999);
    await settle();
    expect(log.lines).toEqual(["1"]);
    clock.advance(1);

    await log.until("2");
    expect(log.lines).toEqual(["1", "Error: a handler took longer than 30000 ms", "2"]);
  });
});

describe("a client to which the server does not listen", () => {
  it("gives the call up after a minute, and comes back with what waits", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ limits: { inboxBytes: 1 } });
    const heard = new EventLog();
    let isDeaf = true;
    open.channel.on("Note", ({ name }) => {
      heard.add(name);
      return isDeaf ? new Promise(() => {}) : undefined;
    });
    const client = await open.join({ clock, window: { ms: 0 }, reconnect: { nextDelayMs: () => 0 } });
    clock.advance(0);
    await client.channel.ready;
    for (let index = 0; index < 20; index++)
      client.channel.send("Note", { name: `${index}`, value: "x".repeat(100_000) });
    await settle(50);
    expect(client.channel.stats.waitingMessages).toBeGreaterThan(0);
    clock.advance(59_000);
    await settle();
    expect(client.channel.stats.joins).toBe(1);
    isDeaf = false;
    clock.advance(1_100);
    clock.advance(0);

    while (client.channel.stats.joins === 1) {
      await settle(1);
      clock.advance(1);
    }
    await heard.until("19");
  });
});

describe("what cannot be decoded", () => {
  it("is skipped and reported by a server that is told so, and the client stays", async () => {
    await using open = await openChannel({ malformed: "skip" });
    const log = new EventLog();
    open.channel.onError((error, { client, messageName }) =>
      log.add(`${messageName} of ${client?.id}: ${String(error)}`),
    );
    open.channel.on("Say", ({ value }) => log.add(`said ${value}`));
    using raw = await RawChannelMember.join(open.url);
    const entries = [
      { tag: 6, payload: Uint8Array.of(0xff) },
      { tag: 6, payload: Uint8Array.of(8, 7) },
      // Nobody listens to these: they are not even looked at.
      { tag: 7, payload: Uint8Array.of(0xff) },
    ];
    raw.send({ kind: { case: "batch", value: { entries } } });

    await log.until("said 7");
    await raw.raw.answered();
    expect(log.lines).toEqual([
      expect.stringMatching(/^Say of 0: .*1 bytes that are not a google.protobuf.UInt32Value/),
      "said 7",
    ]);
    expect(open.client().stats).toMatchObject({ receivedMessages: 3, malformedMessages: 1 });
    expect(open.client().state).toBe("ready");
  });

  it("of a type that only the server sends is what a client is never forgiven when others are strict", async () => {
    await using open = await openChannel();
    using raw = await RawChannelMember.join(open.url);
    raw.send({ kind: { case: "batch", value: { entries: [{ tag: 5 }] } } });

    expect(await raw.ended()).toMatchObject({
      code: Code.InvalidArgument,
      message: "Line came from a client, which may not send it",
    });
  });
});

describe("a client's logger", () => {
  it("is told of what goes wrong and nobody has a callback for", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const logger = { debug() {}, info() {}, warn: log.add, error() {} };
    const client = await open.join({ logger });
    const fail = () => {
      throw new Error("oh");
    };
    client.channel.on("Line", fail);
    open.channel.broadcast("Line", { value: 1 });
    await log.until("channel notes, Line: Error: oh");

    client.channel.onError(fail);
    open.channel.broadcast("Line", { value: 2 });
    await log.until("channel notes: an error callback failed: Error: oh");
    expect(log.lines).toHaveLength(2);
  });
});

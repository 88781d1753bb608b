import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../testing/event-log.js";
import { openChannel, settle } from "../../testing/open-channel.js";
import { RawChannelMember } from "../../testing/raw-channel-member.js";
import { TestClock } from "../../testing/test-clock.js";

describe("a client of a channel", () => {
  it("says who it is, and what it has done", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, window: { ms: 0 } });
    open.channel.on("Say", () => {});
    const joined = await open.join();
    await joined.channel.ready;
    const client = open.client();
    const [connection] = open.proxy.clients;

    expect(client).toMatchObject({
      id: 0,
      sessionId: 0,
      previousId: undefined,
      maySend: true,
      framing: "batch",
      remote: { address: "127.0.0.1", connectionId: connection?.id, name: undefined },
      schema: { fingerprint: joined.channel.schema.fingerprint, version: { min: 1, max: 1 } },
    });
    expect([...client.access].toSorted()).toEqual(["control", "observe"]);
    expect(client.signal.aborted).toBe(false);
    while (client.state !== "ready") await settle(1);

    for (const value of ["1", "2"]) open.channel.broadcast("Note", { name: "x", value });
    open.channel.atomic(() => {
      open.channel.broadcast("Line", { value: 1 });
      open.channel.broadcast("Line", { value: 2 });
    });
    await joined.until("Line 2");
    joined.channel.send("Say", { value: 1 });
    joined.channel.send("Say", { value: 2 });
    await joined.channel.flush();
    while (client.stats.receivedMessages < 2) await settle(1);
    clock.advance(1_234);

    expect(client.stats).toMatchObject({
      sentMessages: 3,
      sentBatches: 1,
      supersededMessages: 1,
      droppedMessages: 0,
      receivedMessages: 2,
      unknownMessages: 0,
      malformedMessages: 0,
      windowMs: 0,
      connectedMs: 1_234,
    });
    expect(client.stats.sentBytes).toBeGreaterThan(30);
    expect(client.bufferedBytes).toBe(0);
    expect(joined.channel.stats).toMatchObject({ sentMessages: 2, receivedMessages: 3, joins: 1, waitingMessages: 0 });
  });

  it("counts what waits for it here and in its connection", async () => {
    await using open = await openChannel({ window: { ms: 600_000 } });
    using _ = await RawChannelMember.join(open.url, { credit: 1_000 });
    const client = open.client();
    expect(client.bufferedBytes).toBe(0);
    open.channel.broadcast("Event", { value: new Uint8Array(5_000) });
    const waiting = client.bufferedBytes;
    expect(waiting).toBeGreaterThan(5_000);

    void client.flush();
    expect(client.outbox.size).toBe(0);
    await settle();
    // All but what its credit allowed.
    expect(client.bufferedBytes).toBeGreaterThan(4_000);
    client.close("enough");
    expect(client.bufferedBytes).toBe(0);
  });

  it("is closed with a reason that it is told, once, and stays usable", async () => {
    await using open = await openChannel({ window: { ms: 600_000 } });
    const joined = await open.join();
    await joined.channel.ready;
    const client = open.client();
    const gone: unknown[] = [];
    open.channel.onDisconnect((_, { code, reason, unsentMessages }) => gone.push([code, reason, unsentMessages]));
    client.send("Line", { value: 1 });
    const aborted = new Promise((resolve) => client.signal.addEventListener("abort", resolve));

    client.close("out of order", Code.FailedPrecondition);
    client.close("again");

    expect(client.state).toBe("closed");
    await aborted;
    const error = { code: Code.FailedPrecondition, rawMessage: "out of order" };
    expect(client.signal.reason).toBeInstanceOf(ConnectError);
    expect(client.signal.reason).toMatchObject(error);
    expect(await joined.channel.closed).toMatchObject(error);
    await settle();
    expect(gone).toEqual([[Code.FailedPrecondition, "out of order", 1]]);

    const receipt = client.send("Line", { value: 2 });
    expect([receipt.status, await receipt.outcome]).toEqual(["closed", "closed"]);
    client.join("left");
    await client.flush();
    expect(open.channel.rooms).toEqual([]);
    expect(client.outbox.size).toBe(0);
  });

  it("may listen by itself, behind the channel's own handlers, and to its own messages only", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    open.channel.onConnect((client) => client.on("Say", ({ value }) => log.add(`client ${client.id}: ${value}`)));
    open.channel.on("Say", ({ value }, client) => log.add(`channel: ${value} of ${client.id}`));
    const clients = [await open.join(), await open.join()];
    clients[1]?.channel.send("Say", { value: 1 });
    await log.until("client 1: 1");
    clients[0]?.channel.send("Say", { value: 2 });
    await log.until("client 0: 2");

    expect(log.lines).toEqual(["channel: 1 of 1", "client 1: 1", "channel: 2 of 0", "client 0: 2"]);
  });

  it("gets messages and groups of its own, which nobody else gets", async () => {
    await using open = await openChannel();
    const [one, other] = [await open.join(), await open.join()];
    const client = open.client();
    client.atomic(() => {
      client.send("Line", { value: 1 });
      client.send("Line", { value: 2 });
    });
    const group = client.begin();
    expect(group.send("Line", { value: 4 }).status).toBe("held");
    client.send("Line", { value: 3 });
    expect(group.isOpen).toBe(true);
    group.commit();
    expect(group.isOpen).toBe(false);
    open.channel.broadcast("Line", { value: 5 });

    await Promise.all([one.until("Line 5"), other.until("Line 5")]);
    expect(lines(one.log)).toEqual(["Line 1", "Line 2", "Line 3", "Line 4", "Line 5"]);
    expect(lines(other.log)).toEqual(["Line 5"]);
    expect(open.channel.stats.keptMessages).toBe(1);
  });
});

describe("what became of a message to one client", () => {
  it("is that the socket took it, or a newer one took its place", async () => {
    await using open = await openChannel();
    await open.join();
    const receipts = ["1", "2"].map((value) => open.client().send("Note", { name: "x", value }));

    expect(receipts.map(({ status }) => status)).toEqual(["queued", "queued"]);
    expect(await Promise.all(receipts.map(({ outcome }) => outcome))).toEqual(["superseded", "sent"]);
  });

  it("is that it was dropped when there was no room for it, or somebody took it out", async () => {
    await using open = await openChannel({ window: { ms: 600_000 }, outbox: { maxMessages: 2 } });
    const joined = await open.join();
    await joined.channel.ready;
    const client = open.client();
    const receipts = [1, 2, 3].map((value) => client.send("Event", { value: Uint8Array.of(value) }));
    expect(await receipts[0]?.outcome).toBe("dropped");
    expect(client.outbox.remove(({ payload }) => payload.at(-1) === 2)).toBe(1);
    expect(await receipts[1]?.outcome).toBe("dropped");

    await client.flush();
    expect(await receipts[2]?.outcome).toBe("sent");
    expect(client.stats).toMatchObject({ sentMessages: 1, droppedMessages: 2 });
  });

  it("is that the client is gone", async () => {
    await using open = await openChannel({ window: { ms: 600_000 } });
    const joined = await open.join();
    await joined.channel.ready;
    const { outcome } = open.client().send("Line", { value: 1 });
    joined.cut();

    expect(await outcome).toBe("closed");
  });

  it("is that its group was discarded", async () => {
    await using open = await openChannel();
    await open.join();
    const group = open.client().begin();
    const receipt = group.send("Line", { value: 1 });
    group.discard();

    expect([receipt.status, await receipt.outcome]).toEqual(["held", "dropped"]);
    expect(() => group.send("Line", { value: 2 })).toThrow(expect.objectContaining({ problem: "group-over" }));
  });
});

describe("an outbox", () => {
  it("shows what waits, with its age, and lets it be taken out", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, window: { ms: 600_000 } });
    const joined = await open.join();
    await joined.channel.ready;
    const { outbox } = open.client();
    expect([outbox.size, outbox.bytes, outbox.oldestAgeMs, [...outbox]]).toEqual([0, 0, 0, []]);

    open.channel.broadcast("Note", { name: "x", value: "1" });
    clock.advance(30);
    open.client().send("Line", { value: 1 });
    open.channel.atomic(() => {
      open.channel.broadcast("Event", { value: Uint8Array.of(1) });
      open.channel.broadcast("Line", { value: 2 });
    });
    clock.advance(10);

    expect(outbox.size).toBe(4);
    expect(outbox.oldestAgeMs).toBe(40);
    expect([...outbox].map(({ name, key, isPersistent, ageMs }) => [name, key, isPersistent, ageMs])).toEqual([
      ["Note", "Note/x", true, 40],
      ["Line", undefined, false, 10],
      ["Event", undefined, false, 10],
      ["Line", undefined, true, 10],
    ]);
    expect(outbox.bytes).toBe(open.client().bufferedBytes);
    // Of a group only the whole can go.
    expect(outbox.remove(({ name }) => name === "Line")).toBe(1);
    expect(outbox.remove(({ name }) => name === "Note")).toBe(1);
    expect(outbox.oldestAgeMs).toBe(10);

    await open.channel.flush();
    await joined.until("Line 2");
    expect(joined.log.map((line) => line.split(" ")[0])).toEqual(["ready", "Event", "Line"]);
    expect(open.client().stats.droppedMessages).toBe(2);
  });
});

describe("the framing", () => {
  it("of one client may be single messages, beside another one's batches", async () => {
    await using open = await openChannel();
    const [batch, single] = [await open.join({ framing: "batch" }), await open.join({ framing: "single" })];
    await Promise.all([batch.channel.ready, single.channel.ready]);
    expect([...open.channel.clients.values()].map(({ framing }) => framing)).toEqual(["batch", "single"]);
    for (let value = 1; value <= 5; value++) open.channel.broadcast("Line", { value });
    open.channel.atomic(() => {
      open.channel.broadcast("Line", { value: 6 });
      open.channel.broadcast("Line", { value: 7 });
    });

    await Promise.all([batch.until("Line 7"), single.until("Line 7")]);
    expect(single.log).toEqual(batch.log);
    expect([...open.channel.clients.values()].map(({ stats }) => stats.sentBatches)).toEqual([1, 6]);
  });

  it("is for a few clients as if there had never been others", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock });
    for (let index = 0; index < 8; index++) await (await open.join()).channel.close();
    const client = await open.join();
    await client.channel.ready;
    clock.advance(100);
    open.channel.broadcast("Line", { value: 1 });

    // Were it one of many, its window might end early.
    clock.advance(16.5);
    expect(open.client().outbox.size).toBe(1);
    clock.advance(0.5);
    expect(open.client().outbox.size).toBe(0);
  });

  it("of a client with maxRateHz brings it only so many batches a second", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, window: { ms: 10, maxMessages: 2 } });
    const slow = await open.join({ maxRateHz: 2 });
    await slow.channel.ready;
    for (let round = 0; round < 100; round++) {
      for (const value of [1, 2, 3]) open.channel.broadcast("Note", { name: `${value}`, value: `${round}` });
      clock.advance(10);
    }
    await settle();

    // A second, of which two halves; three messages are two batches.
    expect(open.client().stats.sentBatches).toBeLessThanOrEqual(4);
    expect(open.client().stats.sentBatches).toBeGreaterThanOrEqual(2);
    clock.advance(500);
    await slow.until("Note 3=99");
  });
});

const lines = (log: readonly string[]) => log.filter((line) => line !== "ready");

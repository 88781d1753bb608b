import { describe, expect, it } from "vitest";
import { ChannelSendError } from "../../channels/channel-error.js";
import { createWebSocketTransport } from "../../client/index.js";
import { EventLog } from "../../testing/event-log.js";
import { joinNotes, openChannel, settle } from "../../testing/open-channel.js";
import { TestClock } from "../../testing/test-clock.js";
import { createProxy } from "../create-proxy.js";

describe("what is broadcast", () => {
  it("with a key takes the place of what is older, last or in the place of the first as its type says", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    const send = () => {
      open.channel.broadcast("Note", { name: "x", value: "1" });
      open.channel.broadcast("Colour", { value: 101 });
      open.channel.broadcast("Line", { value: 1 });
      open.channel.broadcast("Note", { name: "x", value: "2" });
      open.channel.broadcast("Colour", { value: 102 });
      open.channel.broadcast("Colour", { value: 202 });
    };
    send();

    const expected = ["Colour 102", "Line 1", "Note x=2", "Colour 202"];
    await client.until("Colour 202");
    expect(client.log.slice(1)).toEqual(expected);
    const newcomer = await open.join();
    await newcomer.channel.ready;
    expect(newcomer.log.slice(0, -1)).toEqual(expected);
    // The same in a group, which is told as it was sent.
    open.channel.atomic(send);
    await client.until((log) => log.length === 9);
    expect(client.log.slice(5)).toEqual(expected);
  });

  it("without a key is replaced by nothing", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    for (let round = 0; round < 3; round++) open.channel.broadcast("Line", { value: 1 });
    open.channel.broadcast("Flag", { value: true });

    await client.until("Flag true");
    expect(client.log.slice(1)).toEqual(["Line 1", "Line 1", "Line 1", "Flag true"]);
    expect(open.channel.state.size).toBe(3);
  });

  it("has the key that the call names, or none with null", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 }, { key: "Line/only" });
    open.channel.broadcast("Line", { value: 2 }, { key: "Line/only" });
    for (const value of ["1", "2"]) open.channel.broadcast("Note", { name: "x", value }, { key: null });

    expect([...open.channel.state].map(({ name, key }) => [name, key])).toEqual([
      ["Line", "Line/only"],
      ["Note", undefined],
      ["Note", undefined],
    ]);
    const client = await open.join();
    await client.channel.ready;
    expect(client.log).toEqual(["Line 2", "Note x=1", "Note x=2", "ready"]);
  });

  it("is kept as its type says, or as the call does", async () => {
    await using open = await openChannel();
    const kept = [
      open.channel.broadcast("Line", { value: 1 }),
      open.channel.broadcast("Line", { value: 2 }, { persist: false }),
      open.channel.broadcast("Flag", { value: true }),
      open.channel.broadcast("Flag", { value: false }, { persist: true }),
    ];

    expect(kept.map(({ isKept }) => isKept)).toEqual([true, false, false, true]);
    const client = await open.join();
    await client.channel.ready;
    expect(client.log).toEqual(["Line 1", "Flag false", "ready"]);
  });

  it("ends with a tombstone what it is about, for those who wait as for those who come", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    open.channel.broadcast("Note", { name: "x", value: "1" });
    open.channel.broadcast("Note", { name: "y", value: "1" });
    open.channel.broadcast("NoteGone", { value: "x" });

    await client.until("NoteGone x");
    expect(client.log.slice(1)).toEqual(["Note y=1", "NoteGone x"]);
    const newcomer = await open.join();
    await newcomer.channel.ready;
    expect(newcomer.log).toEqual(["Note y=1", "ready"]);
  });

  it("is not for those that are excluded, one or several; but for them as well when they come again", async () => {
    await using open = await openChannel();
    const clients = [await open.join(), await open.join(), await open.join()];
    const [one, two] = [open.client(0).id, open.client(1).id];
    expect(open.channel.broadcast("Line", { value: 1 }, { exclude: one }).recipients).toBe(2);
    expect(open.channel.broadcast("Line", { value: 2 }, { exclude: [one, two] }).recipients).toBe(1);
    open.channel.atomic(() => {
      open.channel.broadcast("Line", { value: 3 }, { exclude: two });
      open.channel.broadcast("Line", { value: 4 });
    });

    await Promise.all(clients.map((client) => client.until("Line 4")));
    const lines = clients.map(({ log }) => log.filter((line) => line !== "ready").map((line) => line.at(-1)));
    expect(lines).toEqual([
      ["3", "4"],
      ["1", "4"],
      ["1", "2", "3", "4"],
    ]);
    const again = await open.join();
    await again.channel.ready;
    expect(again.log).toEqual(["Line 1", "Line 2", "Line 3", "Line 4", "ready"]);
  });

  it("is encoded at once: what happens to the object later has no effect", async () => {
    await using open = await openChannel();
    const client = await open.join();
    const note = { name: "x", value: "as it was" };
    const bytes = Uint8Array.from([65]);
    open.channel.broadcast("Note", note);
    open.channel.broadcast("Event", { value: bytes });
    note.value = "changed";
    bytes[0] = 66;

    await client.until("Event A");
    expect(client.log.filter((line) => line !== "ready")).toEqual(["Note x=as it was", "Event A"]);
  });

  it.each([
    ["Nothing", "is no message of the channel notes: the server may send Note, NoteGone, Colour, Event, Line, Flag"],
    ["Say", "is not what the server may send on the channel notes"],
  ])("cannot be %s, which is said where it is given", async (name, problem) => {
    await using open = await openChannel();

    expect(() => open.channel.broadcast(name as "Line", { value: 1 })).toThrow(ChannelSendError);
    expect(() => open.channel.broadcast(name as "Line", { value: 1 })).toThrow(problem);
  });
});

describe("atomic", () => {
  it("sends nothing of what throws, unless that is wanted", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    const fail = (value: number) => () => {
      open.channel.broadcast("Line", { value });
      throw new Error("not so");
    };
    expect(() => open.channel.atomic(fail(1))).toThrow("not so");
    expect(() => open.channel.atomic(fail(2), { onThrow: "commit" })).toThrow("not so");
    expect(open.channel.atomic(() => "what it returns")).toBe("what it returns");

    await client.until("Line 2");
    expect(client.log).toEqual(["ready", "Line 2"]);
    expect(open.channel.state.size).toBe(1);
  });

  it("takes no function that waits, and sends nothing of it", async () => {
    await using open = await openChannel();

    expect(() =>
      open.channel.atomic(async () => {
        open.channel.broadcast("Line", { value: 1 });
      }),
    ).toThrow("for one that waits, use begin");
    expect(open.channel.stats).toMatchObject({ sentMessages: 0, keptMessages: 0 });
  });

  it("gives each client what is for it, as one", async () => {
    await using open = await openChannel({ window: { maxMessages: 1 } });
    const [one, other] = [await open.join(), await open.join()];
    await Promise.all([one.channel.ready, other.channel.ready]);
    open.client(1).join("left");
    const result = open.channel.atomic(() => {
      open.client(0).send("Line", { value: 1 });
      open.channel.broadcast("Line", { value: 2 }, { room: "left" });
      return open.channel.broadcast("Line", { value: 3 });
    });

    expect(result).toEqual({ status: "held", recipients: 0, isKept: true });
    await Promise.all([one.until("Line 3"), other.until("Line 3")]);
    expect([one.log, other.log]).toEqual([
      ["ready", "Line 1", "Line 3"],
      ["ready", "Line 2", "Line 3"],
    ]);
    expect([0, 1].map((index) => open.client(index).stats.sentBatches)).toEqual([1, 1]);
  });

  it("reports what could not be kept in the end, and sends it all the same", async () => {
    await using open = await openChannel({ store: { maxMessages: 1 } });
    const errors = new EventLog();
    open.channel.onError((error, { messageName }) => errors.add(`${messageName}: ${String(error)}`));
    const client = await open.join();
    open.channel.atomic(() => {
      open.channel.broadcast("Line", { value: 1 });
      open.channel.broadcast("Line", { value: 2 });
    });

    await client.until("Line 2");
    expect(errors.lines).toEqual([expect.stringMatching(/^Line: ChannelSendError.*cannot be kept/)]);
    expect(open.channel.stats.keptMessages).toBe(1);
  });
});

describe("begin", () => {
  it("makes a group by hand, whatever is sent beside", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    const group = open.channel.begin();
    expect(group.broadcast("Line", { value: 1 })).toEqual({ status: "held", recipients: 0, isKept: true });
    expect(group.send(open.client(), "Line", { value: 2 }).status).toBe("held");
    open.channel.broadcast("Line", { value: 3 });
    await client.until("Line 3");
    group.commit();
    group.commit();
    expect(() => group.broadcast("Line", { value: 4 })).toThrow("its group was sent");

    await client.until("Line 2");
    expect(client.log).toEqual(["ready", "Line 3", "Line 1", "Line 2"]);
  });

  it("discards what is not committed: when it is disposed of, held for too long, or its channel is closed", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock });
    {
      using group = open.channel.begin();
      group.broadcast("Line", { value: 1 });
    }
    const held = open.channel.begin();
    held.broadcast("Line", { value: 2 });
    clock.advance(4_999);
    expect(held.isOpen).toBe(true);
    clock.advance(1);
    expect(held.isOpen).toBe(false);
    expect(() => held.broadcast("Line", { value: 3 })).toThrow("its group was held for more than 5000 ms");
    const committed = open.channel.begin({ maxHoldMs: 10, onTimeout: "commit" });
    committed.broadcast("Line", { value: 4 });
    clock.advance(10);
    const last = open.channel.begin();
    await open.channel.close();

    expect(last.isOpen).toBe(false);
    expect(open.channel.stats.sentMessages).toBe(1);
    expect(clock.taskCount).toBe(0);
  });

  it("leaves out who is gone", async () => {
    await using open = await openChannel();
    await open.join();
    const gone = open.client();
    gone.close("enough");
    using group = open.channel.begin();

    const receipt = group.send(gone, "Line", { value: 1 });
    expect([receipt.status, await receipt.outcome]).toEqual(["closed", "closed"]);
  });
});

describe("flush", () => {
  it("brings all clients what waits, and one that reads nothing does not keep it from them", async () => {
    await using open = await openChannel({ window: { ms: 600_000 } });
    const clients = [await open.join(), await open.join()];
    await Promise.all(clients.map(({ channel }) => channel.ready));
    open.channel.broadcast("Line", { value: 1 });
    await settle();
    expect(clients.map(({ log }) => log.length)).toEqual([1, 1]);

    await open.channel.flush();

    await Promise.all(clients.map((client) => client.until("Line 1")));
  });
});

describe("a channel", () => {
  it("that is closed lets nobody in, sends nothing, and may be closed again", async () => {
    await using open = await openChannel();
    await open.join();
    expect(await open.channel.close({ reason: "closing time" })).toEqual({ unsentMessages: 0 });
    expect(open.channel.broadcast("Line", { value: 1 })).toEqual({ status: "closed", recipients: 0, isKept: false });
    expect(await open.channel.close()).toEqual({ unsentMessages: 0 });

    await expect(open.join()).rejects.toThrow("closing time");
    expect(open.channel.stats).toMatchObject({ clients: 0, sentMessages: 0 });
  });

  it("may be served by two proxies at once, and by another one when one has stopped", async () => {
    await using one = await openChannel();
    await using other = await createProxy({ channels: [one.channel], port: 0 });
    const first = await one.join();
    await using second = await joinNotes(createWebSocketTransport({ url: other.url }));
    one.channel.broadcast("Line", { value: 1 });
    await Promise.all([first.until("Line 1"), second.until("Line 1")]);

    await one.proxy.stop();
    expect([...one.channel.clients.keys()]).toEqual([1]);
    one.channel.broadcast("Line", { value: 2 });
    await second.until("Line 2");
  });
});

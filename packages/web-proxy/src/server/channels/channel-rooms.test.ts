import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ChannelSendError } from "../../channels/channel-error.js";
import { EventLog } from "../../testing/event-log.js";
import { openChannel, settle } from "../../testing/open-channel.js";
import { RawChannelMember } from "../../testing/raw-channel-member.js";

describe("a room", () => {
  it("has those whom the server puts there, and only they get what is for it", async () => {
    await using open = await openChannel();
    const [inside, outside] = [await open.join(), await open.join()];
    open.client(0).join("left");

    expect(open.channel.room("left").broadcast("Line", { value: 1 })).toEqual({
      status: "queued",
      recipients: 1,
      isKept: true,
    });
    expect(open.channel.broadcast("Line", { value: 2 }, { room: ["left", "right"] }).recipients).toBe(1);
    open.channel.broadcast("Line", { value: 3 });

    await Promise.all([inside, outside].map((client) => client.until("Line 3")));
    expect(lines(inside.log)).toEqual(["Line 1", "Line 2", "Line 3"]);
    expect(lines(outside.log)).toEqual(["Line 3"]);
    expect(open.channel.room("left").clients.map(({ id }) => id)).toEqual([0]);
    expect([...open.client(0).rooms]).toEqual(["left"]);
  });

  it("brings a message once to who is in several of the rooms that it is for", async () => {
    await using open = await openChannel();
    const client = await open.join();
    open.client().join("left");
    open.client().join("right");

    open.channel.broadcast("Event", text("once"), { room: ["left", "right"] });
    open.channel.broadcast("Event", text("end"));

    await client.until("Event end");
    expect(lines(client.log)).toEqual(["Event once", "Event end"]);
  });

  it("sends who comes what is kept there, and nothing of it to a newcomer of the channel", async () => {
    await using open = await openChannel();
    const left = open.channel.room("left");
    for (const value of ["1", "2"]) left.broadcast("Note", { name: "x", value });
    left.broadcast("Event", text("not kept"));
    left.broadcast("Line", { value: 7 }, { persist: false });
    open.channel.broadcast("Line", { value: 1 });
    const client = await open.join();
    await client.channel.ready;
    expect(client.log).toEqual(["Line 1", "ready"]);

    open.client().join("left");
    open.client().join("left");
    open.channel.broadcast("Event", text("end"));

    await client.until("Event end");
    expect(client.log.slice(2)).toEqual(["Note x=2", "Event end"]);
  });

  it("sends what is kept in the order in which it was sent, whether in rooms or not, to who is there from the start", async () => {
    await using open = await openChannel({ clientRooms: ["left", "right"] });
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    open.channel.broadcast("Line", { value: 2 });
    open.channel.broadcast("Line", { value: 3 }, { room: "right" });
    open.channel.broadcast("Line", { value: 4 }, { room: "elsewhere" });
    open.channel.broadcast("Line", { value: 5 }, { room: "left" });

    const client = await open.join({ rooms: ["left", "right"] });
    await client.channel.ready;

    expect(client.log).toEqual(["Line 1", "Line 2", "Line 3", "Line 5", "ready"]);
    expect([...client.channel.rooms]).toEqual(["left", "right"]);
  });

  it("into which a connect callback puts a client counts as one from the start", async () => {
    await using open = await openChannel();
    open.channel.onConnect((client) => client.join("left"));
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });

    const client = await open.join();
    await client.channel.ready;

    expect(client.log).toEqual(["Line 1", "ready"]);
    expect([...client.channel.rooms]).toEqual(["left"]);
  });

  it("into which a connect callback puts a client late brings what came there meanwhile, in its order", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    open.channel.onConnect(async (client) => {
      log.add("asked");
      await log.until("may join");
      client.join("left");
      log.add("joined");
      await log.until("may go on");
    });
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    const joining = open.join();
    await log.until("asked");
    open.channel.broadcast("Line", { value: 2 });
    open.channel.broadcast("Note", { name: "x", value: "old" }, { room: "left" });
    open.channel.broadcast("Line", { value: 3 }, { room: "left" });
    log.add("may join");
    await log.until("joined");
    open.channel.broadcast("Note", { name: "x", value: "new" });
    open.channel.broadcast("Line", { value: 4 });
    log.add("may go on");

    const client = await joining;
    await client.until("Line 4");
    expect(client.log).toEqual(["Line 1", "ready", "Line 2", "Line 3", "Note x=new", "Line 4"]);
  });

  it("brings nothing more to who has left it", async () => {
    await using open = await openChannel();
    const client = await open.join();
    open.client().join("left");
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    open.client().leave("left");
    open.client().leave("left");

    expect(open.channel.broadcast("Line", { value: 2 }, { room: "left" }).recipients).toBe(0);
    open.channel.broadcast("Line", { value: 3 });

    await client.until("Line 3");
    expect(lines(client.log)).toEqual(["Line 1", "Line 3"]);
    expect(open.client().rooms.size).toBe(0);
  });

  it("is there while somebody is in it or something is kept for it", async () => {
    await using open = await openChannel();
    await open.join();
    expect(open.channel.rooms).toEqual([]);
    open.client().join("left");
    open.channel.broadcast("Line", { value: 1 }, { room: "right" });
    open.channel.broadcast("Event", text("gone by"), { room: "nowhere" });
    expect(open.channel.rooms.toSorted()).toEqual(["left", "right"]);

    const right = open.channel.room("right");
    expect([right.state.size, [...right.state].map(({ name }) => name)]).toEqual([1, ["Line"]]);
    expect(open.channel.stats.keptMessages).toBe(1);
    expect(open.channel.state.size).toBe(0);
    expect(right.state.remove(({ name }) => name === "Line")).toBe(1);
    open.client().close("enough");

    expect(open.channel.rooms).toEqual([]);
    expect(open.channel.stats).toMatchObject({ keptMessages: 0, keptBytes: 0 });
  });

  it.each([[""], ["x".repeat(101)]])("cannot be called %j", async (room) => {
    await using open = await openChannel();
    await open.join();

    expect(() => open.channel.broadcast("Line", { value: 1 }, { room })).toThrow(ChannelSendError);
    expect(() => open.client().join(room)).toThrow("cannot be a room");
    expect(open.channel.rooms).toEqual([]);
  });

  it("ends with a tombstone what is kept there, and not what is kept elsewhere", async () => {
    await using open = await openChannel();
    for (const room of ["left", undefined]) {
      open.channel.broadcast("Note", { name: "x", value: "1" }, room === undefined ? {} : { room });
    }
    open.channel.broadcast("NoteGone", { value: "x" }, { room: "left" });

    expect(open.channel.room("left").state.size).toBe(0);
    expect(open.channel.state.size).toBe(1);
  });
});

describe("a client that chooses its rooms", () => {
  it("goes into those that it may choose, and is sent what is kept there", async () => {
    await using open = await openChannel({ clientRooms: ["left"] });
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    const client = await open.join();
    await client.channel.ready;

    client.channel.join("left");
    await client.until("Line 1");
    expect([...open.client().rooms]).toEqual(["left"]);
    client.channel.leave("left");
    while (open.client().rooms.size > 0) await settle(1);

    expect([...client.channel.rooms]).toEqual([]);
    expect(open.client().state).toBe("ready");
  });

  it("is asked about by a function that knows who it is", async () => {
    const asked: unknown[] = [];
    await using open = await openChannel({
      clientRooms: (room, { access, name }) => {
        asked.push([room, [...access].toSorted(), name]);
        return true;
      },
    });
    const client = await open.join({ rooms: ["left"] });
    client.channel.join("right");
    while (open.client().rooms.size < 2) await settle(1);

    const access = ["control", "observe"];
    expect(asked).toEqual([
      ["left", access, undefined],
      ["right", access, undefined],
    ]);
  });

  it("is not let in with a room that it may not choose", async () => {
    await using open = await openChannel({ clientRooms: ["left"] });

    await expect(open.join({ rooms: ["left", "secret"] })).rejects.toMatchObject({
      code: Code.PermissionDenied,
      rawMessage: expect.stringContaining('may not choose the room "secret"'),
    });
    expect(open.channel.rooms).toEqual([]);
  });

  it("cannot choose what no room can be called, whatever it may choose", async () => {
    await using open = await openChannel({ clientRooms: () => true });
    for (const room of ["", "x".repeat(101)]) {
      await expect(open.join({ rooms: [room] })).rejects.toMatchObject({ code: Code.InvalidArgument });
      expect(open.channel.clients.size).toBe(0);
      using raw = await RawChannelMember.join(open.url);
      raw.send({ kind: { case: "rooms", value: { join: [room] } } });
      expect(await raw.ended()).toMatchObject({ code: Code.InvalidArgument });
    }
    expect(open.channel.rooms).toEqual([]);
  });

  it.each<["join" | "leave"]>([["join"], ["leave"]])(
    "loses its place when it wants to %s another, and has not moved at all",
    async (how) => {
      await using open = await openChannel({ clientRooms: ["left"] });
      const client = await open.join({ rooms: ["left"] });
      if (how === "leave") open.client().join("secret");
      const member = open.client();
      using raw = await RawChannelMember.join(open.url, { join: { rooms: ["left"] } });
      const rawClient = open.client(1);
      if (how === "leave") rawClient.join("secret");

      raw.send({ kind: { case: "rooms", value: { join: ["left"], leave: ["left"], [how]: ["left", "secret"] } } });

      expect(await raw.ended()).toMatchObject({ code: Code.PermissionDenied });
      expect(rawClient.state).toBe("closed");
      expect(member.state).not.toBe("closed");
      open.channel.broadcast("Line", { value: 1 });
      await client.until("Line 1");
    },
  );

  it("may be in so many, also when it joins with them, and no more", async () => {
    await using open = await openChannel({ clientRooms: () => true, limits: { maxRooms: 2 } });
    await expect(open.join({ rooms: ["a", "b", "c"] })).rejects.toMatchObject({ code: Code.ResourceExhausted });
    const client = await open.join({ rooms: ["a", "b"], reconnect: { nextDelayMs: () => undefined } });
    client.channel.leave("a");
    client.channel.join("c");
    client.channel.join("b");
    while (!open.client().rooms.has("c")) await settle(1);
    expect([...open.client().rooms]).toEqual(["b", "c"]);

    client.channel.join("d");

    expect(await client.channel.closed).toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: expect.stringContaining("may be in 2 rooms, and no more"),
    });
  });
});

const text = (value: string) => ({ value: new TextEncoder().encode(value) });
const lines = (log: readonly string[]) => log.filter((line) => line !== "ready");

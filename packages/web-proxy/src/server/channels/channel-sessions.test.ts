import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../testing/event-log.js";
import { openChannel, settle } from "../../testing/open-channel.js";
import { RawChannelMember } from "../../testing/raw-channel-member.js";
import { TestClock } from "../../testing/test-clock.js";
import { createToken } from "../access/tokens.js";

describe("a client whose connection is lost", () => {
  it("comes back as a new client of the same session, and gets only what is new", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const client = await open.join();
    await client.channel.ready;
    const before = open.client();
    const back = new Promise((resolve) => open.channel.onConnect(resolve));
    const gone = new Promise((resolve) => open.channel.onDisconnect((_, { cause }) => resolve(cause)));

    client.cut();
    expect(await gone).toBe("lost");
    open.channel.broadcast("Line", { value: 2 });
    await back;
    await client.until("Line 2");

    expect(client.log.filter((line) => line.startsWith("Line"))).toEqual(["Line 1", "Line 2"]);
    expect(client.log).not.toContain("reset");
    const after = open.client();
    expect([before.id, after.id, after.previousId, client.channel.clientId]).toEqual([0, 1, 0, 1]);
    expect([before.sessionId, before.previousId]).toEqual([after.sessionId, undefined]);
    expect(client.channel.stats.joins).toBe(2);
  });

  it("is told what has ended meanwhile", async () => {
    await using open = await openChannel();
    for (const name of ["x", "y"]) open.channel.broadcast("Note", { name, value: "1" });
    const client = await open.join();
    await client.channel.ready;
    const gone = new Promise((resolve) => open.channel.onDisconnect(resolve));
    client.cut();
    await gone;
    open.channel.broadcast("NoteGone", { value: "x" });

    await client.until("NoteGone x");
    expect(client.log.slice(0, 3)).toEqual(["Note x=1", "Note y=1", "ready"]);
    expect(client.log).not.toContain("reset");
  });

  it("keeps its rooms, and gets what came there meanwhile", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    open.client().join("left");
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    await client.until("Line 1");
    const gone = new Promise((resolve) => open.channel.onDisconnect(resolve));
    client.cut();
    await gone;
    open.channel.broadcast("Line", { value: 2 }, { room: "left" });

    await client.until("Line 2");
    expect([...open.client().rooms]).toEqual(["left"]);
    expect(client.log.filter((line) => line !== "ready")).toEqual(["Line 1", "Line 2"]);
  });

  it("comes back into the room that a connect callback has put it into, which it may not choose", async () => {
    await using open = await openChannel();
    open.channel.onConnect((client) => client.join("left"));
    const client = await open.join();
    await client.channel.ready;
    expect([...client.channel.rooms]).toEqual(["left"]);
    const back = new Promise((resolve) => open.channel.onConnect(resolve));
    client.cut();
    await back;
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });

    await client.until("Line 1");
    expect([...client.channel.rooms]).toEqual(["left"]);
  });

  it("has left and gone into the rooms that it has chosen meanwhile", async () => {
    await using open = await openChannel({ clientRooms: () => true });
    const client = await open.join({ rooms: ["left", "both"] });
    await client.channel.ready;
    const coming = Promise.withResolvers<void>();
    const mayCome = Promise.withResolvers<void>();
    open.channel.onConnect(async () => {
      coming.resolve();
      await mayCome.promise;
    });
    const lost = stateOf(client.channel, "lost");
    client.cut();
    await lost;
    client.channel.leave("left");
    client.channel.join("right");
    // It has asked for these, and hears later that it may come.
    await coming.promise;
    client.channel.join("late");
    client.channel.leave("both");
    mayCome.resolve();

    while (!["right", "late"].every((room) => open.client().rooms.has(room))) await settle(1);
    while (open.client().rooms.size > 2) await settle(1);
    expect([...client.channel.rooms].toSorted()).toEqual(["late", "right"]);
    expect(open.client().state).not.toBe("closed");
  });

  it("does not get again what was kept in a room when it came there", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    const client = await open.join();
    await client.channel.ready;
    open.client().join("left");
    await client.until("Line 1");
    const back = new Promise((resolve) => open.channel.onReady(resolve));
    client.cut();
    await back;
    open.channel.broadcast("Line", { value: 2 }, { room: "left" });

    await client.until("Line 2");
    expect(client.log.filter((line) => line !== "ready")).toEqual(["Line 1", "Line 2"]);
  });

  it("gets all of a room that it was not sent all of before", async () => {
    await using open = await openChannel({ window: { ms: 600_000 } });
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    open.channel.broadcast("Note", { name: "x", value: "1" });
    const client = await open.join();
    await client.channel.ready;
    // What is kept there waits for the window when the connection is lost.
    open.client().join("left");
    const gone = new Promise((resolve) => open.channel.onDisconnect(resolve));
    client.cut();
    await gone;

    await client.until("Line 1");
    expect(client.log).not.toContain("reset");
    expect(client.log.filter((line) => line === "Note x=1")).toHaveLength(1);
  });

  it("gets what was for it alone and kept, when it comes back", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    const before = open.client();
    before.send("Line", { value: 1 }, { persist: true });
    before.send("Line", { value: 2 });
    await client.until("Line 2");
    const gone = new Promise((resolve) => open.channel.onDisconnect(resolve));
    const greeting = new Promise((resolve) =>
      open.channel.onConnect((again) => {
        // A connect callback is before what is kept.
        again.send("Event", { value: new TextEncoder().encode("hello again") });
        resolve(again);
      }),
    );
    client.cut();
    await gone;
    expect(before.send("Line", { value: 9 }, { persist: true }).status).toBe("closed");
    await greeting;
    await client.until("Event hello again");
    await settle();

    expect(client.log.filter((line) => line !== "ready")).toEqual(["Line 1", "Line 2", "Event hello again"]);
  });

  it("gets again what is kept for it alone when it cannot go on, and others get nothing of it", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    open.client().send("Line", { value: 1 }, { persist: true });
    open.client().send("Line", { value: 2 });
    await client.until("Line 2");

    const { session } = client.channel.resumePoint ?? { session: "" };
    await client.channel.flush();
    client.cut();
    await client.until((log) => log.filter((line) => line === "ready").length === 2);
    const other = await open.join();
    await other.channel.ready;
    expect(other.log).toEqual(["ready"]);

    // A page that was loaded again knows the session but has nothing any more.
    const again = await open.join({ replay: { session, sequence: 0 } });
    await again.channel.ready;
    expect(again.log).toEqual(["Line 1", "ready"]);
  });

  it("has what it sends meanwhile sent when it is back", async () => {
    await using open = await openChannel();
    const said = new EventLog();
    open.channel.on("Say", ({ value }, { id }) => said.add(`${value} by ${id}`));
    const client = await open.join();
    await client.channel.ready;
    const lost = stateOf(client.channel, "lost");
    client.cut();
    await lost;
    const receipt = client.channel.send("Say", { value: 7 });
    expect(receipt.status).toBe("queued");
    expect(client.channel.stats.waitingMessages).toBe(1);

    await said.until("7 by 1");
    expect(await receipt.outcome).toBe("sent");
  });

  describe("begins anew, and hears of it,", () => {
    it("when it was away for too long", async () => {
      const clock = new TestClock();
      await using open = await openChannel({ clock, session: { keepMs: 5_000 }, window: { ms: 0 } });
      open.channel.broadcast("Line", { value: 1 });
      const client = await open.join();
      await client.channel.ready;
      const { sessionId } = open.client();
      const gone = new Promise<void>((resolve) => open.channel.onDisconnect(() => resolve()));
      client.cut();
      await gone;
      // Before it is back.
      clock.advance(5_000);

      await client.until((log) => log.filter((line) => line === "ready").length === 2);
      expect(client.log).toEqual(["Line 1", "ready", "reset", "Line 1", "ready"]);
      expect(open.client().sessionId).not.toBe(sessionId);
      expect(open.client().previousId).toBeUndefined();
    });

    it("when the channel keeps no sessions", async () => {
      await using open = await openChannel({ session: { keepMs: 0 } });
      open.channel.broadcast("Line", { value: 1 });
      const client = await open.join();
      await client.channel.ready;
      expect(client.channel.resumePoint).toBeUndefined();
      client.cut();

      await client.until((log) => log.filter((line) => line === "ready").length === 2);
      expect(client.log).toEqual(["Line 1", "ready", "reset", "Line 1", "ready"]);
    });

    it("when the channel was reset, with all that is kept since", async () => {
      await using open = await openChannel({ clientRooms: ["left"] });
      open.channel.broadcast("Line", { value: 1 });
      open.channel.broadcast("Line", { value: 2 }, { room: "left" });
      const client = await open.join();
      await client.channel.ready;
      client.channel.join("left");
      await client.until("Line 2");

      open.channel.reset();
      expect(open.channel.stats.keptMessages).toBe(0);
      open.channel.broadcast("Line", { value: 3 });

      await client.until((log) => log.filter((line) => line === "ready").length === 2);
      expect(client.log).toEqual(["Line 1", "ready", "Line 2", "reset", "Line 3", "ready"]);
      expect([...open.client().rooms]).toEqual(["left"]);
    });

    it("when the channel was reset while it was away, also when it had had everything, and what is in its rooms", async () => {
      await using open = await openChannel({ clientRooms: ["left"] });
      open.channel.broadcast("Line", { value: 1 });
      open.channel.broadcast("Note", { name: "x", value: "1" }, { room: "left" });
      const client = await open.join({ rooms: ["left"] });
      await client.channel.ready;
      const gone = new Promise<void>((resolve) => open.channel.onDisconnect(() => resolve()));
      client.cut();
      await gone;
      open.channel.reset();
      open.channel.broadcast("Note", { name: "x", value: "2" }, { room: "left" });

      await client.until((log) => log.filter((line) => line === "ready").length === 2);
      expect(client.log).toEqual(["Line 1", "Note x=1", "ready", "reset", "Note x=2", "ready"]);
    });

    it("when a room was gone meanwhile, and with it what ended there", async () => {
      await using open = await openChannel({ clientRooms: ["left"] });
      open.channel.broadcast("Note", { name: "x", value: "1" }, { room: "left" });
      const client = await open.join({ rooms: ["left"] });
      await client.channel.ready;
      const gone = new Promise<void>((resolve) => open.channel.onDisconnect(() => resolve()));
      client.cut();
      await gone;
      open.channel.broadcast("NoteGone", { value: "x" }, { room: "left" });
      expect(open.channel.rooms).toEqual([]);

      await client.until((log) => log.filter((line) => line === "ready").length === 2);
      expect(client.log).toEqual(["Note x=1", "ready", "reset", "ready"]);
    });

    it("when more clients are away than sessions are kept, the oldest first", async () => {
      await using open = await openChannel({ session: { maxSessions: 1 } });
      const [one, other] = [await open.join({ reconnect: never }), await open.join({ reconnect: never })];
      await Promise.all([one.channel.ready, other.channel.ready]);
      const points = [one, other].map(({ channel }) => channel.resumePoint ?? nowhere);
      const stays = await open.join();
      await stays.channel.ready;
      for (const client of [one, other]) {
        const gone = new Promise<void>((resolve) => open.channel.onDisconnect(() => resolve()));
        client.cut();
        await gone;
      }

      const ids: unknown[] = [];
      open.channel.onConnect(({ previousId }) => ids.push(previousId));
      for (const replay of points) await open.join({ replay });
      expect(ids).toEqual([undefined, 1]);
      stays.cut();
      await stays.until((log) => log.filter((line) => line === "ready").length === 2);
      expect(ids.at(-1)).toBe(2);
    });
  });

  it("may be lost again and again: each time it has as long to come back", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, session: { keepMs: 5_000 }, window: { ms: 0 } });
    const client = await open.join();
    await client.channel.ready;
    open.client().send("Line", { value: 1 }, { persist: true });
    await client.until("Line 1");
    for (let round = 1; round <= 3; round++) {
      await client.until((log) => log.filter((line) => line === "ready").length === round);
      // The time of the loss before must not count.
      clock.advance(4_000);
      const back = new Promise<void>((resolve) => open.channel.onReady(() => resolve()));
      client.cut();
      await back;
    }
    await client.until((log) => log.filter((line) => line === "ready").length === 4);

    expect(client.log).toEqual(["ready", "Line 1", "ready", "ready", "ready"]);
    expect(open.client().sessionId).toBe(0);
    const { session } = client.channel.resumePoint ?? nowhere;
    const again = await open.join({ replay: { session, sequence: 0 } });
    await again.channel.ready;
    expect(again.log).toEqual(["Line 1", "ready"]);
  });

  it("that comes back with fewer rights is told what becomes of what it had sent meanwhile", async () => {
    const tokenSecret = "x".repeat(32);
    await using open = await openChannel({}, { tokenSecret });
    const tokens = [["observe", "control"], ["observe"]] as const;
    let count = 0;
    const token = () => createToken({ secret: tokenSecret, access: tokens[Math.min(count++, 1)] ?? [], name: "Ada" });
    const client = await open.join({}, { token });
    await client.channel.ready;
    const lost = stateOf(client.channel, "lost");
    client.cut();
    await lost;
    const receipt = client.channel.send("Say", { value: 1 });

    expect(await receipt.outcome).toBe("dropped");
    expect(client.channel.maySend).toBe(false);
    expect(client.channel.stats.waitingMessages).toBe(0);
  });

  it("does not come back after it has left, or was sent away", async () => {
    await using open = await openChannel();
    const [left, closed] = [await open.join(), await open.join()];
    await Promise.all([left.channel.ready, closed.channel.ready]);
    const points = [left, closed].map(({ channel }) => channel.resumePoint ?? nowhere);
    await left.channel.close();
    open.client().close("enough");
    expect(await left.channel.closed).toBeUndefined();
    expect(await closed.channel.closed).toMatchObject({ code: Code.Aborted, rawMessage: "enough" });

    for (const replay of points) {
      await open.join({ replay });
      expect(open.client(open.channel.clients.size - 1).previousId).toBeUndefined();
    }
  });
});

describe("a resume point", () => {
  it("lets a page go on that was loaded again; who still had the session is gone", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const before = await open.join();
    await before.channel.ready;
    open.channel.broadcast("Line", { value: 2 });
    await before.until("Line 2");
    const kept: unknown = JSON.parse(JSON.stringify(before.channel.resumePoint));
    open.channel.broadcast("Line", { value: 3 });
    const gone = new Promise((resolve) => open.channel.onDisconnect(({ id }, { cause }) => resolve(`${id} ${cause}`)));

    const after = await open.join({ replay: kept as { session: string; sequence: number } });
    await after.until("Line 3");
    await after.channel.ready;

    expect(after.log).toEqual(["Line 3", "ready"]);
    expect(await gone).toBe("0 replaced");
    expect(await before.channel.closed).toMatchObject({ code: Code.Aborted });
    expect([...open.channel.clients.values()].map(({ id, previousId }) => [id, previousId])).toEqual([[1, 0]]);
  });

  it.each([
    ["of a session that nobody has", { session: "guessed", sequence: 1 }],
    ["behind everything that was ever sent", { sequence: 1_000 }],
  ])("%s counts for nothing: all that is kept comes", async (_, point) => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const before = await open.join();
    await before.channel.ready;

    const after = await open.join({ replay: { ...(before.channel.resumePoint ?? nowhere), ...point } });
    await after.channel.ready;

    expect(after.log).toEqual(["Line 1", "ready"]);
  });

  it("is of no use to somebody with another name in the token", async () => {
    const tokenSecret = "x".repeat(32);
    await using open = await openChannel({}, { tokenSecret });
    const token = (name: string) => createToken({ secret: tokenSecret, access: ["observe"], name });
    open.channel.broadcast("Line", { value: 1 });
    const ada = await open.join({}, { token: await token("Ada") });
    await ada.channel.ready;
    const replay = ada.channel.resumePoint ?? nowhere;

    const eve = await open.join({ replay }, { token: await token("Eve") });
    await eve.channel.ready;
    expect(eve.log).toEqual(["Line 1", "ready"]);
    expect([...open.channel.clients.values()].map(({ remote }) => remote.name)).toEqual(["Ada", "Eve"]);

    const again = await open.join({ replay }, { token: await token("Ada") });
    await again.channel.ready;
    expect(again.log).toEqual(["ready"]);
  });

  it("from before its client was put into a room brings all of that room, and of the rest what is new", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const before = await open.join();
    await before.channel.ready;
    const replay = before.channel.resumePoint ?? nowhere;
    open.channel.broadcast("Line", { value: 2 });
    open.client().join("left");
    open.channel.broadcast("Line", { value: 3 }, { room: "left" });
    await before.until("Line 3");

    const after = await open.join({ replay });
    await after.channel.ready;
    expect(after.log).toEqual(["Line 2", "Line 3", "ready"]);
    expect([...open.client().rooms]).toEqual(["left"]);
  });

  it("holds for the rooms too when the connection is lost again before anything has come", async () => {
    await using open = await openChannel({ clientRooms: ["left"] });
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });
    const before = await open.join({ rooms: ["left"], reconnect: never });
    await before.channel.ready;
    const replay = before.channel.resumePoint ?? nowhere;
    const gone = new EventLog();
    open.channel.onDisconnect(({ id }) => gone.add(`${id}`));
    before.cut();
    await gone.until("0");
    open.channel.broadcast("Line", { value: 2 }, { room: "left" });
    const resume = { session: replay.session, sequence: BigInt(replay.sequence) };
    using raw = await RawChannelMember.open(open.url, { join: { resume } });
    await raw.until(({ kind }) => kind.case === "welcome");
    raw.raw.socket.terminate();
    await gone.until("1");

    const after = await open.join({ replay });
    await after.channel.ready;
    expect(after.log).toEqual(["Line 2", "ready"]);
  });

  it("that is older than what had to be remembered brings everything, though its client is still there", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, window: { ms: 0 } });
    open.channel.broadcast("Line", { value: 1 });
    const before = await open.join();
    await before.channel.ready;
    const replay = before.channel.resumePoint ?? nowhere;
    const end = (name: string) => open.channel.broadcast("NoteGone", { value: name });
    for (let index = 0; index < 256; index++) end(`${index}`);
    await before.until("NoteGone 255");
    // Longer than anybody may be away.
    clock.advance(60_000);
    for (let index = 0; index < 256; index++) end(`again ${index}`);

    const after = await open.join({ replay });
    await after.channel.ready;
    expect(after.log).toEqual(["Line 1", "ready"]);
  });

  it("that is older than the tombstones that are kept brings everything", async () => {
    await using open = await openChannel({ store: { maxMessages: 300 } });
    for (let index = 0; index < 3; index++) open.channel.broadcast("Note", { name: `${index}`, value: "1" });
    const before = await open.join({ reconnect: never });
    await before.channel.ready;
    const replay = before.channel.resumePoint ?? nowhere;
    for (let index = 0; index < 301; index++) open.channel.broadcast("NoteGone", { value: `gone ${index}` });

    const after = await open.join({ replay });
    await after.channel.ready;
    expect(after.log.filter((line) => line.startsWith("Note "))).toEqual(["Note 0=1", "Note 1=1", "Note 2=1"]);
  });
});

const nowhere = { session: "", sequence: 0 };
const never = { nextDelayMs: () => undefined };

/** Resolves when a channel is in that state. */
async function stateOf(
  channel: { status(): AsyncIterable<{ readonly state: string }> },
  wanted: string,
): Promise<void> {
  for await (const { state } of channel.status()) if (state === wanted) return;
}

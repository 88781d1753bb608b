import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../engine/clock.js";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";
import { settleUntil } from "../testing/settle-until.js";
import { Journal, type JournalEntry } from "./journal.js";

const { ping } = services.connection.method;

/** What an entry is about. */
function subject(entry: JournalEntry): string {
  return entry.kind === "call" ? entry.rpc : entry.what;
}

describe("the journal of a mod", () => {
  it("has calls and changes in the order in which they happened, with their times", async () => {
    await using test = await openMod({ scenario: { worldLoadMs: 0 } });
    const start = test.clock.unixNanos();
    await test.raw.unary(ping, {});
    await test.clock.advance(1000);
    const join = test.raw.unary(services.world.method.join, { sessionId: "S-gallery", focus: false });
    await test.engine.until(({ worlds }) => worlds.open.length === 2);
    await test.clock.advance(1000);
    await join;
    await test.raw.unary(ping, {});

    const entries = test.engine.journal.entries;
    expect(entries.map(subject)).toEqual([
      "connection.ping",
      "worldOpened",
      "worldRunning",
      "world.join",
      "connection.ping",
    ]);
    const times = entries.map(({ unixNanos }) => unixNanos);
    expect(times[0]).toBe(start);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
    expect(times.at(-1)).toBe(start + 2_000_000_000n);
  });

  it("has the request of a call, and the status with which it ended", async () => {
    await using test = await openMod();
    await test.raw.unary(ping, { message: "hello" });
    await statusOf(test.raw.unary(services.world.method.leave, { handle: 999 }));
    expect(test.engine.journal.calls("connection.ping")).toMatchObject([
      { status: "ok", request: { message: "hello" } },
    ]);
    expect(test.engine.journal.calls("world.leave")).toMatchObject([{ status: "NotFound", request: { handle: 999 } }]);
  });

  it("has no request of a call that could carry a secret, nor of one that sends a stream", async () => {
    await using test = await openMod();
    await statusOf(test.raw.unary(services.auth.method.login, { credential: "Robin", password: "correct horse" }));
    const drive = test.raw.clientStream(services.locomotion.method.drive);
    drive.halfClose();
    await drive.response;
    for (const rpc of ["auth.login", "locomotion.drive"] as const) {
      expect(test.engine.journal.calls(rpc)).toHaveLength(1);
      expect(test.engine.journal.calls(rpc)[0]).not.toHaveProperty("request");
    }
  });

  it("has a stream once, when it is over", async () => {
    await using test = await openMod();
    await test.clock.advance(100);
    const stream = test.raw.serverStream(services.speaker.method.streamAudio, {});
    stream.on("error", () => {});
    let received = 0;
    stream.on("data", () => received++);
    await settleUntil(test.clock, () => received === 4);
    expect(test.engine.journal.calls("speaker.streamAudio")).toEqual([]);
    stream.cancel();
    await test.engine.until(({ journal }) => journal.calls("speaker.streamAudio").length > 0);
    expect(test.engine.journal.calls("speaker.streamAudio").map(({ status }) => status)).toEqual(["Canceled"]);
  });

  it("has the calls that a fault failed", async () => {
    await using test = await openMod({
      faults: { errors: [{ rpc: "connection.ping", call: 1, code: "aborted" }], absentBridges: ["info"] },
    });
    await statusOf(test.raw.unary(ping, {}));
    await statusOf(test.raw.unary(services.info.method.getServerInfo, {}));
    expect(test.engine.journal.entries.map((entry) => (entry.kind === "call" ? entry.status : entry.what))).toEqual([
      "Aborted",
      "Unavailable",
    ]);
  });

  it("has what the engine does without a call", async () => {
    await using test = await openMod();
    const { handle } = test.engine.worlds.requireFocused();
    test.engine.worlds.leave(handle);
    expect(test.engine.journal.changes("worldLeft")).toMatchObject([{ kind: "change", handle }]);
    expect(test.engine.journal.changes("worldFocused")).toMatchObject([{ handle: undefined }]);
  });
});

describe("Journal", () => {
  it("gives the calls of one RPC, and the changes of one kind, oldest first", () => {
    const journal = new Journal(createVirtualClock());
    journal.add({ kind: "call", rpc: "connection.ping", status: "ok" });
    journal.add({ kind: "change", what: "worldLeft", handle: 1 });
    journal.add({ kind: "call", rpc: "world.leave", status: "ok" });
    journal.add({ kind: "call", rpc: "connection.ping", status: "Canceled" });
    journal.add({ kind: "change", what: "worldLeft", handle: 2 });
    expect(journal.calls("connection.ping").map(({ status }) => status)).toEqual(["ok", "Canceled"]);
    expect(journal.changes("worldLeft").map(({ handle }) => handle)).toEqual([1, 2]);
    expect(journal.calls("world.join")).toEqual([]);
  });

  it("forgets the oldest beyond ten thousand", () => {
    const journal = new Journal(createVirtualClock());
    for (let handle = 0; handle < 10_001; handle++) journal.add({ kind: "change", what: "worldLeft", handle });
    expect(journal.entries).toHaveLength(10_000);
    expect(journal.changes("worldLeft")[0]?.handle).toBe(1);
    expect(journal.changes("worldLeft").at(-1)?.handle).toBe(10_000);
  });

  it("forgets everything when it is told to", () => {
    const journal = new Journal(createVirtualClock());
    journal.add({ kind: "change", what: "worldLeft", handle: 1 });
    journal.clear();
    expect(journal.entries).toEqual([]);
  });
});

import { services } from "@resoio/core";
import { type OpenWorld, RecordSource } from "@resoio/core/gen/resonite_io/v1/world_pb";
import { describe, expect, it } from "vitest";
import { emptyScenario } from "../scenarios/empty-scenario.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { method } = services.world;

/** Lets a call that waits for the engine arrive, and then time pass until it is answered. */
async function after<T>(test: OpenMod, call: Promise<T>, ms: number): Promise<T> {
  call.catch(() => {});
  await test.engine.until(() => test.mod.openCalls > 0);
  await test.clock.advance(ms);
  return await call;
}

async function openWorlds(test: OpenMod): Promise<readonly OpenWorld[]> {
  return (await test.raw.unary(method.listOpenWorlds, {})).worlds;
}

async function openNames(test: OpenMod): Promise<readonly string[]> {
  return (await openWorlds(test)).map(({ name }) => name);
}

async function currentName(test: OpenMod): Promise<string | undefined> {
  const { hasWorld, world } = await test.raw.unary(method.getCurrent, {});
  expect(hasWorld).toBe(world !== undefined);
  return world?.name;
}

const twoWorlds: ScenarioInput = {
  openWorlds: [
    { name: "Home", sessionId: "S-1", accessLevel: "LAN", users: [{ userName: "Bob" }] },
    { name: "Garden", sessionId: "S-2", accessLevel: "Anyone" },
  ],
};

describe("World.Join", () => {
  it("WS15 takes the URL when both targets are set, focuses, and returns all fields", async () => {
    await using test = await openMod();
    const request = { sessionId: "S-quiet-library", sessionUrl: "lnl-nat:///S-workshop", focus: true };
    const { world } = await after(test, test.raw.unary(method.join, request), 1000);
    expect(world).toMatchObject({
      handle: 2,
      sessionId: "S-workshop",
      name: "Workshop",
      focused: true,
      userCount: 4,
      accessLevel: "ContactsPlus",
    });
  });

  it("keeps the focus without `focus`", async () => {
    await using test = await openMod();
    const { world } = await after(test, test.raw.unary(method.join, { sessionId: "S-gallery" }), 1000);
    expect(world).toMatchObject({ name: "Gallery", sessionId: "S-gallery", focused: false });
    expect(await currentName(test)).toBe("Home");
  });

  it("WE1 reports the joined session as the current one", async () => {
    await using test = await openMod();
    const { world } = await after(test, test.raw.unary(method.join, { sessionId: "S-gallery", focus: true }), 1000);
    expect(world?.focused).toBe(true);
    expect(world?.sessionId).not.toBe("");
    expect((await test.raw.unary(method.getCurrent, {})).world).toEqual(world);
  });

  it("WE2 lists the new world after those that were open", async () => {
    await using test = await openMod();
    await after(test, test.raw.unary(method.join, { sessionId: "S-gallery", focus: true }), 1000);
    expect((await openWorlds(test)).map(({ name, focused }) => [name, focused])).toEqual([
      ["Home", false],
      ["Gallery", true],
    ]);
  });

  it("lists a loading world without a session id", async () => {
    await using test = await openMod();
    const joining = test.raw.unary(method.join, { sessionId: "S-gallery" });
    await test.engine.until(({ worlds }) => worlds.open.length === 2);
    expect((await openWorlds(test))[1]).toMatchObject({ name: "Gallery", sessionId: "", focused: false });
    await test.clock.advance(1000);
    await joining;
    expect((await openWorlds(test))[1]?.sessionId).toBe("S-gallery");
  });

  it("does not open a session again that is open already", async () => {
    await using test = await openMod();
    const first = await after(test, test.raw.unary(method.join, { sessionId: "S-gallery" }), 1000);
    const second = await after(test, test.raw.unary(method.join, { sessionId: "S-gallery", focus: true }), 1000);
    expect(second.world?.handle).toBe(first.world?.handle);
    expect(second.world?.focused).toBe(true);
    expect(await openNames(test)).toEqual(["Home", "Gallery"]);
  });

  it.each([
    { why: "no target", request: {} },
    { why: "a URL that is not absolute", request: { sessionUrl: "gallery", sessionId: "S-gallery" } },
    { why: "a URL at which nothing is", request: { sessionUrl: "lnl-nat:///S-nowhere" } },
    { why: "a session that the cloud does not know", request: { sessionId: "S-nowhere" } },
    { why: "a session without a URL", request: { sessionId: "S-unlisted-cave" } },
  ])("does not find $why", async ({ request }) => {
    await using test = await openMod();
    const { code, details } = await statusOf(test.raw.unary(method.join, request));
    expect(code).toBe("NOT_FOUND");
    expect(details).not.toBe("");
    expect(await openNames(test)).toEqual(["Home"]);
  });

  it("fails when the session refuses, and leaves nothing open", async () => {
    await using test = await openMod();
    const joining = statusOf(test.raw.unary(method.join, { sessionId: "S-broken-elevator", focus: true }));
    expect(await after(test, joining, 1000)).toMatchObject({
      code: "FAILED_PRECONDITION",
      details: expect.stringContaining("Broken Elevator"),
    });
    expect(await openNames(test)).toEqual(["Home"]);
    expect(await currentName(test)).toBe("Home");
  });

  it("gives up after 60 seconds of loading", async () => {
    await using test = await openMod();
    const joining = statusOf(test.raw.unary(method.join, { sessionId: "S-endless-loading" }));
    await after(test, Promise.resolve(), 59_000);
    expect(test.mod.openCalls).toBe(1);
    await test.clock.advance(1000);
    expect((await joining).code).toBe("FAILED_PRECONDITION");
    expect(await openNames(test)).toEqual(["Home", "Endless Loading"]);
  });

  it("fails at once when the world is closed while it loads", async () => {
    await using test = await openMod();
    const joining = statusOf(test.raw.unary(method.join, { sessionId: "S-endless-loading" }));
    await test.engine.until(({ worlds }) => worlds.open.length === 2);
    await test.raw.unary(method.leave, { handle: 2 });
    await test.clock.advance(250);
    expect((await joining).code).toBe("FAILED_PRECONDITION");
  });

  it("never has the user in a session twice", async () => {
    const sessions = [{ name: "Den", hostUsername: "Dana", users: ["Dana", "Robin"] }];
    await using test = await openMod({ scenario: { sessions } });
    const { world } = await after(test, test.raw.unary(method.join, { sessionId: "S-den", focus: true }), 1000);
    expect(world?.userCount).toBe(2);
    const { users } = await test.raw.unary(services.session.method.listUsers, {});
    expect(users.map(({ userName, isHost, isLocalUser }) => [userName, isHost, isLocalUser])).toEqual([
      ["Dana", true, false],
      ["Robin", false, true],
    ]);
  });

  it("leaves the world open when the caller goes away", async () => {
    await using test = await openMod();
    const joining = test.engine.worlds.join(
      { sessionId: "S-gallery", url: "", focus: true },
      AbortSignal.abort("gone"),
    );
    await expect(joining).rejects.toBe("gone");
    await test.clock.advance(1000);
    expect(await openNames(test)).toEqual(["Home", "Gallery"]);
    expect(await currentName(test)).toBe("Home");
  });
});

describe("World.StartWorld", () => {
  it("WS16 starts a record beside the others without focus, as its host", async () => {
    await using test = await openMod();
    const request = { recordId: "R-puzzle-tower", ownerId: "U-resonite", focus: false };
    const { world } = await after(test, test.raw.unary(method.startWorld, request), 1000);
    expect(world).toMatchObject({ name: "Puzzle Tower", focused: false, userCount: 1, accessLevel: "Private" });
    expect(world?.sessionId).not.toBe("");
    await after(test, test.raw.unary(method.focus, { handle: world?.handle ?? 0 }), 200);
    const settings = await test.raw.unary(services.session.method.getSettings, {});
    expect(settings).toMatchObject({
      isHost: true,
      worldDescription: "Forty floors of riddles.",
      tags: ["game", "puzzle"],
    });
  });

  it("WE1 starts an own world and goes there; each start is a new session", async () => {
    await using test = await openMod();
    const { records } = await test.raw.unary(method.listRecords, { source: RecordSource.OWN });
    const { recordId = "", ownerId = "" } = records[0] ?? {};
    const first = await after(test, test.raw.unary(method.startWorld, { recordId, ownerId, focus: true }), 1000);
    const second = await after(test, test.raw.unary(method.startWorld, { recordId, ownerId, focus: true }), 1000);
    expect(second.world?.sessionId).not.toBe(first.world?.sessionId);
    expect((await test.raw.unary(method.getCurrent, {})).world).toEqual(second.world);
    expect(await openWorlds(test)).toHaveLength(3);
  });

  it.each([
    { recordId: "R-puzzle-tower", ownerId: "" },
    { recordId: "", ownerId: "U-resonite" },
    { recordId: "R-puzzle-tower", ownerId: "U-robin" },
    { recordId: "R-none", ownerId: "U-resonite" },
  ])("does not find $ownerId/$recordId", async (request) => {
    await using test = await openMod();
    expect((await statusOf(test.raw.unary(method.startWorld, request))).code).toBe("NOT_FOUND");
    expect(await openNames(test)).toEqual(["Home"]);
  });
});

describe("World.StartWorld of a record without an id", () => {
  it.each([
    { recordId: "", ownerId: "U-resonite" },
    { recordId: "R-plain", ownerId: "" },
  ])("does not find '$ownerId/$recordId', even if the cloud has it", async (request) => {
    await using test = await openMod({ scenario: { records: [{ name: "Plain", ...request }] } });
    expect((await statusOf(test.raw.unary(method.startWorld, request))).code).toBe("NOT_FOUND");
  });
});

describe("World.ListOpenWorlds", () => {
  it("WS17 returns all fields of the open worlds, in order", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    expect(await openWorlds(test)).toEqual([
      expect.objectContaining({
        handle: 1,
        sessionId: "S-1",
        name: "Home",
        focused: true,
        userCount: 2,
        accessLevel: "LAN",
      }),
      expect.objectContaining({
        handle: 2,
        sessionId: "S-2",
        name: "Garden",
        focused: false,
        userCount: 1,
        accessLevel: "Anyone",
      }),
    ]);
  });
});

describe("World.Focus", () => {
  it("WS18 focuses a world and returns it", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    const { world } = await after(test, test.raw.unary(method.focus, { handle: 2 }), 200);
    expect(world).toMatchObject({ handle: 2, name: "Garden", focused: true });
  });

  it("WE3 makes the focused world the current one, and no other", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    await after(test, test.raw.unary(method.focus, { handle: 2 }), 200);
    expect(await currentName(test)).toBe("Garden");
    expect((await openWorlds(test)).map(({ focused }) => focused)).toEqual([false, true]);
  });

  it("succeeds at once for the world that is focused already, and overtakes an earlier wish", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    test.engine.state.worlds.nextFocusedHandle = 2;
    const { world } = await test.raw.unary(method.focus, { handle: 1 });
    expect(world?.focused).toBe(true);
    await test.clock.advance(200);
    expect(await currentName(test)).toBe("Home");
  });

  it("WS28 does not find an unknown handle, and names it", async () => {
    await using test = await openMod();
    const { code, details } = await statusOf(test.raw.unary(method.focus, { handle: 4711 }));
    expect(code).toBe("NOT_FOUND");
    expect(details).toContain("4711");
  });

  it("gives up after 30 seconds on a world that never runs", async () => {
    await using test = await openMod();
    const joining = statusOf(test.raw.unary(method.join, { sessionId: "S-endless-loading" }));
    await test.engine.until(({ worlds }) => worlds.open.length === 2);
    const focusing = statusOf(test.raw.unary(method.focus, { handle: 2 }));
    await test.engine.until(({ state }) => state.worlds.nextFocusedHandle === 2);
    await test.clock.advance(29_000);
    expect(test.mod.openCalls).toBe(2);
    await test.clock.advance(1000);
    expect((await focusing).code).toBe("FAILED_PRECONDITION");
    expect(await currentName(test)).toBe("Home");
    await test.clock.advance(30_000);
    await joining;
  });

  it("fails at once when the world is closed meanwhile", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    const focusing = statusOf(test.raw.unary(method.focus, { handle: 2 }));
    await test.engine.until(({ state }) => state.worlds.nextFocusedHandle === 2);
    await test.raw.unary(method.leave, { handle: 2 });
    await test.clock.advance(100);
    expect((await focusing).code).toBe("FAILED_PRECONDITION");
    expect(await currentName(test)).toBe("Home");
  });

  it("changes what the camera shows", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    const before = test.engine.draw().pixels;
    await after(test, test.raw.unary(method.focus, { handle: 2 }), 200);
    expect(Buffer.from(test.engine.draw().pixels).equals(before)).toBe(false);
  });
});

describe("World.Leave", () => {
  it("WS19 closes the world", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    expect(await test.raw.unary(method.leave, { handle: 2 })).toEqual(expect.objectContaining({}));
    expect(await openNames(test)).toEqual(["Home"]);
    expect(await currentName(test)).toBe("Home");
  });

  it("WE4 leaves one world fewer, without its session", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    await test.raw.unary(method.leave, { handle: 1 });
    expect((await openWorlds(test)).map(({ sessionId }) => sessionId)).toEqual(["S-2"]);
  });

  it("goes to a world that is left after the focused one, and to none after the last", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    await test.raw.unary(method.leave, { handle: 1 });
    expect(await currentName(test)).toBe("Garden");
    await test.raw.unary(method.leave, { handle: 2 });
    expect(await currentName(test)).toBeUndefined();
    expect((await statusOf(test.raw.unary(services.session.method.getSettings, {}))).code).toBe("FAILED_PRECONDITION");
  });

  it("WS29 does not find an unknown handle, nor the same one again", async () => {
    await using test = await openMod();
    expect((await statusOf(test.raw.unary(method.leave, { handle: 4711 }))).details).toContain("4711");
    await test.raw.unary(method.leave, { handle: 1 });
    expect((await statusOf(test.raw.unary(method.leave, { handle: 1 }))).code).toBe("NOT_FOUND");
  });
});

describe("World.GetCurrent", () => {
  it("WS20 returns the focused world", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    const { hasWorld, world } = await test.raw.unary(method.getCurrent, {});
    expect(hasWorld).toBe(true);
    expect(world).toMatchObject({ handle: 1, name: "Home", focused: true, userCount: 2, accessLevel: "LAN" });
  });

  it("WS21 returns no world, without an error, when none is focused", async () => {
    await using test = await openMod({ scenario: emptyScenario });
    const { hasWorld, world } = await test.raw.unary(method.getCurrent, {});
    expect(hasWorld).toBe(false);
    expect(world).toBeUndefined();
  });
});

describe("a restored state", () => {
  it("has the worlds and the focus of its time, also for a call that waits", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    const snapshot = test.engine.snapshot();
    await after(test, test.raw.unary(method.focus, { handle: 2 }), 200);
    await test.raw.unary(method.leave, { handle: 1 });
    const joining = statusOf(test.raw.unary(method.join, { sessionId: "S-gallery" }));
    await test.engine.until(({ worlds }) => worlds.open.length === 2);

    test.engine.restore(snapshot);
    expect(await openNames(test)).toEqual(["Home", "Garden"]);
    expect(await currentName(test)).toBe("Home");
    await test.clock.advance(1000);
    expect((await joining).code).toBe("FAILED_PRECONDITION");
  });
});

import {
  Code,
  InvalidOptionsError,
  type JoinOptions,
  type RecordSort,
  type RecordSortDirection,
  type RecordSource,
  type SessionFilter,
} from "@resoio/core";
import { createVirtualClock, type ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

const scenario = { display: { width: 16, height: 16 } } satisfies ScenarioInput;

const record = (name: string, number: number) => ({
  name,
  recordId: `R-${number}`,
  createdUnixNanos: BigInt(number) * 100n,
  modifiedUnixNanos: BigInt(10 - number) * 100n,
  firstPublishedUnixNanos: BigInt((number * 7) % 5) * 100n,
  visits: (number * 3) % 5,
});

describe.each(transports)("world over $name", ({ open }) => {
  it("WS1 lists a session with all that is known of it", async () => {
    const session = {
      sessionId: "S-hub",
      name: "Hub",
      description: "Everybody meets here",
      hostUserId: "U-host",
      hostUsername: "ホスト",
      urls: ["lnl-nat:///S-hub", "res-steam://1/2/hub"],
      thumbnailUrl: "resdb:///hub.webp",
      users: ["Ann", { userName: "Ben", away: true }, "Cas"],
      maximumUsers: 32,
      tags: ["social", "hub"],
      accessLevel: "RegisteredUsers",
      headlessHost: true,
      mobileFriendly: true,
      correspondingWorldId: "W-1",
      universeId: "Universe",
      beginUnixNanos: 1_700_000_000_000_000_100n,
      updateUnixNanos: 1_700_000_000_000_000_900n,
    } satisfies NonNullable<ScenarioInput["sessions"]>[number];
    await using test = await open({ scenario: { ...scenario, sessions: [session] } });
    const { users, urls, beginUnixNanos, updateUnixNanos, ...same } = session;
    expect(await test.resonite.world.listSessions()).toEqual({
      sessions: [
        {
          ...same,
          sessionUrls: urls,
          joinedUsers: 3,
          activeUsers: 2,
          sessionBeginUnixNanos: beginUnixNanos,
          lastUpdateUnixNanos: updateUnixNanos,
        },
      ],
      totalCount: 1,
      page: 0,
      pageSize: 0,
    });
  });

  it("WS2 sends search, filter and bound as they are, and the mod applies all of them", async () => {
    await using test = await open({ scenario });
    const options = { search: "MEET", filter: "headless", minActiveUsers: 4 } as const;
    const { sessions } = await test.resonite.world.listSessions(options);
    expect(sessions.map(({ name }) => name)).toEqual(["Weekly Meetup"]);
    expect(requestsOf(test.mod, "world.listSessions")).toMatchObject([
      { search: "MEET", filter: 2, minActiveUsers: 4, page: 0, pageSize: 0 },
    ]);
    expect((await test.resonite.world.listSessions({ ...options, minActiveUsers: 5 })).sessions).toEqual([]);
  });

  it.each<[SessionFilter | undefined, number, number]>([
    [undefined, 0, 7],
    ["all", 0, 7],
    ["friends", 1, 1],
    ["headless", 2, 1],
  ])("WC2-WC4 maps the filter %s", async (filter, wire, count) => {
    await using test = await open({ scenario });
    const { totalCount } = await test.resonite.world.listSessions(filter === undefined ? {} : { filter });
    expect(totalCount).toBe(count);
    expect(requestsOf(test.mod, "world.listSessions")).toMatchObject([{ filter: wire }]);
  });

  it.each([
    [0, 25, 0, 25],
    [1, 25, 25, 50],
    [2, 25, 50, 60],
    [0, 0, 0, 60],
    [3, 0, 0, 60],
    [99, 25, 60, 60],
  ])("WS3-WS7 gives page %d of %d sessions each, and always the total", async (page, pageSize, from, to) => {
    const names = Array.from({ length: 60 }, (_, index) => `Session ${index}`);
    await using test = await open({ scenario: { ...scenario, sessions: names.map((name) => ({ name })) } });
    const answer = await test.resonite.world.listSessions({ page, pageSize });
    expect(answer).toMatchObject({ totalCount: 60, page, pageSize });
    expect(answer.sessions.map(({ name }) => name)).toEqual(names.slice(from, to));
  });

  it("WS9 lists a record with all that is known of it, and whether there are more", async () => {
    const records = [
      {
        recordId: "R-hall",
        ownerId: "U-dana",
        name: "Marble Hall",
        description: "Cold",
        thumbnailUrl: "resdb:///hall.webp",
        tags: ["art", "stone"],
        modifiedUnixNanos: 1_700_000_000_123_456_700n,
      },
      { name: "Second" },
    ];
    await using test = await open({ scenario: { ...scenario, records } });
    const { world } = test.resonite;
    const { modifiedUnixNanos, ...same } = records[0] ?? {};
    expect(await world.listRecords({ count: 1 })).toEqual({
      records: [{ ...same, recordUrl: "resrec:///U-dana/R-hall", lastModificationUnixNanos: modifiedUnixNanos }],
      hasMore: true,
      offset: 0,
    });
    expect(await world.listRecords({ offset: 1 })).toMatchObject({
      records: [{ name: "Second" }],
      hasMore: false,
      offset: 1,
    });
  });

  it("WC7 asks for public records, the newest first, without a search, when nothing is said", async () => {
    await using test = await open({ scenario });
    await test.resonite.world.listRecords();
    expect(requestsOf(test.mod, "world.listRecords")).toMatchObject([
      { source: 1, requiredTags: [], ownerId: "", offset: 0, count: 0, sort: 1, sortDirection: 1, search: "" },
    ]);
  });

  it("WS10 sends everything that is said as it is", async () => {
    await using test = await open({ scenario });
    await test.resonite.world.listRecords({
      source: "group",
      requiredTags: ["game", "avatar"],
      ownerId: "G-team",
      offset: 60,
      count: 30,
      sort: "totalVisits",
      sortDirection: "ascending",
      search: ' puzzle +red -horror "two words" ',
    });
    expect(requestsOf(test.mod, "world.listRecords")).toMatchObject([
      {
        source: 4,
        requiredTags: ["game", "avatar"],
        ownerId: "G-team",
        offset: 60,
        count: 30,
        sort: 4,
        sortDirection: 2,
        search: ' puzzle +red -horror "two words" ',
      },
    ]);
  });

  it.each<[RecordSource, number, readonly string[]]>([
    ["public", 1, ["Guild House", "Robin's Attic", "Night Market", "Puzzle Tower", "Marble Hall", "Empty Plane"]],
    ["featured", 2, ["Marble Hall", "Empty Plane"]],
    ["own", 3, ["Robin's Attic"]],
    ["group", 4, ["Guild House"]],
  ])("WS12 lists the records of the source '%s'", async (source, wire, names) => {
    await using test = await open({ scenario });
    const { records } = await test.resonite.world.listRecords({ source, ownerId: "G-guild" });
    expect(records.map(({ name }) => name)).toEqual(names);
    expect(requestsOf(test.mod, "world.listRecords")).toMatchObject([{ source: wire }]);
  });

  it.each<[RecordSort, RecordSortDirection, number, string]>([
    ["creationDate", "ascending", 1, "abcd"],
    ["lastUpdate", "ascending", 2, "dcba"],
    ["firstPublish", "ascending", 3, "cadb"],
    ["totalVisits", "ascending", 4, "bdac"],
    ["name", "descending", 5, "dcba"],
  ])("WS13 sorts by %s, %s", async (sort, sortDirection, wire, expected) => {
    const records = ["a", "b", "c", "d"].map((name, index) => record(name, index + 1));
    await using test = await open({ scenario: { ...scenario, records } });
    const answer = await test.resonite.world.listRecords({ sort, sortDirection });
    expect(answer.records.map(({ name }) => name).join("")).toBe(expected);
    expect(requestsOf(test.mod, "world.listRecords")).toMatchObject([{ sort: wire }]);
  });

  it("WC8 can shuffle", async () => {
    await using test = await open({ scenario });
    const { records } = await test.resonite.world.listRecords({ sort: "random" });
    expect(records).toHaveLength(6);
    expect(requestsOf(test.mod, "world.listRecords")).toMatchObject([{ sort: 6 }]);
  });

  it("gives 60 records when no count is said", async () => {
    const records = Array.from({ length: 70 }, (_, index) => ({ name: `Record ${index}` }));
    await using test = await open({ scenario: { ...scenario, records } });
    const page = await test.resonite.world.listRecords();
    expect([page.records.length, page.hasMore]).toEqual([60, true]);
  });

  it("WE6 finds in names, descriptions and tags what a search requires, and not what it excludes", async () => {
    await using test = await open({ scenario });
    const namesOf = async (search: string): Promise<readonly string[]> =>
      (await test.resonite.world.listRecords({ search })).records.map(({ name }) => name);
    expect(await namesOf("RIDDLES")).toEqual(["Puzzle Tower"]);
    expect(await namesOf("+game -puzzle")).toEqual(["Night Market"]);
    expect(await namesOf('"empty plane" market')).toEqual(["Night Market", "Empty Plane"]);
    expect(await namesOf("   ")).toHaveLength(6);
  });

  it("cannot list own records while nobody is signed in, nor those of a group without a name", async () => {
    await using test = await open({ scenario: { ...scenario, signedInAs: "" } });
    expect(await codeOf(test.resonite.world.listRecords({ source: "own" }))).toBe(Code.FailedPrecondition);
    expect(await codeOf(test.resonite.world.listRecords({ source: "group" }))).toBe(Code.NotFound);
  });

  it("WC12 WE1 WE2 joins by session id and goes there, beside the worlds that are open", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { world } = test.resonite;
    const joined = await whileTimePasses(clock, world.join({ sessionId: "S-gallery" }));
    expect(joined).toEqual({
      handle: 2,
      sessionId: "S-gallery",
      name: "Gallery",
      focused: true,
      userCount: 3,
      accessLevel: "Anyone",
    });
    expect(await world.getCurrent()).toEqual(joined);
    expect((await world.listOpenWorlds()).map(({ name }) => name)).toEqual(["Home", "Gallery"]);
    expect(requestsOf(test.mod, "world.join")).toMatchObject([{ sessionId: "S-gallery", sessionUrl: "", focus: true }]);
  });

  it("WC13 joins by address and stays where it is, if that was asked for", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { world } = test.resonite;
    const joined = await whileTimePasses(clock, world.join({ url: "lnl-nat:///S-workshop", focus: false }));
    expect(joined).toMatchObject({ sessionId: "S-workshop", focused: false, accessLevel: "ContactsPlus" });
    expect((await world.getCurrent())?.name).toBe("Home");
    expect(requestsOf(test.mod, "world.join")).toMatchObject([
      { sessionId: "", sessionUrl: "lnl-nat:///S-workshop", focus: false },
    ]);
  });

  it.each<[string, JoinOptions, string]>([
    ["is unknown", { sessionId: "S-nowhere" }, "Session 'S-nowhere' is not known."],
    ["has no address", { sessionId: "S-unlisted-cave" }, "Session 'S-unlisted-cave' has no URL."],
    ["is no address", { url: "not an address" }, "'not an address' is not an absolute URI."],
  ])("fails with NotFound to join what %s", async (_, options, message) => {
    await using test = await open({ scenario });
    expect(await statusOf(test.resonite.world.join(options))).toBe(`NotFound: ${message}`);
  });

  it.each([
    ["refuses everybody", "S-broken-elevator"],
    ["loads for ever", "S-endless-loading"],
  ])("WS27 fails with FailedPrecondition, and its reason, to join what %s", async (_, sessionId) => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const status = await statusOf(whileTimePasses(clock, test.resonite.world.join({ sessionId })));
    expect(status).toMatch(/^FailedPrecondition: World '.*' (failed|was not running)/);
  });

  it("WC14 WC15 refuses to join nothing, or two things at once, without a call", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    // @ts-expect-error A join needs a target.
    await expect(world.join({})).rejects.toBeInstanceOf(InvalidOptionsError);
    // @ts-expect-error A join has one target.
    const both: JoinOptions = { sessionId: "S-gallery", url: "lnl-nat:///S-gallery" };
    await expect(world.join(both)).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(world.join({ sessionId: "" })).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
  });

  it("can be cancelled while a world loads", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const { engine } = test.mod;
    const aborting = new AbortController();
    const joining = test.resonite.world.join({ sessionId: "S-endless-loading", signal: aborting.signal });
    const code = codeOf(joining);
    await engine.until(({ worlds }) => worlds.open.length === 2);
    aborting.abort();
    expect(await code).toBe(Code.Canceled);
    await engine.until(({ journal }) => journal.calls("world.join").length === 1);
    expect(engine.journal.calls("world.join")[0]?.status).toBe("Canceled");
  });

  it("WC17 WC18 starts a session from a saved world and goes there", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { world } = test.resonite;
    const started = await whileTimePasses(
      clock,
      world.startWorld({ recordId: "R-marble-hall", ownerId: "U-resonite" }),
    );
    expect(started).toMatchObject({ name: "Marble Hall", focused: true, userCount: 1 });
    expect(started.sessionId).not.toBe("");
    await whileTimePasses(clock, world.startWorld({ recordId: "R-guild-house", ownerId: "G-guild", focus: false }));
    expect((await world.getCurrent())?.name).toBe("Marble Hall");
    expect(requestsOf(test.mod, "world.startWorld")).toMatchObject([
      { recordId: "R-marble-hall", ownerId: "U-resonite", focus: true },
      { recordId: "R-guild-house", ownerId: "G-guild", focus: false },
    ]);
  });

  it("fails with NotFound to start a world without an owner, or one that is not there", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    expect(await codeOf(world.startWorld({ recordId: "R-marble-hall" }))).toBe(Code.NotFound);
    expect(await codeOf(world.startWorld({ recordId: "R-none", ownerId: "U-resonite" }))).toBe(Code.NotFound);
    expect(requestsOf(test.mod, "world.startWorld")).toMatchObject([{ ownerId: "" }, {}]);
  });

  it("WC20 WC21 lists open worlds in their order, those that still load without a session id, and none", async () => {
    await using test = await open({
      scenario: { ...scenario, openWorlds: [{ name: "Home" }, { name: "Hall", users: [{ userName: "Eve" }] }] },
      clock: createVirtualClock(),
    });
    const { world } = test.resonite;
    const aborting = new AbortController();
    const joining = codeOf(world.join({ sessionId: "S-endless-loading", signal: aborting.signal }));
    await test.mod.engine.until(({ worlds }) => worlds.open.length === 3);
    expect(await world.listOpenWorlds()).toMatchObject([
      { handle: 1, sessionId: "S-home", name: "Home", focused: true, userCount: 1, accessLevel: "Private" },
      { handle: 2, sessionId: "S-hall", name: "Hall", focused: false, userCount: 2, accessLevel: "Private" },
      { handle: 3, sessionId: "", name: "Endless Loading", focused: false },
    ]);
    aborting.abort();
    await joining;
    for (const handle of [1, 2, 3]) await world.leave(handle);
    expect(await world.listOpenWorlds()).toEqual([]);
  });

  it("WC22 WE3 focuses a world by its handle, also one that is focused already", async () => {
    const clock = createVirtualClock();
    await using test = await open({
      scenario: { ...scenario, openWorlds: [{ name: "Home" }, { name: "Hall" }] },
      clock,
    });
    const { world } = test.resonite;
    for (const _ of ["first", "again"]) {
      expect(await whileTimePasses(clock, world.focus(2))).toMatchObject({ handle: 2, name: "Hall", focused: true });
      expect((await world.getCurrent())?.handle).toBe(2);
    }
    expect((await world.listOpenWorlds()).map(({ focused }) => focused)).toEqual([false, true]);
    expect(requestsOf(test.mod, "world.focus")).toMatchObject([{ handle: 2 }, { handle: 2 }]);
  });

  it("WC24 WE4 leaves a world, once", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    expect(await world.leave(1)).toBeUndefined();
    expect(await statusOf(world.leave(1))).toBe("NotFound: No open world has the handle 1.");
  });

  it("WS28 WS29 fails with NotFound for a handle that nothing has", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    for (const handle of [0, -1, 42, 2_147_483_647]) {
      expect(await statusOf(world.focus(handle))).toBe(`NotFound: No open world has the handle ${handle}.`);
      expect(await codeOf(world.leave(handle))).toBe(Code.NotFound);
    }
  });

  it("WC25 WC26 tells the world that the user is in, or that there is none", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    expect((await world.getCurrent())?.name).toBe("Home");
    await world.leave(1);
    expect(await world.getCurrent()).toBeUndefined();
  });

  it("WC27 WE7 downloads the thumbnails that listings name", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    const [session] = (await world.listSessions()).sessions;
    const { data, contentType } = await world.fetchThumbnail(session?.thumbnailUrl ?? "");
    expect(contentType).toBe("image/png");
    expect([...data.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(Buffer.compare(data, test.mod.engine.cloud.fetchThumbnail(session?.thumbnailUrl ?? "").data)).toBe(0);
    expect(requestsOf(test.mod, "world.fetchThumbnail")).toMatchObject([{ uri: session?.thumbnailUrl }]);
  });

  it("WS23 WS24 fails with InvalidArgument for a blank address, even without a bridge", async () => {
    await using test = await open({ scenario, faults: { absentBridges: ["world"] } });
    for (const uri of ["", "   "]) {
      expect(await codeOf(test.resonite.world.fetchThumbnail(uri))).toBe(Code.InvalidArgument);
    }
    expect(await codeOf(test.resonite.world.fetchThumbnail("resdb:///x.png"))).toBe(Code.Unavailable);
  });

  it.each(["resdb:///nothing-there.webp", "no address", "ftp://example.com/x.png"])(
    "WS25 fails with NotFound for a thumbnail at '%s'",
    async (uri) => {
      await using test = await open({ scenario });
      expect(await codeOf(test.resonite.world.fetchThumbnail(uri))).toBe(Code.NotFound);
    },
  );

  it("refuses a choice that does not exist, without a call", async () => {
    await using test = await open({ scenario });
    const { world } = test.resonite;
    // @ts-expect-error No such filter.
    await expect(world.listSessions({ filter: "enemies" })).rejects.toBeInstanceOf(InvalidOptionsError);
    // @ts-expect-error No such source.
    await expect(world.listRecords({ source: "stolen" })).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
  });
});

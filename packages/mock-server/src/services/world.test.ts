import { services } from "@resoio/core";
import { RecordSort, RecordSortDirection, RecordSource, SessionFilter } from "@resoio/core/gen/resonite_io/v1/world_pb";
import { describe, expect, it } from "vitest";
import { crowdScenario } from "../scenarios/crowd-scenario.js";
import { emptyScenario } from "../scenarios/empty-scenario.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { signedOutScenario } from "../scenarios/signed-out-scenario.js";
import { openMod } from "../testing/open-mod.js";
import { type RawClient, statusOf } from "../testing/raw-client.js";

const { method } = services.world;

type SessionInput = NonNullable<ScenarioInput["sessions"]>[number];
type RecordInput = NonNullable<ScenarioInput["records"]>[number];

const sixtySessions = Array.from({ length: 60 }, (_, index) => ({ name: `Room ${index}` }));

const fullSession: SessionInput = {
  sessionId: "S-full",
  name: "Full Session",
  description: "all of it",
  hostUserId: "U-host",
  hostUsername: "Host",
  urls: ["lnl-nat:///one", "lnl-nat:///two"],
  thumbnailUrl: "resdb:///full.webp",
  users: ["Ann", "Ben", { userName: "Cleo", away: true }],
  maximumUsers: 300,
  tags: ["a", "b"],
  accessLevel: "RegisteredUsers",
  headlessHost: true,
  mobileFriendly: true,
  correspondingWorldId: "R-world",
  universeId: "V-verse",
  beginUnixNanos: "1700000000000000100",
  updateUnixNanos: "1700000000000000900",
};

const names = (items: readonly { readonly name: string }[]): readonly string[] => items.map(({ name }) => name);

describe("World.ListSessions", () => {
  it("WS1 returns every field of a session, with exact nanoseconds", async () => {
    await using test = await openMod({ scenario: { sessions: [fullSession] } });
    const { sessions, totalCount } = await test.raw.unary(method.listSessions, {});
    expect(totalCount).toBe(1);
    expect(sessions).toEqual([
      expect.objectContaining({
        sessionId: "S-full",
        name: "Full Session",
        description: "all of it",
        hostUserId: "U-host",
        hostUsername: "Host",
        sessionUrls: ["lnl-nat:///one", "lnl-nat:///two"],
        thumbnailUrl: "resdb:///full.webp",
        joinedUsers: 3,
        activeUsers: 2,
        maximumUsers: 300,
        tags: ["a", "b"],
        accessLevel: "RegisteredUsers",
        headlessHost: true,
        mobileFriendly: true,
        correspondingWorldId: "R-world",
        universeId: "V-verse",
        sessionBeginUnixNanos: 1_700_000_000_000_000_100n,
        lastUpdateUnixNanos: 1_700_000_000_000_000_900n,
      }),
    ]);
  });

  it("WS2 applies the search, the filter and the least number of active users together", async () => {
    const users = ["A", "B", "C", "D"];
    const sessions = [
      { name: "The LOBBY", headlessHost: true, users },
      { name: "Lobby without server", users },
      { name: "Lobby of a few", headlessHost: true, users: users.slice(1) },
      { name: "Somewhere", description: "lobby", headlessHost: true, users },
    ];
    await using test = await openMod({ scenario: { sessions } });
    const query = { search: "lobby", filter: SessionFilter.HEADLESS, minActiveUsers: 4 };
    const found = await test.raw.unary(method.listSessions, query);
    expect(names(found.sessions)).toEqual(["The LOBBY"]);
    expect(found.totalCount).toBe(1);
  });

  it.each([
    { id: "WS3 returns the first page of 25", page: 0, pageSize: 25, first: 0, count: 25 },
    { id: "WS4 returns the second page of 25", page: 1, pageSize: 25, first: 25, count: 25 },
    { id: "WS5 returns the rest on the last page", page: 2, pageSize: 25, first: 50, count: 10 },
    { id: "WS6 returns everything for a page size of 0", page: 0, pageSize: 0, first: 0, count: 60 },
    { id: "WS6 ignores the page for a page size of 0", page: 3, pageSize: 0, first: 0, count: 60 },
    { id: "WS7 returns nothing behind the end", page: 99, pageSize: 25, first: 0, count: 0 },
    { id: "returns nothing for page sizes from 2^31", page: 0, pageSize: 2 ** 31, first: 0, count: 0 },
  ])("$id, beside the total of all and what was asked for", async ({ page, pageSize, first, count }) => {
    await using test = await openMod({ scenario: { sessions: sixtySessions } });
    const answer = await test.raw.unary(method.listSessions, { page, pageSize });
    expect(answer).toMatchObject({ totalCount: 60, page, pageSize });
    expect(names(answer.sessions)).toEqual(names(sixtySessions.slice(first, first + count)));
  });

  it("fails with UNKNOWN when the page lies beyond 2^31 sessions", async () => {
    await using test = await openMod({ scenario: { sessions: sixtySessions } });
    const last = { page: 2 ** 31 - 1, pageSize: 1 };
    expect((await test.raw.unary(method.listSessions, last)).sessions).toEqual([]);
    expect(await statusOf(test.raw.unary(method.listSessions, { page: 2 ** 16, pageSize: 2 ** 15 }))).toMatchObject({
      code: "UNKNOWN",
    });
  });

  it.each([
    { filter: SessionFilter.UNSPECIFIED, expected: ["Hosted", "Visited", "Away", "Blocked", "Server", "Strangers"] },
    { filter: SessionFilter.FRIENDS, expected: ["Hosted", "Visited", "Away"] },
    { filter: SessionFilter.HEADLESS, expected: ["Server"] },
    { filter: 77 as SessionFilter, expected: ["Hosted", "Visited", "Away", "Blocked", "Server", "Strangers"] },
  ])("WS8 filter $filter selects $expected", async ({ filter, expected }) => {
    const sessions = [
      { name: "Hosted", hostUsername: "Alice" },
      { name: "Visited", users: ["Carol"] },
      { name: "Away", users: [{ userName: "Carol", away: true }] },
      { name: "Blocked", hostUsername: "Mallory", users: ["Bob"] },
      { name: "Server", headlessHost: true },
      { name: "Strangers", users: ["Zoe"] },
    ];
    await using test = await openMod({ scenario: { sessions } });
    expect(names((await test.raw.unary(method.listSessions, { filter })).sessions)).toEqual(expected);
  });

  it("finds no friends' sessions while nobody is signed in", async () => {
    await using test = await openMod({ scenario: signedOutScenario });
    expect((await test.raw.unary(method.listSessions, {})).totalCount).toBe(7);
    expect((await test.raw.unary(method.listSessions, { filter: SessionFilter.FRIENDS })).totalCount).toBe(0);
  });

  it("finds a session of somebody as soon as they are a contact", async () => {
    await using test = await openMod({ scenario: { sessions: [{ name: "Den", hostUsername: "Dave" }] } });
    const countFriends = async (): Promise<number> =>
      (await test.raw.unary(method.listSessions, { filter: SessionFilter.FRIENDS })).totalCount;
    expect(await countFriends()).toBe(0);
    await test.raw.unary(services.contact.method.addContact, { userId: "U-dave" });
    expect(await countFriends()).toBe(1);
    await test.raw.unary(services.contact.method.removeContact, { userId: "U-dave" });
    expect(await countFriends()).toBe(0);
  });

  it("takes the search literally, spaces included, and looks at names only", async () => {
    const sessions = [{ name: "Two words" }, { name: "One", tags: ["x y"] }, { name: "" }];
    await using test = await openMod({ scenario: { sessions } });
    expect(names((await test.raw.unary(method.listSessions, { search: " " })).sessions)).toEqual(["Two words"]);
    expect((await test.raw.unary(method.listSessions, { search: "", minActiveUsers: -5 })).totalCount).toBe(3);
  });

  it("pages through a thousand sessions without losing one", async () => {
    await using test = await openMod({ scenario: crowdScenario() });
    const all = (await test.raw.unary(method.listSessions, {})).sessions;
    expect(new Set(all.map(({ sessionId }) => sessionId)).size).toBe(1000);
    const paged: string[] = [];
    for (let page = 0; page < 4; page++) {
      paged.push(...names((await test.raw.unary(method.listSessions, { page, pageSize: 250 })).sessions));
    }
    expect(paged).toEqual(names(all));
  });

  it("WS30 answers an unexpected failure of the bridge with INTERNAL", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["world"] } });
    expect(await statusOf(test.raw.unary(method.listSessions, {}))).toMatchObject({ code: "INTERNAL" });
  });
});

describe("World.ListRecords", () => {
  it("WS9 returns every field of a record, and echoes the offset", async () => {
    const record = {
      recordId: "R-full",
      ownerId: "U-owner",
      name: "Full Record",
      description: "all of it",
      thumbnailUrl: "resdb:///record.webp",
      tags: ["x", "y"],
      modifiedUnixNanos: "1700000000123456700",
    };
    const filler = Array.from({ length: 40 }, (_, index) => ({ name: `Filler ${index}`, visits: 100 - index }));
    await using test = await openMod({ scenario: { records: [...filler, { ...record, visits: 70 }] } });
    const query = { offset: 30, count: 2, sort: RecordSort.TOTAL_VISITS };
    const { records, hasMore, offset } = await test.raw.unary(method.listRecords, query);
    expect({ hasMore, offset }).toEqual({ hasMore: true, offset: 30 });
    expect(records[1]).toMatchObject({
      recordId: "R-full",
      ownerId: "U-owner",
      name: "Full Record",
      description: "all of it",
      thumbnailUrl: "resdb:///record.webp",
      tags: ["x", "y"],
      recordUrl: "resrec:///U-owner/R-full",
      lastModificationUnixNanos: 1_700_000_000_123_456_700n,
    });
  });

  it("has no address for a record without an id or an owner", async () => {
    const records = [
      { name: "A", recordId: "" },
      { name: "B", ownerId: "" },
    ];
    await using test = await openMod({ scenario: { records } });
    const answer = await test.raw.unary(method.listRecords, {});
    expect(answer.records.map(({ recordUrl }) => recordUrl)).toEqual(["", ""]);
  });

  it("WS10 applies source, tags, owner, offset, count, sort, direction and search together", async () => {
    const base: Omit<RecordInput, "name"> = { ownerId: "G-team", ownerType: "group", tags: ["game", "avatar", "red"] };
    const mine = Array.from({ length: 70 }, (_, index) => ({ ...base, name: `Puzzle ${index}`, visits: index }));
    const records: RecordInput[] = [
      { ...base, name: "Horror puzzle", visits: 61 },
      { ...base, name: "Without avatar", tags: ["game", "red"], visits: 62 },
      { ...base, name: "Other team", ownerId: "G-other", visits: 63 },
      { ...base, name: "User's", ownerId: "G-team", ownerType: "user", visits: 64 },
      ...mine,
    ];
    await using test = await openMod({ scenario: { records } });
    const answer = await test.raw.unary(method.listRecords, {
      source: RecordSource.GROUP,
      requiredTags: ["game", "avatar"],
      ownerId: "G-team",
      offset: 60,
      count: 3,
      sort: RecordSort.TOTAL_VISITS,
      sortDirection: RecordSortDirection.ASCENDING,
      search: "puzzle +red -horror",
    });
    // By its visits, the horror puzzle would be the second of these.
    expect(names(answer.records)).toEqual(["Puzzle 60", "Puzzle 61", "Puzzle 62"]);
    expect(answer.offset).toBe(60);
  });

  it.each([
    { search: "", expected: ["Puzzle Tower", "Red Room", "Horror Puzzle", "Quiet"] },
    { search: "  \t", expected: ["Puzzle Tower", "Red Room", "Horror Puzzle", "Quiet"] },
    { search: "PUZZLE", expected: ["Puzzle Tower", "Horror Puzzle"] },
    { search: "puzzle room", expected: ["Puzzle Tower", "Red Room", "Horror Puzzle"] },
    { search: "puzzle +red", expected: ["Red Room"] },
    { search: "-horror", expected: ["Puzzle Tower", "Red Room", "Quiet"] },
    { search: '"red room"', expected: ["Red Room"] },
    { search: '"room red"', expected: [] },
    { search: "riddle", expected: ["Puzzle Tower"] },
    { search: "+silence -tower", expected: ["Quiet"] },
  ])("WS11 takes the search '$search' apart by its operators", async ({ search, expected }) => {
    const records = [
      { name: "Puzzle Tower", description: "Riddles.", visits: 4 },
      { name: "Red Room", visits: 3 },
      { name: "Horror Puzzle", visits: 2 },
      { name: "Quiet", tags: ["silence"], visits: 1 },
    ];
    await using test = await openMod({ scenario: { records } });
    const answer = await test.raw.unary(method.listRecords, { search, sort: RecordSort.TOTAL_VISITS });
    expect(names(answer.records)).toEqual(expected);
  });

  it("counts tags beside a search as required terms, which makes the other terms irrelevant", async () => {
    const records = [{ name: "Tower", tags: ["game"] }, { name: "Puzzle" }];
    await using test = await openMod({ scenario: { records } });
    const answer = await test.raw.unary(method.listRecords, { search: "puzzle", requiredTags: ["game"] });
    expect(names(answer.records)).toEqual(["Tower"]);
  });

  it("looks at about 500 records for a search and says that there are more", async () => {
    const records = Array.from({ length: 700 }, (_, index) => ({ name: `World ${index}`, visits: 1000 - index }));
    await using test = await openMod({ scenario: { records } });
    const query = { sort: RecordSort.TOTAL_VISITS, search: '"world 699"' };
    expect(await test.raw.unary(method.listRecords, query)).toMatchObject({ records: [], hasMore: true });
    const further = await test.raw.unary(method.listRecords, { ...query, offset: 500 });
    expect(names(further.records)).toEqual(["World 699"]);
    expect(further.hasMore).toBe(false);
  });

  it("forgets matches beyond the count in what it has looked at already", async () => {
    const records = Array.from({ length: 90 }, (_, index) => ({ name: `World ${index}` }));
    await using test = await openMod({ scenario: { records } });
    const answer = await test.raw.unary(method.listRecords, { search: "world" });
    expect(answer.records).toHaveLength(60);
    expect(answer.hasMore).toBe(false);
  });

  it.each([
    { source: RecordSource.UNSPECIFIED, expected: ["Own", "Shown", "Team", "Other team", "Plain"] },
    { source: RecordSource.PUBLIC, expected: ["Own", "Shown", "Team", "Other team", "Plain"] },
    { source: RecordSource.FEATURED, expected: ["Shown"] },
    { source: RecordSource.OWN, expected: ["Own"] },
    { source: RecordSource.GROUP, expected: ["Team"] },
    { source: 99 as RecordSource, expected: ["Own", "Shown", "Team", "Other team", "Plain"] },
  ])("WS12 source $source lists $expected", async ({ source, expected }) => {
    const records = [
      { name: "Own", ownerId: "U-robin" },
      { name: "Shown", featured: true },
      { name: "Team", ownerId: "G-team", ownerType: "group" as const },
      { name: "Other team", ownerId: "G-other", ownerType: "group" as const },
      { name: "Plain" },
    ];
    await using test = await openMod({ scenario: { records } });
    // Own records are those of the user, whatever owner the request names.
    const answer = await test.raw.unary(method.listRecords, { source, ownerId: "G-team" });
    expect(names(answer.records)).toEqual(expected);
  });

  const sortable = [
    { name: "b", createdUnixNanos: 300, modifiedUnixNanos: 100, firstPublishedUnixNanos: 200, visits: 2 },
    { name: "a", createdUnixNanos: 200, modifiedUnixNanos: 300, firstPublishedUnixNanos: 100, visits: 1 },
    { name: "c", createdUnixNanos: 100, modifiedUnixNanos: 200, firstPublishedUnixNanos: 300, visits: 3 },
  ];

  it.each([
    { sort: RecordSort.UNSPECIFIED, expected: ["b", "a", "c"] },
    { sort: RecordSort.CREATION_DATE, expected: ["b", "a", "c"] },
    { sort: RecordSort.LAST_UPDATE, expected: ["a", "c", "b"] },
    { sort: RecordSort.FIRST_PUBLISH, expected: ["c", "b", "a"] },
    { sort: RecordSort.TOTAL_VISITS, expected: ["c", "b", "a"] },
    { sort: RecordSort.NAME, expected: ["c", "b", "a"] },
    { sort: 42 as RecordSort, expected: ["b", "a", "c"] },
  ])("WS13 sort $sort puts $expected, descending", async ({ sort, expected }) => {
    await using test = await openMod({ scenario: { records: sortable } });
    expect(names((await test.raw.unary(method.listRecords, { sort })).records)).toEqual(expected);
  });

  it("WS13 sorts at random, in another order each time", async () => {
    const records = Array.from({ length: 50 }, (_, index) => ({ name: `World ${index}` }));
    await using test = await openMod({ scenario: { records } });
    const list = async (): Promise<readonly string[]> =>
      names((await test.raw.unary(method.listRecords, { sort: RecordSort.RANDOM })).records);
    const [first, second] = [await list(), await list()];
    expect(first.toSorted()).toEqual(names(records).toSorted());
    expect(second).not.toEqual(first);
  });

  it.each([
    { sortDirection: RecordSortDirection.UNSPECIFIED, expected: ["b", "a", "c"] },
    { sortDirection: RecordSortDirection.DESCENDING, expected: ["b", "a", "c"] },
    { sortDirection: RecordSortDirection.ASCENDING, expected: ["c", "a", "b"] },
    { sortDirection: 9 as RecordSortDirection, expected: ["b", "a", "c"] },
  ])("WS14 direction $sortDirection puts $expected", async ({ sortDirection, expected }) => {
    await using test = await openMod({ scenario: { records: sortable } });
    expect(names((await test.raw.unary(method.listRecords, { sortDirection })).records)).toEqual(expected);
  });

  it("returns 60 records unless asked for another number", async () => {
    const records = Array.from({ length: 61 }, (_, index) => ({ name: `World ${index}` }));
    await using test = await openMod({ scenario: { records } });
    const first = await test.raw.unary(method.listRecords, {});
    expect([first.records.length, first.hasMore]).toEqual([60, true]);
    const rest = await test.raw.unary(method.listRecords, { offset: 60 });
    expect([rest.records.length, rest.hasMore, rest.offset]).toEqual([1, false, 60]);
    const behind = await test.raw.unary(method.listRecords, { offset: 61 });
    expect([behind.records.length, behind.hasMore]).toEqual([0, false]);
  });

  it("fails for the own records while signed out, and for those of a group without a name", async () => {
    await using test = await openMod({ scenario: signedOutScenario });
    const list = (source: RecordSource) => statusOf(test.raw.unary(method.listRecords, { source }));
    expect((await list(RecordSource.OWN)).code).toBe("FAILED_PRECONDITION");
    expect((await list(RecordSource.GROUP)).code).toBe("NOT_FOUND");
    expect((await list(RecordSource.PUBLIC)).code).toBe("OK");
  });

  it("WE5 lists own worlds, and public ones at random", async () => {
    await using test = await openMod();
    const own = await test.raw.unary(method.listRecords, { source: RecordSource.OWN });
    expect(names(own.records)).toEqual(["Robin's Attic"]);
    const random = await test.raw.unary(method.listRecords, { sort: RecordSort.RANDOM });
    expect(random.records).toHaveLength(6);
  });

  it("WE6 finds only records that contain the word", async () => {
    await using test = await openMod();
    const { records } = await test.raw.unary(method.listRecords, { search: "ART" });
    expect(records.length).toBeGreaterThan(0);
    for (const { name, description, tags } of records) {
      expect([name, description, ...tags].some((text) => text.toLowerCase().includes("art"))).toBe(true);
    }
  });
});

describe("World.FetchThumbnail", () => {
  const pngSignature = [0x89, 0x50, 0x4e, 0x47];

  it.each(["resdb:///abc.webp", "RESDB:///abc.webp"])("WS22 downloads %s as an image", async (uri) => {
    await using test = await openMod({ scenario: { sessions: [{ name: "A", thumbnailUrl: "resdb:///abc.webp" }] } });
    const { data, contentType } = await test.raw.unary(method.fetchThumbnail, { uri });
    expect([...data.subarray(0, 4)]).toEqual(pngSignature);
    expect(contentType).toBe("image/png");
  });

  it.each([
    { id: "WS23", uri: "" },
    { id: "WS24", uri: "   " },
  ])("$id refuses the blank address '$uri' even without a bridge", async ({ uri }) => {
    await using test = await openMod({ faults: { absentBridges: ["world"] } });
    expect((await statusOf(test.raw.unary(method.fetchThumbnail, { uri }))).code).toBe("INVALID_ARGUMENT");
  });

  it.each([
    "resdb:///missing.png",
    "https://example.com/none.png",
    "thumb.png",
    "/thumb.png",
    "ftp://example.com/a.png",
  ])("WS25 finds nothing at %s", async (uri) => {
    await using test = await openMod();
    const { code, details } = await statusOf(test.raw.unary(method.fetchThumbnail, { uri }));
    expect(code).toBe("NOT_FOUND");
    expect(details).toContain(uri);
  });

  it("WE7 downloads the thumbnails of sessions and records, and each world looks different", async () => {
    await using test = await openMod();
    const { sessions } = await test.raw.unary(method.listSessions, {});
    const { records } = await test.raw.unary(method.listRecords, {});
    const pictures = new Set<string>();
    for (const { thumbnailUrl } of [...sessions, ...records]) {
      const { data } = await test.raw.unary(method.fetchThumbnail, { uri: thumbnailUrl });
      pictures.add(Buffer.from(data).toString("base64"));
    }
    expect(pictures.size).toBe(sessions.length + records.length);
  });
});

describe("the world bridge", () => {
  const calls: readonly (readonly [string, (raw: RawClient) => Promise<unknown>])[] = [
    ["ListSessions", (raw) => raw.unary(method.listSessions, {})],
    ["ListRecords", (raw) => raw.unary(method.listRecords, {})],
    ["Join", (raw) => raw.unary(method.join, {})],
    ["StartWorld", (raw) => raw.unary(method.startWorld, {})],
    ["ListOpenWorlds", (raw) => raw.unary(method.listOpenWorlds, {})],
    ["Focus", (raw) => raw.unary(method.focus, {})],
    ["Leave", (raw) => raw.unary(method.leave, {})],
    ["GetCurrent", (raw) => raw.unary(method.getCurrent, {})],
    ["FetchThumbnail", (raw) => raw.unary(method.fetchThumbnail, { uri: "resdb:///abc.webp" })],
  ];

  it.each(calls)("WS26 %s is unavailable without it", async (_, call) => {
    await using test = await openMod({ faults: { absentBridges: ["world"] } });
    const { code, details } = await statusOf(call(test.raw));
    expect(code).toBe("UNAVAILABLE");
    expect(details).toContain("World");
  });

  it("WS27 is not ready while the engine starts, says so, and is ready then", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    const { code, details } = await statusOf(test.raw.unary(method.join, { sessionId: "S-gallery" }));
    expect(code).toBe("FAILED_PRECONDITION");
    expect(details).not.toBe("");
    expect((await statusOf(test.raw.unary(method.listOpenWorlds, {}))).code).toBe("FAILED_PRECONDITION");
    await test.clock.advance(1000);
    expect((await statusOf(test.raw.unary(method.listOpenWorlds, {}))).code).toBe("OK");
  });

  it("answers with empty lists when there is nothing at all", async () => {
    await using test = await openMod({ scenario: emptyScenario });
    expect(await test.raw.unary(method.listSessions, {})).toMatchObject({ sessions: [], totalCount: 0 });
    expect(await test.raw.unary(method.listRecords, {})).toMatchObject({ records: [], hasMore: false });
    expect(await test.raw.unary(method.listOpenWorlds, {})).toMatchObject({ worlds: [] });
  });
});

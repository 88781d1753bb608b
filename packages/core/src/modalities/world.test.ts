import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import {
  type OpenWorldSchema,
  RecordSort,
  RecordSortDirection,
  RecordSource,
  SessionFilter,
  World,
  type WorldRecordSchema,
  type WorldSessionSchema,
} from "../gen/resonite_io/v1/world_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { type JoinOptions, WorldClient } from "./world.js";

const lobby = {
  sessionId: "S-lobby",
  name: "Lobby",
  description: "Meet here",
  hostUserId: "U-ada",
  hostUsername: "Ada",
  sessionUrls: ["lnl-nat:///one", "lnl-nat:///two"],
  thumbnailUrl: "resdb:///lobby.webp",
  joinedUsers: 5,
  activeUsers: 4,
  maximumUsers: 16,
  tags: ["social", "new"],
  accessLevel: "Anyone",
  headlessHost: true,
  mobileFriendly: true,
  correspondingWorldId: "R-lobby",
  universeId: "universe",
  sessionBeginUnixNanos: 1_700_000_000_000_000_001n,
  lastUpdateUnixNanos: 1_700_000_000_999_999_999n,
} satisfies MessageInitShape<typeof WorldSessionSchema>;

const puzzle = {
  recordId: "R-puzzle",
  ownerId: "U-ada",
  name: "Puzzle",
  description: "Hard",
  thumbnailUrl: "resdb:///puzzle.webp",
  tags: ["game", "puzzle"],
  recordUrl: "resrec:///U-ada/R-puzzle",
  lastModificationUnixNanos: 1_600_000_000_123_456_789n,
} satisfies MessageInitShape<typeof WorldRecordSchema>;

const home = {
  handle: 5,
  sessionId: "S-home",
  name: "Home",
  focused: true,
  userCount: 2,
  accessLevel: "Private",
} satisfies MessageInitShape<typeof OpenWorldSchema>;

const gallery = { ...home, handle: 6, sessionId: "S-gallery", name: "Gallery", focused: false };

// The cases that the mod's own client is accepted by, in their numbering. WC29 and WC30 are about things that do not exist
// here: a client that is not connected yet, and keyword arguments.
describe("WorldClient acceptance cases", () => {
  it("WC1: listSessions() returns total, page, page size and sessions with every field", async () => {
    const { world } = modWith({
      listSessions: () => ({ sessions: [lobby], totalCount: 42, page: 2, pageSize: 10 }),
    });

    expect(await world.listSessions()).toStrictEqual({ sessions: [lobby], totalCount: 42, page: 2, pageSize: 10 });
  });

  it('WC2: the filter "all" is unspecified on the wire, and the other values go verbatim', async () => {
    const { world, requests } = modWith({ listSessions: () => ({}) });

    await world.listSessions({ filter: "all", search: "Lob by", minActiveUsers: 3, page: 4, pageSize: 20 });

    expect(requests).toMatchObject([
      {
        rpc: "ListSessions",
        message: { filter: SessionFilter.UNSPECIFIED, search: "Lob by", minActiveUsers: 3, page: 4, pageSize: 20 },
      },
    ]);
  });

  it.each([
    ["WC3", "friends", SessionFilter.FRIENDS],
    ["WC4", "headless", SessionFilter.HEADLESS],
  ] as const)("%s: the filter %j goes by its wire number", async (_, filter, number) => {
    const { world, requests } = modWith({ listSessions: () => ({}) });

    await world.listSessions({ filter });

    expect(requests).toMatchObject([{ message: { filter: number } }]);
  });

  it("WC5: listRecords() returns hasMore, offset and records with every field", async () => {
    const { world } = modWith({ listRecords: () => ({ records: [puzzle], hasMore: true, offset: 30 }) });

    expect(await world.listRecords()).toStrictEqual({ records: [puzzle], hasMore: true, offset: 30 });
  });

  it('WC6: source, tags, owner, offset and count go on the wire; "public" is said, not left out', async () => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords({
      source: "public",
      requiredTags: ["game", "avatar"],
      ownerId: "G-team",
      offset: 60,
      count: 30,
    });

    expect(requests).toMatchObject([
      {
        rpc: "ListRecords",
        message: {
          source: RecordSource.PUBLIC,
          requiredTags: ["game", "avatar"],
          ownerId: "G-team",
          offset: 60,
          count: 30,
        },
      },
    ]);
  });

  it("WC7: by default the newest come first", async () => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords();

    expect(requests).toMatchObject([
      { message: { sort: RecordSort.CREATION_DATE, sortDirection: RecordSortDirection.DESCENDING } },
    ]);
  });

  it('WC8: "random" and "ascending" go by their wire numbers', async () => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords({ sort: "random", sortDirection: "ascending" });

    expect(requests).toMatchObject([
      { message: { sort: RecordSort.RANDOM, sortDirection: RecordSortDirection.ASCENDING } },
    ]);
  });

  it('WC9: the source "featured" goes by its wire number', async () => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords({ source: "featured" });

    expect(requests).toMatchObject([{ message: { source: RecordSource.FEATURED } }]);
  });

  it.each([
    ["WC10: a search goes verbatim, with its operators", { search: 'puzzle +red -horror "two words"' }],
    ["WC11: no search is an empty text", {}],
  ])("%s", async (_, options) => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords(options);

    expect(requests).toMatchObject([{ message: { search: "", ...options } }]);
  });

  it("WC12: join by session sends no address, focuses by default, and returns the world itself", async () => {
    const { world, requests } = modWith({ join: () => ({ world: home }) });

    expect(await world.join({ sessionId: "S-home" })).toStrictEqual(home);
    expect(requests).toMatchObject([{ rpc: "Join", message: { sessionId: "S-home", sessionUrl: "", focus: true } }]);
  });

  it("WC13: join by address sends no session, and focus can be declined", async () => {
    const { world, requests } = modWith({ join: () => ({ world: gallery }) });

    expect(await world.join({ url: "lnl-nat:///one", focus: false })).toStrictEqual(gallery);
    expect(requests).toMatchObject([
      { rpc: "Join", message: { sessionId: "", sessionUrl: "lnl-nat:///one", focus: false } },
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ["WC14: join without a target", {}],
    ["WC14: join with two empty targets", { sessionId: "", url: "" }],
    ["WC15: join with both targets", { sessionId: "S-home", url: "lnl-nat:///one" }],
  ])("%s throws and sends nothing", async (_, targets) => {
    const { world, requests } = modWith({ join: () => ({ world: home }) });

    const joining = world.join(untyped<JoinOptions>(targets));

    await expect(joining).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(joining).rejects.toBeInstanceOf(ResoioError);
    await expect(joining).rejects.toMatchObject({ name: "InvalidOptionsError", code: "INVALID_OPTIONS" });
    expect(requests).toEqual([]);
  });

  it.each<[string, string, (world: WorldClient) => Promise<unknown>]>([
    ["WC16", "join", (world) => world.join({ sessionId: "S-home" })],
    ["WC19", "startWorld", (world) => world.startWorld({ recordId: "R-puzzle", ownerId: "U-ada" })],
    ["WC23", "focus", (world) => world.focus(5)],
  ])("%s: %s throws when the answer has no world", async (_, method, call) => {
    const { world } = modWith({ join: () => ({}), startWorld: () => ({}), focus: () => ({}) });

    const failure = call(world);

    await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await expect(failure).rejects.toBeInstanceOf(ResoioError);
    await expect(failure).rejects.toMatchObject({
      name: "MalformedResponseError",
      code: "MALFORMED_RESPONSE",
      message: expect.stringContaining(method),
    });
  });

  it("WC17: startWorld sends record, owner and focus, and returns the world itself", async () => {
    const { world, requests } = modWith({ startWorld: () => ({ world: gallery }) });

    expect(await world.startWorld({ recordId: "R-puzzle", ownerId: "U-ada", focus: false })).toStrictEqual(gallery);
    expect(requests).toMatchObject([
      { rpc: "StartWorld", message: { recordId: "R-puzzle", ownerId: "U-ada", focus: false } },
    ]);
  });

  it("WC18: startWorld has no owner and focuses by default", async () => {
    const { world, requests } = modWith({ startWorld: () => ({ world: home }) });

    await world.startWorld({ recordId: "R-puzzle" });

    expect(requests).toMatchObject([{ message: { recordId: "R-puzzle", ownerId: "", focus: true } }]);
  });

  it.each([
    ["WC20: listOpenWorlds returns the worlds in the mod's order", [home, gallery]],
    ["WC21: listOpenWorlds returns an empty list when none is open", []],
  ])("%s", async (_, worlds) => {
    const { world } = modWith({ listOpenWorlds: () => ({ worlds }) });

    expect(await world.listOpenWorlds()).toStrictEqual(worlds);
  });

  it("WC22: focus sends the handle and returns the world itself", async () => {
    const { world, requests } = modWith({ focus: () => ({ world: home }) });

    expect(await world.focus(5)).toStrictEqual(home);
    expect(requests).toMatchObject([{ rpc: "Focus", message: { handle: 5 } }]);
  });

  it("WC24: leave sends the handle and returns nothing", async () => {
    const { world, requests } = modWith({ leave: () => ({}) });

    expect(await world.leave(7)).toBeUndefined();
    expect(requests).toMatchObject([{ rpc: "Leave", message: { handle: 7 } }]);
  });

  it("WC25: getCurrent returns the world that the user is in", async () => {
    const { world } = modWith({ getCurrent: () => ({ hasWorld: true, world: home }) });

    expect(await world.getCurrent()).toStrictEqual(home);
  });

  it.each([
    ["WC26: getCurrent returns undefined when there is none", {}],
    ["WC26: getCurrent goes by hasWorld, not by the presence of a world", { world: home }],
  ])("%s", async (_, answer) => {
    const { world } = modWith({ getCurrent: () => ({ hasWorld: false, ...answer }) });

    expect(await world.getCurrent()).toBeUndefined();
  });

  it("WC27: fetchThumbnail sends the address verbatim and returns bytes and type", async () => {
    const answer = { data: Uint8Array.of(1, 2, 3, 4), contentType: "image/webp" };
    const { world, requests } = modWith({ fetchThumbnail: () => answer });

    expect(await world.fetchThumbnail("resdb:///ABC.webp")).toStrictEqual(answer);
    expect(requests).toMatchObject([{ rpc: "FetchThumbnail", message: { uri: "resdb:///ABC.webp" } }]);
  });

  it("WC28: an empty content type stays empty", async () => {
    const { world } = modWith({ fetchThumbnail: () => ({ data: Uint8Array.of(1), contentType: "" }) });

    expect((await world.fetchThumbnail("resdb:///abc")).contentType).toBe("");
  });
});

describe("WorldClient", () => {
  it("asks for everything by default: no search, no bound, one page", async () => {
    const { world, requests } = modWith({ listSessions: () => ({}) });

    await world.listSessions();

    expect(requests).toMatchObject([
      { message: { search: "", filter: SessionFilter.UNSPECIFIED, minActiveUsers: 0, page: 0, pageSize: 0 } },
    ]);
  });

  it("asks for public records from the first on, as many as the mod likes, by default", async () => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords();

    expect(requests).toMatchObject([
      { message: { source: RecordSource.PUBLIC, requiredTags: [], ownerId: "", offset: 0, count: 0 } },
    ]);
  });

  it.each([
    ["public", RecordSource.PUBLIC],
    ["featured", RecordSource.FEATURED],
    ["own", RecordSource.OWN],
    ["group", RecordSource.GROUP],
  ] as const)("sends the source %j by its wire number", async (source, number) => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords({ source });

    expect(requests).toMatchObject([{ message: { source: number } }]);
  });

  it.each([
    ["creationDate", RecordSort.CREATION_DATE],
    ["lastUpdate", RecordSort.LAST_UPDATE],
    ["firstPublish", RecordSort.FIRST_PUBLISH],
    ["totalVisits", RecordSort.TOTAL_VISITS],
    ["name", RecordSort.NAME],
    ["random", RecordSort.RANDOM],
  ] as const)("sends the sort %j by its wire number", async (sort, number) => {
    const { world, requests } = modWith({ listRecords: () => ({}) });

    await world.listRecords({ sort });

    expect(requests).toMatchObject([{ message: { sort: number } }]);
  });

  it.each<[string, (world: WorldClient) => Promise<unknown>]>([
    ["filter", (world) => world.listSessions({ filter: untyped("freinds") })],
    ["filter", (world) => world.listSessions({ filter: untyped("toString") })],
    ["source", (world) => world.listRecords({ source: untyped("mine") })],
    ["sort", (world) => world.listRecords({ sort: untyped("newest") })],
    ["sortDirection", (world) => world.listRecords({ sortDirection: untyped("up") })],
  ])(
    "throws for a %s that does not exist, which only an untyped caller can give, and sends nothing",
    async (option, call) => {
      const { world, requests } = modWith({ listSessions: () => ({}), listRecords: () => ({}) });

      const failure = call(world);

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({
        code: "INVALID_OPTIONS",
        message: expect.stringContaining(`${option} must be one of`),
      });
      expect(requests).toEqual([]);
    },
  );

  it("keeps 64-bit times exact", async () => {
    const exact = 2n ** 53n + 1n;
    const { world } = modWith({
      listSessions: () => ({ sessions: [{ sessionBeginUnixNanos: exact, lastUpdateUnixNanos: 2n ** 63n - 1n }] }),
      listRecords: () => ({ records: [{ lastModificationUnixNanos: exact }] }),
    });

    const [session] = (await world.listSessions()).sessions;
    const [record] = (await world.listRecords()).records;

    expect(session?.sessionBeginUnixNanos).toBe(exact);
    expect(session?.lastUpdateUnixNanos).toBe(2n ** 63n - 1n);
    expect(record?.lastModificationUnixNanos).toBe(exact);
  });

  it("throws when getCurrent promises a world but has none", async () => {
    const { world } = modWith({ getCurrent: () => ({ hasWorld: true }) });

    await expect(world.getCurrent()).rejects.toMatchObject({
      code: "MALFORMED_RESPONSE",
      message: expect.stringContaining("getCurrent"),
    });
  });

  it("does not send call options as part of the request, nor lose them", async () => {
    const headers: (string | null)[] = [];
    const see = (header: Headers) => void headers.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const { world } = modWith({
      listSessions: (_, { requestHeader }) => see(requestHeader) ?? {},
      listRecords: (_, { requestHeader }) => see(requestHeader) ?? {},
      join: (_, { requestHeader }) => see(requestHeader) ?? { world: home },
      startWorld: (_, { requestHeader }) => see(requestHeader) ?? { world: home },
      listOpenWorlds: (_, { requestHeader }) => see(requestHeader) ?? {},
      focus: (_, { requestHeader }) => see(requestHeader) ?? { world: home },
      leave: (_, { requestHeader }) => see(requestHeader) ?? {},
      getCurrent: (_, { requestHeader }) => see(requestHeader) ?? {},
      fetchThumbnail: (_, { requestHeader }) => see(requestHeader) ?? {},
    });

    await world.listSessions(call);
    await world.listRecords(call);
    await world.join({ sessionId: "S-home", ...call });
    await world.startWorld({ recordId: "R-puzzle", ...call });
    await world.listOpenWorlds(call);
    await world.focus(5, call);
    await world.leave(5, call);
    await world.getCurrent(call);
    await world.fetchThumbnail("resdb:///abc", call);

    expect(headers).toEqual(Array(World.methods.length).fill("42"));
  });

  it("is cancelled by the caller's signal while the mod is still loading the world", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { world } = modWith({
      join(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const joining = world.join({ sessionId: "S-home", signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(joining).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });

  it("passes the mod's failure through unchanged", async () => {
    const { world } = modWith({
      focus() {
        throw new ConnectError("no open world has the handle 99", Code.NotFound);
      },
    });

    const failure = world.focus(99);

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: "no open world has the handle 99",
    });
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof World>>) {
  const { transport, requests } = fakeMod(World, handlers);
  return { world: new WorldClient(transport), requests };
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}

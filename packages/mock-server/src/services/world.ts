import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type OpenWorldSchema,
  RecordSort,
  RecordSortDirection,
  RecordSource,
  SessionFilter,
  type WorldRecordSchema,
  type WorldSessionSchema,
} from "@resoio/core/gen/resonite_io/v1/world_pb";
import { activeUsers, type SessionQuery } from "../engine/cloud.js";
import type { Engine } from "../engine/engine.js";
import type { RecordQuery } from "../engine/record-query.js";
import type { WorldState } from "../engine/world-state.js";
import type { WorldHandlers } from "../gen/handlers.js";
import type { ScenarioRecord, ScenarioSession } from "../scenarios/parts/cloud.js";

/** Browses, opens, focuses and leaves worlds. Paging of sessions is done here, as in the mod; that of records is the cloud's. */
export const worldService = (engine: Engine): WorldHandlers => ({
  listSessions({ search, filter, minActiveUsers, page, pageSize }) {
    const all = engine.cloud.listSessions({ search, filter: sessionFilter(filter), minActiveUsers });
    return { sessions: pageOf(all, page, pageSize).map(toWireSession), totalCount: all.length, page, pageSize };
  },

  listRecords(request) {
    const { requiredTags, ownerId, offset, count, search } = request;
    const { records, hasMore } = engine.cloud.listRecords({
      source: recordSource(request.source),
      requiredTags,
      ownerId,
      offset,
      count,
      sort: recordSort(request.sort),
      direction: request.sortDirection === RecordSortDirection.ASCENDING ? "ascending" : "descending",
      search,
    });
    return { records: records.map(toWireRecord), hasMore, offset };
  },

  async join({ sessionId, sessionUrl, focus }, { signal }) {
    const world = await engine.worlds.join({ sessionId, url: sessionUrl, focus }, signal);
    return { world: toWireWorld(engine, world) };
  },

  async startWorld({ recordId, ownerId, focus }, { signal }) {
    const world = await engine.worlds.start({ recordId, ownerId, focus }, signal);
    return { world: toWireWorld(engine, world) };
  },

  listOpenWorlds() {
    return { worlds: engine.worlds.open.map((world) => toWireWorld(engine, world)) };
  },

  async focus({ handle }, { signal }) {
    return { world: toWireWorld(engine, await engine.worlds.focus(handle, signal)) };
  },

  leave({ handle }) {
    engine.worlds.leave(handle);
    return {};
  },

  getCurrent() {
    const world = engine.worlds.focused;
    return world === undefined ? { hasWorld: false } : { hasWorld: true, world: toWireWorld(engine, world) };
  },

  fetchThumbnail({ uri }) {
    return engine.cloud.fetchThumbnail(uri);
  },
});

function sessionFilter(wire: SessionFilter): SessionQuery["filter"] {
  return wire === SessionFilter.FRIENDS ? "friends" : wire === SessionFilter.HEADLESS ? "headless" : "all";
}

function recordSource(wire: RecordSource): RecordQuery["source"] {
  switch (wire) {
    case RecordSource.FEATURED:
      return "featured";
    case RecordSource.OWN:
      return "own";
    case RecordSource.GROUP:
      return "group";
    default:
      return "public";
  }
}

function recordSort(wire: RecordSort): RecordQuery["sort"] {
  switch (wire) {
    case RecordSort.LAST_UPDATE:
      return "lastUpdate";
    case RecordSort.FIRST_PUBLISH:
      return "firstPublish";
    case RecordSort.TOTAL_VISITS:
      return "totalVisits";
    case RecordSort.NAME:
      return "name";
    case RecordSort.RANDOM:
      return "random";
    default:
      return "creationDate";
  }
}

const maxInt32 = 0x7fffffff;

function pageOf<T>(items: readonly T[], page: number, pageSize: number): readonly T[] {
  if (pageSize === 0) return items;
  // The mod multiplies two 32-bit numbers outside of its guarded section.
  if (page * pageSize > maxInt32) throw new ConnectError("Exception was thrown by handler.", Code.Unknown);
  return pageSize > maxInt32 ? [] : items.slice(page * pageSize, (page + 1) * pageSize);
}

function toWireWorld(engine: Engine, world: WorldState): MessageInitShape<typeof OpenWorldSchema> {
  const { handle, sessionId, worldName, accessLevel, users } = world;
  const focused = engine.worlds.focused?.handle === handle;
  return { handle, sessionId, name: worldName, accessLevel, userCount: users.length, focused };
}

function toWireSession(session: ScenarioSession): MessageInitShape<typeof WorldSessionSchema> {
  return {
    sessionId: session.sessionId,
    name: session.name,
    description: session.description,
    hostUserId: session.hostUserId,
    hostUsername: session.hostUsername,
    sessionUrls: [...session.urls],
    thumbnailUrl: session.thumbnailUrl,
    joinedUsers: session.users.length,
    activeUsers: activeUsers(session),
    maximumUsers: session.maximumUsers,
    tags: [...session.tags],
    accessLevel: session.accessLevel,
    headlessHost: session.headlessHost,
    mobileFriendly: session.mobileFriendly,
    correspondingWorldId: session.correspondingWorldId,
    universeId: session.universeId,
    sessionBeginUnixNanos: session.beginUnixNanos,
    lastUpdateUnixNanos: session.updateUnixNanos,
  };
}

function toWireRecord(record: ScenarioRecord): MessageInitShape<typeof WorldRecordSchema> {
  const { recordId, ownerId, name, description, thumbnailUrl, tags, modifiedUnixNanos } = record;
  return {
    recordId,
    ownerId,
    name,
    description,
    thumbnailUrl,
    tags: [...tags],
    recordUrl: recordId === "" || ownerId === "" ? "" : `resrec:///${ownerId}/${recordId}`,
    lastModificationUnixNanos: modifiedUnixNanos,
  };
}

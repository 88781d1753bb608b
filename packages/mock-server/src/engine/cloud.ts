import type { Scenario, ScenarioRecord, ScenarioSession } from "../scenarios/scenario.js";
import { EngineError } from "./engine-error.js";
import { createRandom } from "./random.js";
import { matchesRecordSearch, parseRecordSearch } from "./record-search.js";
import { renderThumbnail, type ThumbnailFile } from "./thumbnail.js";

/** Which sessions to list; see the comments of `ListSessionsRequest`. */
export interface SessionQuery {
  readonly search: string;
  readonly filter: "all" | "friends" | "headless";
  readonly minActiveUsers: number;
}

/** Which records to list; see the comments of `ListRecordsRequest`. */
export interface RecordQuery {
  readonly source: "public" | "featured" | "own" | "group";
  readonly requiredTags: readonly string[];
  readonly ownerId: string;
  readonly offset: number;
  readonly count: number;
  readonly sort: "creationDate" | "lastUpdate" | "firstPublish" | "totalVisits" | "name" | "random";
  readonly direction: "descending" | "ascending";
  readonly search: string;
}

const defaultRecordCount = 60;

/** What the cloud knows: live sessions, saved worlds, thumbnails. */
export class Cloud {
  readonly #scenario: Scenario;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  /** Lists all sessions that pass, in the cloud's order. */
  listSessions({ search, filter, minActiveUsers }: SessionQuery): readonly ScenarioSession[] {
    const contacts = new Set(this.#scenario.contactIds);
    const needle = search.toLowerCase();
    return this.#scenario.sessions.filter((session) => {
      if (activeUsers(session) < minActiveUsers) return false;
      if (needle !== "" && !session.name.toLowerCase().includes(needle)) return false;
      if (filter === "headless") return session.headlessHost;
      if (filter === "all") return true;
      return contacts.has(session.hostUserId) || session.users.some(({ userId }) => contacts.has(userId));
    });
  }

  /**
   * Lists one page of saved worlds.
   *
   * Throws `notReady` for the own ones while signed out, and `notFound` for those of a group that is not named.
   */
  listRecords(query: RecordQuery): { readonly records: readonly ScenarioRecord[]; readonly hasMore: boolean } {
    const search = parseRecordSearch(query.search);
    const candidates = this.#recordsOf(query).filter(({ tags }) =>
      query.requiredTags.every((tag) => tags.includes(tag)),
    );
    const sorted = sortRecords(candidates, query);
    const count = query.count === 0 ? defaultRecordCount : query.count;
    if (query.search.trim() === "") {
      const records = sorted.slice(query.offset, query.offset + count);
      return { records, hasMore: query.offset + records.length < sorted.length };
    }
    // The offset counts in the cloud's list, before the words are looked for.
    const matches: ScenarioRecord[] = [];
    let position = query.offset;
    for (; position < sorted.length && matches.length < count; position++) {
      const record = sorted[position];
      if (record === undefined) break;
      if (matchesRecordSearch(search, [record.name, record.description, ...record.tags])) matches.push(record);
    }
    return { records: matches, hasMore: position < sorted.length };
  }

  /** Downloads a thumbnail. Throws `notFound` for an address that is none, or that nothing is at. */
  fetchThumbnail(uri: string): ThumbnailFile {
    const scheme = URL.canParse(uri) ? new URL(uri).protocol : "";
    if (!["http:", "https:", "resdb:"].includes(scheme)) {
      throw new EngineError("notFound", `'${uri}' is not the address of a thumbnail.`);
    }
    const owner = [...this.#scenario.sessions, ...this.#scenario.records].find(
      ({ thumbnailUrl }) => thumbnailUrl === uri,
    );
    if (owner === undefined) throw new EngineError("notFound", `There is no thumbnail at '${uri}'.`);
    return renderThumbnail(this.#scenario, owner.name);
  }

  #recordsOf({ source, ownerId }: RecordQuery): readonly ScenarioRecord[] {
    const { records, localUser, signedIn } = this.#scenario;
    switch (source) {
      case "public":
        return records;
      case "featured":
        return records.filter(({ featured }) => featured);
      case "own":
        if (!signedIn) throw new EngineError("notReady", "Nobody is signed in.");
        return records.filter((record) => record.ownerId === localUser.userId);
      case "group":
        if (ownerId === "") throw new EngineError("notFound", "The group is not named.");
        return records.filter((record) => record.ownerType === "group" && record.ownerId === ownerId);
    }
  }
}

/** How many people in a session are not away. */
export function activeUsers(session: ScenarioSession): number {
  return session.users.filter(({ away }) => !away).length;
}

function sortRecords(records: readonly ScenarioRecord[], { sort, direction }: RecordQuery): readonly ScenarioRecord[] {
  if (sort === "random") return shuffle(records);
  const sign = direction === "ascending" ? 1 : -1;
  return records.toSorted((a, b) => {
    const [first, second] = [sortKey(a, sort), sortKey(b, sort)];
    return first === second ? 0 : first < second ? -sign : sign;
  });
}

function sortKey(record: ScenarioRecord, sort: Exclude<RecordQuery["sort"], "random">): bigint | number | string {
  switch (sort) {
    case "creationDate":
      return record.createdUnixNanos;
    case "lastUpdate":
      return record.modifiedUnixNanos;
    case "firstPublish":
      return record.firstPublishedUnixNanos;
    case "totalVisits":
      return record.visits;
    case "name":
      return record.name;
  }
}

function shuffle<T>(items: readonly T[]): readonly T[] {
  const random = createRandom(items.length);
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

import type { ScenarioRecord } from "../scenarios/parts/cloud.js";
import type { Random } from "./random.js";
import { matchesRecordSearch, parseRecordSearch } from "./record-search.js";

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

/** One page of saved worlds. */
export interface RecordPage {
  readonly records: readonly ScenarioRecord[];
  /** Whether the cloud has more behind what was looked at. */
  readonly hasMore: boolean;
}

const defaultCount = 60;
const batchSize = 100;
const mostExamined = 500;

/** Selects a page of the records that the query's source has. */
export function queryRecords(records: readonly ScenarioRecord[], query: RecordQuery, random: Random): RecordPage {
  const tagged = records.filter(({ tags }) => query.requiredTags.every((tag) => tags.includes(tag)));
  const sorted = sortRecords(tagged, query, random);
  const count = query.count === 0 ? defaultCount : query.count;
  if (query.search.trim() !== "") return searchRecords(sorted, query, count);
  const end = query.offset + count;
  return { records: sorted.slice(query.offset, end), hasMore: end < sorted.length };
}

/**
 * Goes through the cloud's list in batches and keeps what the words match. The offset counts in the cloud's list, and what is
 * left of the last batch is forgotten, so that paging through matches is only approximate; as in the mod.
 */
function searchRecords(sorted: readonly ScenarioRecord[], query: RecordQuery, count: number): RecordPage {
  const parsed = parseRecordSearch(query.search);
  const search = { ...parsed, required: [...parsed.required, ...query.requiredTags.map((tag) => tag.toLowerCase())] };
  const matches: ScenarioRecord[] = [];
  let position = query.offset;
  while (position < sorted.length && matches.length < count && position - query.offset < mostExamined) {
    const batch = sorted.slice(position, position + batchSize);
    matches.push(
      ...batch.filter(({ name, description, tags }) => matchesRecordSearch(search, [name, description, ...tags])),
    );
    position += batchSize;
  }
  return { records: matches.slice(0, count), hasMore: position < sorted.length };
}

function sortRecords(
  records: readonly ScenarioRecord[],
  { sort, direction }: RecordQuery,
  random: Random,
): readonly ScenarioRecord[] {
  if (sort === "random") return shuffle(records, random);
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

function shuffle<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

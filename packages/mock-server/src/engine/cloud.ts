import type { ScenarioRecord, ScenarioSession } from "../scenarios/parts/cloud.js";
import { cachedContacts } from "./contacts.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { queryRecords, type RecordPage, type RecordQuery } from "./record-query.js";
import { renderThumbnail, type ThumbnailFile } from "./thumbnail.js";

/** Which sessions to list; see the comments of `ListSessionsRequest`. */
export interface SessionQuery {
  readonly search: string;
  readonly filter: "all" | "friends" | "headless";
  readonly minActiveUsers: number;
}

const thumbnailSchemes: readonly string[] = ["http:", "https:", "resdb:"];

/** What the cloud knows: live sessions, saved worlds, thumbnails. */
export class Cloud {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Lists all sessions that pass, in the cloud's order. */
  listSessions({ search, filter, minActiveUsers }: SessionQuery): readonly ScenarioSession[] {
    const friends = filter === "friends" ? this.#friendIds() : new Set<string>();
    const needle = search.toLowerCase();
    return this.#context.scenario.sessions.filter((session) => {
      if (activeUsers(session) < minActiveUsers) return false;
      if (needle !== "" && !session.name.toLowerCase().includes(needle)) return false;
      if (filter === "headless") return session.headlessHost;
      if (filter === "all") return true;
      return friends.has(session.hostUserId) || session.users.some(({ userId }) => friends.has(userId));
    });
  }

  /**
   * Lists one page of saved worlds.
   *
   * Throws `notReady` for the own ones while signed out, and `notFound` for those of a group that is not named.
   */
  listRecords(query: RecordQuery): RecordPage {
    return queryRecords(this.#recordsOf(query), query, this.#context.random);
  }

  /**
   * Downloads a thumbnail of a session or a saved world. Nothing outside of the simulation is reached. Throws `notFound` for
   * an address that is none, or that nothing is at.
   */
  fetchThumbnail(uri: string): ThumbnailFile {
    const url = URL.parse(uri);
    if (url === null || !thumbnailSchemes.includes(url.protocol)) {
      throw new EngineError("notFound", `'${uri}' is not the address of a thumbnail.`);
    }
    const { sessions, records } = this.#context.scenario;
    const owner = [...sessions, ...records].find(({ thumbnailUrl }) => URL.parse(thumbnailUrl)?.href === url.href);
    if (owner === undefined) throw new EngineError("notFound", `There is no thumbnail at '${uri}'.`);
    return renderThumbnail(this.#context.scenario, owner.name);
  }

  #friendIds(): ReadonlySet<string> {
    const accepted = cachedContacts(this.#context.state).filter(({ status }) => status === "accepted");
    return new Set(accepted.map(({ userId }) => userId));
  }

  #recordsOf({ source, ownerId }: RecordQuery): readonly ScenarioRecord[] {
    const { scenario, state } = this.#context;
    const { records } = scenario;
    switch (source) {
      case "public":
        return records;
      case "featured":
        return records.filter(({ featured }) => featured);
      case "own": {
        const user = state.auth.user;
        if (user === undefined) throw new EngineError("notReady", "Nobody is signed in.");
        return records.filter((record) => record.ownerId === user.userId);
      }
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

import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceValue } from "../choices.js";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import {
  SessionFilter as WireFilter,
  type OpenWorld as WireOpenWorld,
  type WorldRecord as WireRecord,
  type WorldSession as WireSession,
  RecordSort as WireSort,
  RecordSortDirection as WireSortDirection,
  RecordSource as WireSource,
  World,
} from "../gen/resonite_io/v1/world_pb.js";

const sessionFilters = {
  all: WireFilter.UNSPECIFIED,
  friends: WireFilter.FRIENDS,
  headless: WireFilter.HEADLESS,
} as const;

const recordSources = {
  public: WireSource.PUBLIC,
  featured: WireSource.FEATURED,
  own: WireSource.OWN,
  group: WireSource.GROUP,
} as const;

const recordSorts = {
  creationDate: WireSort.CREATION_DATE,
  lastUpdate: WireSort.LAST_UPDATE,
  firstPublish: WireSort.FIRST_PUBLISH,
  totalVisits: WireSort.TOTAL_VISITS,
  name: WireSort.NAME,
  random: WireSort.RANDOM,
} as const;

const recordSortDirections = {
  descending: WireSortDirection.DESCENDING,
  ascending: WireSortDirection.ASCENDING,
} as const;

/**
 * Which live sessions to list: `"all"`, those hosted or visited by a contact (`"friends"`), or those on a server without a
 * window (`"headless"`).
 */
export type SessionFilter = keyof typeof sessionFilters;

/** Which saved worlds to list: everybody's, featured ones, the signed-in user's, or a group's. */
export type RecordSource = keyof typeof recordSources;

/** What to sort saved worlds by. `"random"` is the in-game random tab. */
export type RecordSort = keyof typeof recordSorts;

/** In which direction to sort. */
export type RecordSortDirection = keyof typeof recordSortDirections;

/** A live session, as the in-game world browser shows it. Texts may be empty. */
export interface WorldSession {
  readonly sessionId: string;
  readonly name: string;
  readonly description: string;
  readonly hostUserId: string;
  readonly hostUsername: string;
  /** Where the session can be reached. For {@link WorldClient.join} the `sessionId` is enough. */
  readonly sessionUrls: readonly string[];
  /** For {@link WorldClient.fetchThumbnail}. */
  readonly thumbnailUrl: string;
  readonly joinedUsers: number;
  /** Joined users that are not away. */
  readonly activeUsers: number;
  readonly maximumUsers: number;
  readonly tags: readonly string[];
  /** Who may join, by the engine's name: `Private`, `LAN`, `Contacts`, `ContactsPlus`, `RegisteredUsers`, `Anyone`. */
  readonly accessLevel: string;
  readonly headlessHost: boolean;
  readonly mobileFriendly: boolean;
  readonly correspondingWorldId: string;
  readonly universeId: string;
  /** Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly sessionBeginUnixNanos: bigint;
  /** Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly lastUpdateUnixNanos: bigint;
}

/** A saved world, from which a session can be started. Texts may be empty. */
export interface WorldRecord {
  readonly recordId: string;
  readonly ownerId: string;
  readonly name: string;
  readonly description: string;
  /** For {@link WorldClient.fetchThumbnail}. */
  readonly thumbnailUrl: string;
  readonly tags: readonly string[];
  /** `resrec:///<owner>/<record>`. */
  readonly recordUrl: string;
  /** Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly lastModificationUnixNanos: bigint;
}

/** A world that is open in this engine. */
export interface OpenWorld {
  /** Names the world in {@link WorldClient.focus} and {@link WorldClient.leave}, until it is closed. */
  readonly handle: number;
  /** Empty while the world is still loading. */
  readonly sessionId: string;
  readonly name: string;
  /** Whether this is the world that the user is in. At most one is. */
  readonly focused: boolean;
  readonly userCount: number;
  /** Who may join, by the engine's name; see {@link WorldSession.accessLevel}. Empty when unknown. */
  readonly accessLevel: string;
}

/** Options of {@link WorldClient.listSessions}. */
export interface ListSessionsOptions extends CallOptions {
  /** Part of the session's name, in any case. Default `""`: every session. */
  readonly search?: string;
  /** Default `"all"`. */
  readonly filter?: SessionFilter;
  /** Only sessions with at least this many active users. Default 0. */
  readonly minActiveUsers?: number;
  /** Which page, from 0. Default 0. */
  readonly page?: number;
  /** Sessions per page. Default 0: all of them, on one page. */
  readonly pageSize?: number;
}

/** One page of sessions. */
export interface SessionPage {
  readonly sessions: readonly WorldSession[];
  /** How many sessions passed the filters, on all pages together. */
  readonly totalCount: number;
  /** As asked for. */
  readonly page: number;
  /** As asked for. */
  readonly pageSize: number;
}

/** Options of {@link WorldClient.listRecords}. */
export interface ListRecordsOptions extends CallOptions {
  /** Default `"public"`. */
  readonly source?: RecordSource;
  /** Only records with every one of these tags. Default none. */
  readonly requiredTags?: readonly string[];
  /** The group, for the source `"group"`; without effect otherwise. */
  readonly ownerId?: string;
  /** Words to look for: `+word` must, `-word` must not occur, `"two words"` count as one. Default `""`: no search. */
  readonly search?: string;
  /** How many records to skip. Default 0. Only approximate together with `search`. */
  readonly offset?: number;
  /** At most this many records. Default 0, which the mod takes as 60. */
  readonly count?: number;
  /** Default `"creationDate"`. */
  readonly sort?: RecordSort;
  /** Default `"descending"`. */
  readonly sortDirection?: RecordSortDirection;
}

/** Some saved worlds. */
export interface RecordPage {
  readonly records: readonly WorldRecord[];
  /** Whether the cloud has more. */
  readonly hasMore: boolean;
  /** As asked for. */
  readonly offset: number;
}

/** Options of {@link WorldClient.join}: exactly one of `sessionId` and `url`. */
export type JoinOptions = CallOptions & {
  /** Whether to go there; otherwise the world opens in the background. Default true. */
  readonly focus?: boolean;
} & (
    | {
        /** A session from {@link WorldClient.listSessions}. */
        readonly sessionId: string;
        readonly url?: never;
      }
    | {
        /** The address of a session, for example `lnl-nat:///...`. */
        readonly url: string;
        readonly sessionId?: never;
      }
  );

/** Options of {@link WorldClient.startWorld}. */
export interface StartWorldOptions extends CallOptions {
  /** The saved world, from {@link WorldRecord.recordId}. */
  readonly recordId: string;
  /** Its owner, from {@link WorldRecord.ownerId}. The mod needs it and answers `NotFound` to the default, `""`. */
  readonly ownerId?: string;
  /** Whether to go there; otherwise the world opens in the background. Default true. */
  readonly focus?: boolean;
}

/** A small picture of a world or session. */
export interface Thumbnail {
  /** The image file, as it was downloaded. */
  readonly data: Uint8Array;
  /** Its MIME type, for example `image/webp`; empty when it could not be told. */
  readonly contentType: string;
}

/**
 * Finds, opens, enters and leaves worlds.
 *
 * Open worlds and the focus belong to the engine: every program that talks to it shares them, and they outlive the
 * connection. Every method fails with `Unavailable` when the mod has no world bridge and with `FailedPrecondition` while the
 * engine is still starting.
 */
export class WorldClient implements Covers<typeof World> {
  readonly #rpc: Client<typeof World>;

  constructor(transport: Transport) {
    this.#rpc = createClient(World, transport);
  }

  /** Lists live sessions. A page behind the last one is empty. */
  async listSessions(options: ListSessionsOptions = {}): Promise<SessionPage> {
    const { search = "", filter = "all", minActiveUsers = 0, page = 0, pageSize = 0, ...call } = options;
    const wireFilter = choiceValue(sessionFilters, filter, "filter");
    const request = { search, filter: wireFilter, minActiveUsers, page, pageSize };
    const response = await this.#rpc.listSessions(request, call);
    return {
      sessions: response.sessions.map(toSession),
      totalCount: response.totalCount,
      page: response.page,
      pageSize: response.pageSize,
    };
  }

  /**
   * Lists saved worlds.
   *
   * Fails with `FailedPrecondition` for `"own"` when nobody is signed in, or when the cloud cannot be asked, and with
   * `NotFound` for `"group"` without an `ownerId`.
   */
  async listRecords(options: ListRecordsOptions = {}): Promise<RecordPage> {
    const { source = "public", requiredTags = [], ownerId = "", search = "", offset = 0, count = 0, ...rest } = options;
    const { sort = "creationDate", sortDirection = "descending", ...call } = rest;
    const request = {
      source: choiceValue(recordSources, source, "source"),
      requiredTags: [...requiredTags],
      ownerId,
      search,
      offset,
      count,
      sort: choiceValue(recordSorts, sort, "sort"),
      sortDirection: choiceValue(recordSortDirections, sortDirection, "sortDirection"),
    };
    const response = await this.#rpc.listRecords(request, call);
    return { records: response.records.map(toRecord), hasMore: response.hasMore, offset: response.offset };
  }

  /**
   * Opens a session beside the worlds that are already open, and waits until it runs and, with `focus`, until the user is
   * in it: up to 90 seconds.
   *
   * Fails with `NotFound` for an unknown session or an address that is none, and with `FailedPrecondition` when loading
   * fails, is refused, or takes too long. Throws {@link InvalidOptionsError} when neither or both targets are given.
   */
  async join(options: JoinOptions): Promise<OpenWorld> {
    const { sessionId = "", url = "", focus = true, ...call } = options;
    if ((sessionId === "") === (url === "")) {
      throw new InvalidOptionsError("join takes exactly one of sessionId and url");
    }
    const response = await this.#rpc.join({ sessionId, sessionUrl: url, focus }, call);
    return toOpenWorld(required(response.world, "join"));
  }

  /**
   * Starts a session from a saved world, and waits as {@link join} does.
   *
   * Fails with `NotFound` when the record does not exist or an id is empty, and with `FailedPrecondition` when loading
   * fails or takes too long.
   */
  async startWorld(options: StartWorldOptions): Promise<OpenWorld> {
    const { recordId, ownerId = "", focus = true, ...call } = options;
    const response = await this.#rpc.startWorld({ recordId, ownerId, focus }, call);
    return toOpenWorld(required(response.world, "startWorld"));
  }

  /** Lists the worlds that are open in this engine, also those that are still loading. */
  async listOpenWorlds(options?: CallOptions): Promise<readonly OpenWorld[]> {
    return (await this.#rpc.listOpenWorlds({}, options)).worlds.map(toOpenWorld);
  }

  /**
   * Goes to an open world and waits until the user is there, up to 30 seconds. Going where one is already succeeds.
   *
   * Fails with `NotFound` for a handle that is not open and with `FailedPrecondition` when it takes too long.
   */
  async focus(handle: number, options?: CallOptions): Promise<OpenWorld> {
    return toOpenWorld(required((await this.#rpc.focus({ handle }, options)).world, "focus"));
  }

  /**
   * Closes an open world and waits until it is gone, up to 30 seconds.
   *
   * Fails with `NotFound` for a handle that is not open, so a second call fails, and with `FailedPrecondition` when it takes
   * too long.
   */
  async leave(handle: number, options?: CallOptions): Promise<void> {
    await this.#rpc.leave({ handle }, options);
  }

  /** Returns the world that the user is in, or `undefined` when there is none. */
  async getCurrent(options?: CallOptions): Promise<OpenWorld | undefined> {
    const { hasWorld, world } = await this.#rpc.getCurrent({}, options);
    return hasWorld ? toOpenWorld(required(world, "getCurrent")) : undefined;
  }

  /**
   * Downloads a thumbnail by its `resdb:///`, `https://` or `http://` address.
   *
   * Fails with `InvalidArgument` for a blank address and with `NotFound` for one that cannot be downloaded.
   */
  async fetchThumbnail(uri: string, options?: CallOptions): Promise<Thumbnail> {
    const { data, contentType } = await this.#rpc.fetchThumbnail({ uri }, options);
    return { data, contentType };
  }
}

function required(world: WireOpenWorld | undefined, method: string): WireOpenWorld {
  if (world === undefined) throw new MalformedResponseError(`the mod answered ${method} without a world`);
  return world;
}

function toOpenWorld(world: WireOpenWorld): OpenWorld {
  const { handle, sessionId, name, focused, userCount, accessLevel } = world;
  return { handle, sessionId, name, focused, userCount, accessLevel };
}

function toSession({ $typeName, $unknown, ...session }: WireSession): WorldSession {
  return session;
}

function toRecord({ $typeName, $unknown, ...record }: WireRecord): WorldRecord {
  return record;
}

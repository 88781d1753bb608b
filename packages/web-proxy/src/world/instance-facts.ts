import type { OpenWorld, SessionSettings, WorldSession } from "@resoio/core";

/** What an instance can be doing. */
export type InstanceState = "starting" | "open" | "full" | "closing" | "closed";

/** What the mod tells about a session, in the words of an instance. */
export interface InstanceFacts {
  readonly name: string;
  readonly state: InstanceState;
  /** 0 to {@link capacity}. */
  readonly playerCount: number;
  /** 1 or more. */
  readonly capacity: number;
  readonly joinPolicy: "public" | "private";
}

/** The engine's names, as `World` writes them, of those who need no invitation. */
const publicLevels: ReadonlySet<string> = new Set(["anyone", "registeredusers"]);

/**
 * Describes a world that is open in an engine. `settings` are those of `SessionClient.getSettings`, which are about the focused world:
 * they count when they are of the same session.
 *
 * - `name`: the world's, or `World` where it has none.
 * - `playerCount`: its users, the local one included. `capacity`: the most users that the session admits; when that is not known,
 *   as many as there are, so that nobody is sent there.
 * - `joinPolicy`: `public` for the access levels `Anyone` and `RegisteredUsers`, `private` for all others and for an unknown one.
 * - `state`: `starting` while the world has no session, `full` without a free seat, else `open`.
 */
export function describeOpenWorld(world: OpenWorld, settings?: SessionSettings): InstanceFacts {
  const { sessionId, name, userCount, accessLevel } = world;
  const maxUsers = settings?.sessionId === sessionId ? settings.maxUsers : 0;
  return describe({ name, userCount, maxUsers, accessLevel, isStarting: sessionId === "" });
}

/** Describes a session of `WorldClient.listSessions`, by the same rules as {@link describeOpenWorld}. Joined users count, also those away. */
export function describeSession({ name, joinedUsers, maximumUsers, accessLevel }: WorldSession): InstanceFacts {
  return describe({ name, userCount: joinedUsers, maxUsers: maximumUsers, accessLevel, isStarting: false });
}

interface Described {
  readonly name: string;
  readonly userCount: number;
  readonly maxUsers: number;
  readonly accessLevel: string;
  readonly isStarting: boolean;
}

function describe({ name, userCount, maxUsers, accessLevel, isStarting }: Described): InstanceFacts {
  const playerCount = Math.max(0, userCount);
  const capacity = Math.max(1, maxUsers, playerCount);
  return {
    // A name of the game may hold what no canonical JSON can.
    name: name.trim() === "" ? "World" : name.toWellFormed(),
    state: isStarting ? "starting" : playerCount < capacity ? "open" : "full",
    playerCount,
    capacity,
    joinPolicy: publicLevels.has(accessLevel.toLowerCase()) ? "public" : "private",
  };
}

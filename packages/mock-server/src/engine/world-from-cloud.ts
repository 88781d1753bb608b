import type { ScenarioRecord, ScenarioSession } from "../scenarios/parts/cloud.js";
import { openWorld, type ScenarioWorld } from "../scenarios/parts/open-world.js";

const largestMaxUsers = 255;

/** What a guest in somebody else's world may not do. */
const visitorsPermissions = { kick: false, ban: false, silence: false, assignRoles: false, resoniteLink: false };

/** The world that a visitor of a session finds. `localUserId` is theirs: nobody is in a world twice. */
export function worldOfSession(session: ScenarioSession, localUserId: string): ScenarioWorld {
  const { name, sessionId, accessLevel, hostUserId } = session;
  return openWorld.parse({
    name,
    sessionId,
    accessLevel,
    users: session.users
      .filter(({ userId }) => userId !== localUserId)
      .map(({ userId, userName, away }) => ({
        userId,
        userName,
        isPresent: !away,
        isHost: userId === hostUserId,
        role: userId === hostUserId ? "Admin" : "Guest",
        canBeRespawned: false,
      })),
    settings: {
      description: session.description,
      maxUsers: Math.min(session.maximumUsers, largestMaxUsers),
      mobileFriendly: session.mobileFriendly,
      tags: session.tags,
    },
    isHost: false,
    localRole: "Guest",
    permissions: visitorsPermissions,
  });
}

/** The world that somebody gets who starts a saved one: their own, with nobody else in it. */
export function worldOfRecord({ name, description, tags }: ScenarioRecord, sessionId: string): ScenarioWorld {
  return openWorld.parse({ name, sessionId, settings: { description, tags } });
}

import { z } from "zod";
import { accessLevel, slug } from "./common.js";

/** Somebody in a world that is open. */
const worldUser = z
  .strictObject({
    userName: z.string(),
    /** Default: made from the name. Empty for a guest. */
    userId: z.string().optional(),
    role: z.string().default("Guest"),
    isHost: z.boolean().default(false),
    /** Whether they are there with their attention, not in another world. */
    isPresent: z.boolean().default(true),
    isSilenced: z.boolean().default(false),
    /** How loud the local user hears them, from 0 to 1. */
    localVolume: z.number().min(0).max(1).default(1),
    platform: z.string().default("Windows"),
    headDevice: z.string().default("Desktop"),
    /** Whether the local user may respawn them. */
    canBeRespawned: z.boolean().default(true),
  })
  .transform((user) => ({ ...user, userId: user.userId ?? `U-${slug(user.userName)}` }));

/** A role, highest first in its list. */
const worldRole = z.strictObject({ name: z.string(), description: z.string().default("") });

/** What the local user may do in a world. */
const permissions = z.strictObject({
  kick: z.boolean().default(true),
  ban: z.boolean().default(true),
  silence: z.boolean().default(true),
  assignRoles: z.boolean().default(true),
  resoniteLink: z.boolean().default(true),
  spawn: z.boolean().default(true),
});

/** What the session dialog shows of a world. */
const worldSettings = z.strictObject({
  description: z.string().default(""),
  maxUsers: z.int().min(1).max(255).default(16),
  hideFromListing: z.boolean().default(false),
  mobileFriendly: z.boolean().default(false),
  awayKickEnabled: z.boolean().default(false),
  awayKickMinutes: z.number().default(5),
  autoSaveEnabled: z.boolean().default(false),
  autoSaveIntervalMinutes: z.number().default(10),
  autoCleanupEnabled: z.boolean().default(false),
  autoCleanupIntervalSeconds: z.number().default(120),
  tags: z.array(z.string()).default([]),
});

/** A world that is open from the start. */
export const openWorld = z
  .strictObject({
    name: z.string(),
    /** Default: made from the name. */
    sessionId: z.string().optional(),
    accessLevel: accessLevel.default("Private"),
    /** Whether the local user is the host. */
    isHost: z.boolean().default(true),
    /** The local user's role. */
    localRole: z.string().default("Admin"),
    /** The other people in it. */
    users: z.array(worldUser).default([]),
    settings: worldSettings.prefault({}),
    permissions: permissions.prefault({}),
    roles: z
      .array(worldRole)
      .min(1)
      .default([
        { name: "Admin", description: "May do everything" },
        { name: "Builder", description: "May build" },
        { name: "Guest", description: "May look around" },
      ]),
    /** The names of default roles; each may be empty. */
    defaultRoles: z
      .strictObject({
        anonymous: z.string().default("Guest"),
        visitor: z.string().default("Guest"),
        contact: z.string().default("Builder"),
        host: z.string().default("Admin"),
        owner: z.string().default("Admin"),
      })
      .prefault({}),
    /** Default role by user id. */
    roleOverrides: z.record(z.string(), z.string()).default({}),
  })
  .transform((world) => ({ ...world, sessionId: world.sessionId ?? `S-${slug(world.name)}` }));

/** See {@link openWorld}. */
export type ScenarioWorld = z.output<typeof openWorld>;

/** Somebody in a world that is open. */
export type ScenarioWorldUser = z.output<typeof worldUser>;

import { z } from "zod";
import { accessLevel, newYearNanos, slug, unixNanos } from "./common.js";

/** Somebody in a session of the cloud. */
const sessionUser = z.union([
  z.string().transform((userName) => ({ userName, userId: `U-${slug(userName)}`, away: false })),
  z
    .strictObject({ userName: z.string(), userId: z.string().optional(), away: z.boolean().default(false) })
    .transform((user) => ({ ...user, userId: user.userId ?? `U-${slug(user.userName)}` })),
]);

/** A live session somewhere in the cloud. */
export const session = z
  .strictObject({
    name: z.string(),
    /** Default: made from the name. */
    sessionId: z.string().optional(),
    description: z.string().default(""),
    hostUsername: z.string().default("Somebody"),
    /** Default: made from the host's name. */
    hostUserId: z.string().optional(),
    /** Where it can be reached; empty for a session that cannot. Default: one address made from its id. */
    urls: z.array(z.string()).optional(),
    /** Default: made from the name; empty for none. */
    thumbnailUrl: z.string().optional(),
    /** The people in it, by name or in full. */
    users: z.array(sessionUser).default([]),
    maximumUsers: z.int().min(1).default(16),
    tags: z.array(z.string()).default([]),
    accessLevel: accessLevel.default("Anyone"),
    headlessHost: z.boolean().default(false),
    mobileFriendly: z.boolean().default(false),
    correspondingWorldId: z.string().default(""),
    universeId: z.string().default(""),
    beginUnixNanos: unixNanos.prefault(newYearNanos),
    updateUnixNanos: unixNanos.prefault(newYearNanos),
    /** What becomes of joining it: it `runs`, `fails` (refused while loading), or `hangs` (loads for ever). */
    loading: z.enum(["runs", "fails", "hangs"]).default("runs"),
  })
  .transform((value) => {
    const sessionId = value.sessionId ?? `S-${slug(value.name)}`;
    return {
      ...value,
      sessionId,
      hostUserId: value.hostUserId ?? `U-${slug(value.hostUsername)}`,
      urls: value.urls ?? [`lnl-nat:///${sessionId}`],
      thumbnailUrl: value.thumbnailUrl ?? `resdb:///thumbnail-${slug(value.name)}.png`,
    };
  });

/** A saved world. */
export const record = z
  .strictObject({
    name: z.string(),
    /** Default: made from the name. */
    recordId: z.string().optional(),
    ownerId: z.string().default("U-resonite"),
    ownerType: z.enum(["user", "group"]).default("user"),
    description: z.string().default(""),
    /** Default: made from the name; empty for none. */
    thumbnailUrl: z.string().optional(),
    tags: z.array(z.string()).default([]),
    featured: z.boolean().default(false),
    visits: z.int().min(0).default(0),
    createdUnixNanos: unixNanos.prefault(newYearNanos),
    firstPublishedUnixNanos: unixNanos.prefault(newYearNanos),
    modifiedUnixNanos: unixNanos.prefault(newYearNanos),
  })
  .transform((value) => ({
    ...value,
    recordId: value.recordId ?? `R-${slug(value.name)}`,
    thumbnailUrl: value.thumbnailUrl ?? `resdb:///thumbnail-${slug(value.name)}.png`,
  }));

/** See {@link session}. */
export type ScenarioSession = z.output<typeof session>;

/** See {@link record}. */
export type ScenarioRecord = z.output<typeof record>;

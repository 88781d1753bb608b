import { z } from "zod";
import { slug } from "./common.js";

/** Somebody on the contact list, or who asks to be. */
export const contact = z
  .strictObject({
    username: z.string(),
    /** Default: made from the name. */
    userId: z.string().optional(),
    alternateUsernames: z.array(z.string()).default([]),
    status: z.enum(["none", "searchResult", "requested", "ignored", "blocked", "accepted"]).default("accepted"),
    /** Whether they have asked to become a contact and wait for an answer. Default: when the status is `requested`. */
    isRequest: z.boolean().optional(),
    /** Whether the list leaves them out unless asked. Default: when the status is `none`, `ignored` or `blocked`. */
    isHidden: z.boolean().optional(),
    onlineStatus: z.enum(["offline", "invisible", "away", "busy", "online", "sociable"]).default("offline"),
    sessionName: z.string().default(""),
    /** By the engine's names; empty when unknown. */
    sessionAccessLevel: z.string().default(""),
  })
  .transform((value) => ({
    ...value,
    userId: value.userId ?? `U-${slug(value.username)}`,
    isRequest: value.isRequest ?? value.status === "requested",
    isHidden: value.isHidden ?? ["none", "ignored", "blocked"].includes(value.status),
  }));

/** Somebody whom the cloud's user search finds. */
export const cloudUser = z
  .strictObject({
    username: z.string(),
    /** Default: made from the name. */
    userId: z.string().optional(),
    isVerified: z.boolean().default(false),
    /** Whether the cloud refuses to change the contact with them. */
    refusesContact: z.boolean().default(false),
  })
  .transform((value) => ({ ...value, userId: value.userId ?? `U-${slug(value.username)}` }));

/** See {@link contact}. */
export type ScenarioContact = z.output<typeof contact>;

/** See {@link cloudUser}. */
export type ScenarioCloudUser = z.output<typeof cloudUser>;

import { z } from "zod";

/** Somebody who can sign in. */
export const account = z.strictObject({
  userId: z.string(),
  userName: z.string(),
  /** Another name to sign in with, besides the user's name and id. */
  email: z.string().default(""),
  /** Only ever compared; never shown, logged or part of a snapshot. */
  password: z.string(),
  /** The code that a second factor asks for; absent when the account has none. Treated like the password. */
  totp: z.string().optional(),
});

/** See {@link account}. */
export type ScenarioAccount = z.output<typeof account>;

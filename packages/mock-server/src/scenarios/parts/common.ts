import { z } from "zod";

/** Unix time in nanoseconds (UTC). In a JSON file a whole number, or a string of digits when it is too large for one. */
export const unixNanos = z
  .union([z.bigint(), z.int(), z.string().regex(/^\d+$/)])
  .transform((value) => BigInt(value))
  .refine((nanos) => nanos >= 0n && nanos % 100n === 0n, "must be 0 or more and a multiple of 100");

/** A colour: red, green, blue from 0 to 255. */
export const colour = z.tuple([channel(), channel(), channel()]).readonly();

/** A point or an extent in metres: X right, Y up, Z forward. */
export const vector3 = z.strictObject({ x: z.number(), y: z.number(), z: z.number() }).readonly();

/** Who may join, by the engine's names. */
export const accessLevel = z.enum(["Private", "LAN", "Contacts", "ContactsPlus", "RegisteredUsers", "Anyone"]);

/** See {@link accessLevel}. */
export type AccessLevel = z.output<typeof accessLevel>;

/** 2026-01-01T00:00:00Z, when nothing else is said. */
export const newYearNanos = 1_767_225_600_000_000_000n;

/** Makes an identifier of a name: lower case, words joined by hyphens. */
export function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}]+/gu, "-");
}

function channel() {
  return z.int().min(0).max(255);
}

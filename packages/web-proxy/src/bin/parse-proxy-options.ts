import type { Access } from "@resoio/core";
import { InvalidArgumentError } from "commander";
import { accessClasses, isAccess } from "../server/access/access-classes.js";

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `8h`, `30m`, `7d` or `90s`: milliseconds. */
export function parseDuration(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (count === undefined || unitMs === undefined)
    throw new InvalidArgumentError("expected a time like 90s, 30m, 8h or 7d");
  return Number(count) * unitMs;
}

/** Reads `observe,control`. */
export function parseAccess(text: string): readonly Access[] {
  return text.split(",").map((word) => {
    const name = word.trim();
    if (!isAccess(name)) throw new InvalidArgumentError(`expected some of ${accessClasses.join(",")}`);
    return name;
  });
}

/** Reads `lab=/tmp/lab.sock`: a name, and the path of a socket. */
export function parseNamedSocket(text: string): { readonly name: string; readonly socketPath: string } {
  const [, name, socketPath] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || socketPath === undefined) {
    throw new InvalidArgumentError("expected NAME=PATH, for example lab=/tmp/lab.sock");
  }
  return { name, socketPath };
}

/** Reads a whole number. What it may be is checked where it is used. */
export function parseWholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("expected a whole number");
  return Number(text);
}

/** Reads `U-ada/R-garden`: the owner and the id of a saved world. */
export function parseRecord(text: string): { readonly ownerId: string; readonly recordId: string } {
  const [, ownerId, recordId] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (ownerId === undefined || recordId === undefined) {
    throw new InvalidArgumentError("expected OWNER/RECORD, as World.ListRecords names them: U-ada/R-garden");
  }
  return { ownerId, recordId };
}

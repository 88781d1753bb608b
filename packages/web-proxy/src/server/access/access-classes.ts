import type { Access } from "@resoio/core";

const all: Readonly<Record<Access, true>> = { observe: true, control: true, write: true, admin: true, secret: true };

/** Every access class, from the harmless to the strict. A role is any set of them. */
export const accessClasses: readonly Access[] = Object.keys(all).filter(isAccess);

/** Whether `value` is the name of an access class. */
export function isAccess(value: unknown): value is Access {
  return typeof value === "string" && Object.hasOwn(all, value);
}

import type { Access } from "@resoio/core";
import { Access as WireAccess } from "@resoio/core/gen/resoio/access/v1/access_pb";

const names: ReadonlyMap<WireAccess, Access> = new Map([
  [WireAccess.OBSERVE, "observe"],
  [WireAccess.CONTROL, "control"],
  [WireAccess.WRITE, "write"],
  [WireAccess.ADMIN, "admin"],
  [WireAccess.SECRET, "secret"],
]);

/** The names of access classes. Those that this version does not know are left out. */
export function accessNames(classes: readonly WireAccess[]): readonly Access[] {
  return classes.flatMap((access) => names.get(access) ?? []);
}

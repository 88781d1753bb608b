import type { MockMod } from "@resoio/mock-server";

/** How many calls a mod answers on its socket, if it has one. */
export function openCallsOf(mod: MockMod): number {
  return "openCalls" in mod && typeof mod.openCalls === "number" ? mod.openCalls : 0;
}

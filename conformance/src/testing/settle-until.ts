import type { VirtualClock } from "@resoio/mock-server";

/** Lets I/O go on while the mod's time stands still, until `condition` holds. For what neither a call nor a change announces. */
export async function settleUntil(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(0);
}

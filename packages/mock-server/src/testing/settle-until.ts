import type { VirtualClock } from "../engine/clock.js";

/** Lets I/O go on while time stands still, until `condition` holds. For what neither a call nor a change announces. */
export async function settleUntil(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(0);
}

import type { Engine } from "../engine/engine.js";
import type { DriveEnd } from "../engine/locomotion.js";
import type { LocomotionHandlers } from "../gen/handlers.js";
import { untilAborted } from "./until-aborted.js";

/** Drives the avatar. How a stream ends decides whether it stops: only a caller who closes it leaves things as they are. */
export const locomotionService = (engine: Engine): LocomotionHandlers => ({
  async drive(commands, { signal }) {
    let reason: DriveEnd = "cancelled";
    let receivedCount = 0n;
    try {
      for await (const command of untilAborted(commands, signal)) {
        reason = "errored";
        engine.locomotion.command(command);
        receivedCount++;
        reason = "cancelled";
      }
      reason = "graceful";
    } finally {
      engine.locomotion.driveEnded(reason);
    }
    return { receivedCount, droppedCount: 0n, unixNanos: engine.clock.unixNanos() };
  },

  reset(request) {
    return { ...engine.locomotion.reset(request), unixNanos: engine.clock.unixNanos() };
  },
});

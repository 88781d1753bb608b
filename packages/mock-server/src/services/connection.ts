import type { Engine } from "../engine/engine.js";
import type { ConnectionHandlers } from "../gen/handlers.js";

/** Echoes, with the engine's time. */
export const connectionService = (engine: Engine): ConnectionHandlers => ({
  ping({ message }) {
    return { message, serverUnixNanos: engine.clock.unixNanos() };
  },
});

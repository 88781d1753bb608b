import type { Engine } from "../engine/engine.js";
import type { LifecycleHandlers } from "../gen/handlers.js";

/** Ends the game with the next tick; the answer does not wait for it. */
export const lifecycleService = (engine: Engine): LifecycleHandlers => ({
  shutdown() {
    return { accepted: engine.lifecycle.quit() };
  },
});

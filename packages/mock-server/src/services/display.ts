import type { Engine } from "../engine/engine.js";
import type { DisplayHandlers } from "../gen/handlers.js";

/** Reads and sets the size of the window and the frame rate in the background. Nothing is checked, as in the real mod. */
export const displayService = (engine: Engine): DisplayHandlers => ({
  apply(settings) {
    engine.display.apply(settings);
    return {};
  },

  get() {
    return engine.display.settings;
  },
});

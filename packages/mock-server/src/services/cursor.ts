import type { Engine } from "../engine/engine.js";
import type { CursorHandlers } from "../gen/handlers.js";

/** Moves, holds and releases the desktop cursor. That a position is within the window is checked before the bridge. */
export const cursorService = (engine: Engine): CursorHandlers => ({
  async setPosition({ x, y }, { signal }) {
    await engine.cursor.holdAndWait({ x, y }, signal);
    return engine.cursor.report();
  },

  getPosition() {
    return engine.cursor.report();
  },

  release() {
    engine.cursor.release();
    return engine.cursor.report();
  },
});

import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { clamp } from "./numbers.js";
import { pollUntil } from "./sleep.js";
import type { Worlds } from "./worlds.js";

/** A point as a fraction of the window, from (0, 0) at the top left to (1, 1). */
export interface WindowPoint {
  readonly x: number;
  readonly y: number;
}

/** The desktop cursor. */
export interface CursorState {
  /** Where the operating system's pointer is. */
  pointer: WindowPoint;
  /** There is at most one hold. It works while its world is focused. */
  hold: CursorHold | undefined;
}

/** A cursor that stays where it was put. */
export interface CursorHold {
  readonly worldHandle: number;
  readonly point: WindowPoint;
  /** Where the cursor still is, until a tick moves it to `point`. */
  movesFrom: WindowPoint | undefined;
}

/** What callers are told. */
export interface CursorReport extends WindowPoint {
  /** Size of the window in pixels. */
  readonly windowWidth: number;
  readonly windowHeight: number;
  /** Whether a hold is in force. */
  readonly held: boolean;
}

const observeTiming = { intervalMs: 16, timeoutMs: 320 };

/** Makes the state at the start: the pointer in the middle. */
export function initialCursor(): CursorState {
  return { pointer: { x: 0.5, y: 0.5 }, hold: undefined };
}

/** The desktop cursor: it follows the operating system's pointer unless it is held. */
export class Cursor {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;

  constructor(context: EngineContext, worlds: Worlds) {
    this.#context = context;
    this.#worlds = worlds;
  }

  /** Whether a hold is in force: one exists, and its world is the focused one. */
  get isHeld(): boolean {
    return this.#holdInForce !== undefined;
  }

  /** Where the cursor is, on a whole pixel of the window. */
  position(): WindowPoint {
    return this.#toPixel(this.#exactPosition);
  }

  /** Where the cursor is, and whether it is held. Throws `notReady` when no world is focused. */
  report(): CursorReport {
    this.#worlds.requireFocused();
    const { width, height } = this.#context.state.display.window;
    return { ...this.position(), windowWidth: width, windowHeight: height, held: this.isHeld };
  }

  /**
   * Holds the cursor at a point, in the place of an earlier hold. The cursor gets there with the next tick.
   *
   * Throws `invalidArgument` for a point outside the window and `notReady` when no world is focused.
   */
  hold(point: WindowPoint): void {
    requireInWindow(point);
    const { handle } = this.#worlds.requireFocused();
    const movesFrom = this.#exactPosition;
    const { x, y } = point;
    this.#state.hold = { worldHandle: handle, point: { x, y }, movesFrom };
    this.#context.changed({ what: "cursorHeld", worldHandle: handle, x, y });
  }

  /**
   * Holds the cursor at a point as {@link hold} does, and waits until it is there, but no longer than 320 ms. When the wait
   * is cancelled, the hold stays.
   */
  async holdAndWait(point: WindowPoint, signal: AbortSignal): Promise<void> {
    this.hold(point);
    const isThere = (): boolean => {
      const [wanted, actual] = [this.#toPixel(point), this.position()];
      return actual.x === wanted.x && actual.y === wanted.y;
    };
    await pollUntil(this.#context.clock, isThere, observeTiming, signal);
  }

  /** Drops the hold, whichever world it belongs to. Throws `notReady` when no world is focused. */
  release(): void {
    this.#worlds.requireFocused();
    this.dropHold();
  }

  /** Drops the hold, if there is one. */
  dropHold(): void {
    if (this.#state.hold === undefined) return;
    this.#state.hold = undefined;
    this.#context.changed({ what: "cursorReleased" });
  }

  /** Moves the operating system's pointer. Throws `invalidArgument` for a point outside the window. */
  setPointer(point: WindowPoint): void {
    requireInWindow(point);
    this.#state.pointer = { x: point.x, y: point.y };
    this.#context.changed({ what: "pointerMoved", x: point.x, y: point.y });
  }

  /** Moves a cursor that is held to where it is held. */
  tick(): void {
    const hold = this.#holdInForce;
    if (hold !== undefined) hold.movesFrom = undefined;
  }

  get #state(): CursorState {
    return this.#context.state.cursor;
  }

  get #holdInForce(): CursorHold | undefined {
    const { hold } = this.#state;
    return hold !== undefined && hold.worldHandle === this.#worlds.focused?.handle ? hold : undefined;
  }

  get #exactPosition(): WindowPoint {
    const hold = this.#holdInForce;
    return hold === undefined ? this.#state.pointer : (hold.movesFrom ?? hold.point);
  }

  #toPixel({ x, y }: WindowPoint): WindowPoint {
    const { width, height } = this.#context.state.display.window;
    return { x: quantise(x, width), y: quantise(y, height) };
  }
}

function quantise(fraction: number, size: number): number {
  return clamp(Math.round(fraction * size), 0, size - 1) / size;
}

function requireInWindow({ x, y }: WindowPoint): void {
  if (x >= 0 && x <= 1 && y >= 0 && y <= 1) return;
  throw new EngineError("invalidArgument", `The point (${x}, ${y}) is not within the window: 0 to 1.`);
}

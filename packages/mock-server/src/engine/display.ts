import type { Scenario } from "../scenarios/scenario.js";
import type { EngineContext } from "./engine-context.js";

/** What can be set about the window. */
export interface DisplaySettings {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** The cap while the window is not focused, in frames per second: a whole number once it was set. */
  readonly maxFps: number;
}

/** The window. */
export interface DisplayState {
  /** The settings in effect. */
  settings: DisplaySettings;
  /** The settings that were asked for last. */
  target: DisplaySettings;
  /** What is still to take effect, the earliest first. */
  pending: { readonly dueMs: number; readonly settings: DisplaySettings }[];
  /** Size of the window that is there, in pixels: the one in effect, or the last one that can be drawn. */
  window: { readonly width: number; readonly height: number };
}

const longestSide = 8192;
const maxInt32 = 0x7fffffff;

/** Makes the state at the start. */
export function initialDisplay({ display: { width, height, maxFps } }: Scenario): DisplayState {
  const settings = { width, height, maxFps };
  return { settings, target: settings, pending: [], window: { width, height } };
}

/** The window of the game. */
export class Display {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Width of the window, and so of the camera's pictures, in pixels: 1 to 8192. */
  get width(): number {
    return this.#state.window.width;
  }

  /** Height of the window, and so of the camera's pictures, in pixels: 1 to 8192. */
  get height(): number {
    return this.#state.window.height;
  }

  /** The settings in effect. Their size may be one that no window can have. */
  get settings(): DisplaySettings {
    return this.#state.settings;
  }

  /**
   * Asks for other settings; a 0 leaves one as it is, and so does a cap below 0 or NaN. They take effect when the scenario's
   * settling time has passed.
   */
  apply({ width, height, maxFps }: DisplaySettings): void {
    const state = this.#state;
    const { target } = state;
    state.target = {
      width: width === 0 ? target.width : width,
      height: height === 0 ? target.height : height,
      maxFps: maxFps > 0 ? Math.min(maxInt32, Math.trunc(maxFps)) : target.maxFps,
    };
    if (isSame(state.target, target)) return;
    const dueMs = this.#context.clock.nowMs() + this.#context.scenario.display.settleMs;
    state.pending.push({ dueMs, settings: state.target });
    this.tick();
  }

  /** Lets changes take effect that have settled. */
  tick(): void {
    const state = this.#state;
    const nowMs = this.#context.clock.nowMs();
    for (let next = state.pending[0]; next !== undefined && next.dueMs <= nowMs; next = state.pending[0]) {
      state.pending.shift();
      const { width, height } = next.settings;
      state.settings = next.settings;
      if (isDrawable(width) && isDrawable(height)) state.window = { width, height };
      this.#context.changed({ what: "displayChanged", ...next.settings });
    }
  }

  get #state(): DisplayState {
    return this.#context.state.display;
  }
}

function isSame(one: DisplaySettings, other: DisplaySettings): boolean {
  return one.width === other.width && one.height === other.height && one.maxFps === other.maxFps;
}

function isDrawable(side: number): boolean {
  return Number.isInteger(side) && side >= 1 && side <= longestSide;
}

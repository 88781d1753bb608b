import type { EngineContext } from "./engine-context.js";

/** The end of the game. */
export interface LifecycleState {
  /** Whether the next tick ends the game. */
  isQuitScheduled: boolean;
}

/** What ends when the game does, in order. The last one is whatever lets callers in. */
export const teardownStages = ["camera", "display", "locomotion", "microphone", "speaker", "cursor", "host"] as const;

/** See {@link teardownStages}. */
export type TeardownStage = (typeof teardownStages)[number];

/** How each part of the engine ends. */
export type Teardown = Readonly<Record<Exclude<TeardownStage, "host">, () => void>>;

/** Makes the state at the start. */
export function initialLifecycle(): LifecycleState {
  return { isQuitScheduled: false };
}

/** How the game starts and ends. */
export class Lifecycle {
  readonly #context: EngineContext;
  readonly #teardown: Teardown;
  readonly #startMs: number;
  readonly #listeners: ((stage: TeardownStage) => void)[] = [];
  /** Not part of the state: what has ended cannot be brought back by restoring a snapshot. */
  #hasEnded = false;

  /** For so long after the start the engine is not ready, in milliseconds. Default 0. Not part of the state. */
  bootMs = 0;

  constructor(context: EngineContext, teardown: Teardown) {
    this.#context = context;
    this.#teardown = teardown;
    this.#startMs = context.clock.nowMs();
  }

  /** How long it takes until the engine is ready, in milliseconds; 0 when it is. */
  get remainingBootMs(): number {
    return Math.max(0, this.#startMs + this.bootMs - this.#context.clock.nowMs());
  }

  /** Whether the engine is still starting. */
  get isStarting(): boolean {
    return this.remainingBootMs > 0;
  }

  /** Lets the next tick end the game. Returns false when that has already happened: then it does nothing. */
  quit(): boolean {
    if (this.#hasEnded) return false;
    const state = this.#context.state.lifecycle;
    if (!state.isQuitScheduled) {
      state.isQuitScheduled = true;
      this.#context.changed({ what: "quitScheduled" });
    }
    return true;
  }

  /** Calls `listener` after each stage of the end, also after `host`, which is up to the listeners. */
  onStage(listener: (stage: TeardownStage) => void): void {
    this.#listeners.push(listener);
  }

  /** Ends the game when that is scheduled. */
  tick(): void {
    if (this.#hasEnded || !this.#context.state.lifecycle.isQuitScheduled) return;
    this.#hasEnded = true;
    for (const stage of teardownStages) {
      if (stage !== "host") this.#teardown[stage]();
      this.#context.changed({ what: "teardown", stage });
      for (const listener of this.#listeners) listener(stage);
    }
  }
}

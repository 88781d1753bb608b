import type { Scenario } from "../scenarios/scenario.js";
import type { Change } from "./change.js";
import type { Clock } from "./clock.js";
import type { EngineState } from "./engine-state.js";
import type { Random } from "./random.js";

/** What every part of the engine works with. */
export interface EngineContext {
  /** How everything started. Never changes. */
  readonly scenario: Scenario;
  readonly clock: Clock;
  /** The state of all parts. A restore replaces it as a whole, so read it anew each time and keep nothing of it. */
  readonly state: EngineState;
  /** The engine's own random numbers, the same in every run with the same seed. */
  readonly random: Random;
  /** Puts a change into the journal and wakes up whoever waits for one. Call it after the state was changed. */
  changed(change: Change): void;
}

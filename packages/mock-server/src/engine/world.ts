import type { AccessLevel, ScenarioPlace } from "../scenarios/scenario.js";
import type { Person } from "./people.js";

/** A world that is open in the engine. */
export interface World {
  /** Names the world as long as it is open; never used again. */
  readonly handle: number;
  /** Known once the world runs; empty before. */
  sessionId: string;
  name: string;
  accessLevel: AccessLevel;
  readonly people: Person[];
  readonly place: ScenarioPlace;
  state: "loading" | "running" | "failed";
}

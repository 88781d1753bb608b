import { crowdScenario } from "./crowd-scenario.js";
import { defaultScenario } from "./default-scenario.js";
import { emptyScenario } from "./empty-scenario.js";
import { notHostScenario } from "./not-host-scenario.js";
import type { ScenarioInput } from "./scenario.js";
import { signedOutScenario } from "./signed-out-scenario.js";

/** The names of the scenarios that come with the simulation. */
export type ShippedScenario = "default" | "empty" | "not-host" | "signed-out" | "crowd";

/** The scenarios that come with the simulation, by name. What one leaves out is as in the default scenario. */
export const shippedScenarios: Readonly<Record<ShippedScenario, () => ScenarioInput>> = {
  default: () => defaultScenario,
  empty: () => emptyScenario,
  "not-host": () => notHostScenario,
  "signed-out": () => signedOutScenario,
  crowd: crowdScenario,
};

/** Whether a scenario of that name comes with the simulation. */
export function isShippedScenario(name: string): name is ShippedScenario {
  return Object.hasOwn(shippedScenarios, name);
}

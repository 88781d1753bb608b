import type { ScenarioInput } from "./scenario.js";

/** The ordinary evening before anybody has signed in: no contacts, no inventory, no own worlds. */
export const signedOutScenario = { signedInAs: "" } as const satisfies ScenarioInput;

import type { ScenarioInput } from "./scenario.js";

/** Nothing at all: nobody is signed in, no world is open, and the cloud knows nothing and nobody. */
export const emptyScenario = {
  signedInAs: "",
  accounts: [],
  openWorlds: [],
  sessions: [],
  records: [],
  contacts: [],
  cloudUsers: [],
  inventory: [],
  foreignInventories: {},
  dashTabs: [],
  menuItems: [],
  places: {},
} as const satisfies ScenarioInput;

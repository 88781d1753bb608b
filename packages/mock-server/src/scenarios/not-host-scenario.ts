import type { ScenarioInput } from "./scenario.js";

/** A guest in somebody else's world, who may do nothing there to the world or to others. */
export const notHostScenario = {
  openWorlds: [
    {
      name: "Workshop",
      accessLevel: "ContactsPlus",
      isHost: false,
      localRole: "Guest",
      users: [
        { userName: "Dana", isHost: true, role: "Admin", canBeRespawned: false },
        { userName: "Bob", role: "Builder", canBeRespawned: false, platform: "Linux", headDevice: "Index" },
        // Somebody without an account.
        { userName: "Eve", userId: "", isPresent: false, canBeRespawned: false },
      ],
      settings: { description: "Build together.", tags: ["build"] },
      permissions: { kick: false, ban: false, silence: false, assignRoles: false, resoniteLink: false, spawn: false },
    },
  ],
} as const satisfies ScenarioInput;

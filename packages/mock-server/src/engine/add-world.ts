import type { ScenarioWorld } from "../scenarios/parts/open-world.js";
import type { Scenario } from "../scenarios/scenario.js";
import { placeFromName } from "./place-from-name.js";
import type { WorldState, WorldUser } from "./world-state.js";
import type { WorldsState } from "./worlds.js";

/** The platforms by the engine's names. */
const platformNames = {
  unspecified: "Other",
  windows: "Windows",
  osx: "OSX",
  linux: "Linux",
  android: "Android",
  other: "Other",
} as const;

/** How a world that was opened comes to run. */
export interface WorldLoading {
  /** When loading ends, by the clock's `nowMs`; absent when it never does. */
  readonly loadedAtMs: number | undefined;
  /** What it leads to. */
  readonly outcome: "running" | "failed";
}

/** Appends a world to the open ones. Without `loading` it runs at once. */
export function addWorld(
  state: WorldsState,
  scenario: Scenario,
  world: ScenarioWorld,
  loading?: WorldLoading,
): WorldState {
  const { room, objects, sound } = scenario.places[world.name] ?? placeFromName(world.name);
  const { name, accessLevel, isHost, permissions, roles, defaultRoles } = world;
  const added: WorldState = {
    handle: state.nextHandle++,
    name,
    worldName: name,
    state: loading === undefined ? "running" : "loading",
    loadedAtMs: loading?.loadedAtMs,
    outcome: loading?.outcome ?? "running",
    futureSessionId: world.sessionId,
    sessionId: loading === undefined ? world.sessionId : "",
    accessLevel,
    isHost,
    settings: structuredClone(world.settings),
    permissions,
    roles,
    defaultRoles,
    roleOverrides: { ...world.roleOverrides },
    resoniteLinkPort: 0,
    users: usersOf(world, scenario),
    room,
    sound,
    objects: objects.map((object) => ({ ...object, slotId: newSlotId(state) })),
  };
  state.open.push(added);
  return added;
}

/** Makes the id of a new thing in a world. */
export function newSlotId(state: WorldsState): string {
  return `ID${(state.nextSlotNumber++).toString(16).toUpperCase()}`;
}

/** The host comes first, as the one who was there before all others. */
function usersOf(world: ScenarioWorld, scenario: Scenario): WorldUser[] {
  const local: WorldUser = {
    ...scenario.localUser,
    isLocal: true,
    isHost: world.isHost,
    canBeRespawned: true,
    platform: platformNames[scenario.info.platform],
    headDevice: scenario.vr ? "Index" : "Desktop",
    isPresent: true,
    isSilenced: false,
    localVolume: 1,
    role: world.localRole,
  };
  const others = world.users.map((user) => ({ ...user, isLocal: false }));
  return world.isHost ? [local, ...others] : [...others, local];
}

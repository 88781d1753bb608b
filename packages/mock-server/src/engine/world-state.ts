import type { AccessLevel } from "../scenarios/parts/common.js";
import type { ScenarioWorld } from "../scenarios/parts/open-world.js";
import type { Place, PlaceObject } from "../scenarios/parts/place.js";

/** Somebody in a world that is open. */
export interface WorldUser {
  /** Empty for a guest. */
  readonly userId: string;
  readonly userName: string;
  readonly isLocal: boolean;
  readonly isHost: boolean;
  readonly canBeRespawned: boolean;
  readonly platform: string;
  readonly headDevice: string;
  isPresent: boolean;
  isSilenced: boolean;
  localVolume: number;
  role: string;
}

/** A thing in a world. */
export interface WorldObject extends PlaceObject {
  /** The engine's id: `ID` and hexadecimal digits. Unique in the engine. */
  readonly slotId: string;
}

/** A world that is open in the engine. */
export interface WorldState {
  /** Names the world as long as it is open; never used again. */
  readonly handle: number;
  readonly name: string;
  /** A world that fails to load is closed. */
  state: "loading" | "running";
  /** When loading ends, by the clock's `nowMs`; absent when it never does. */
  readonly loadedAtMs: number | undefined;
  /** What loading leads to. */
  readonly outcome: "running" | "failed";
  /** Where it will be reachable; `sessionId` is empty until it runs. */
  readonly futureSessionId: string;
  sessionId: string;
  accessLevel: AccessLevel;
  /** Whether the local user is the host. */
  readonly isHost: boolean;
  /** The name that the session dialog shows and changes. */
  worldName: string;
  settings: ScenarioWorld["settings"];
  readonly permissions: ScenarioWorld["permissions"];
  /** Highest first. */
  readonly roles: ScenarioWorld["roles"];
  readonly defaultRoles: ScenarioWorld["defaultRoles"];
  /** Role name by user id. */
  roleOverrides: Record<string, string>;
  /** 0 while ResoniteLink is off, which it can only be before it was ever on. */
  resoniteLinkPort: number;
  /** In the engine's order, the local user among them. */
  users: WorldUser[];
  readonly room: Place["room"];
  readonly sound: Place["sound"];
  objects: WorldObject[];
}

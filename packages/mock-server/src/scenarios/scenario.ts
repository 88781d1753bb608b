import type { Colour, SceneObject } from "../engine/picture/scene.js";

/** What the simulated game is like when it starts. Plain data. */
export interface Scenario {
  /** What `Info.GetServerInfo` says. */
  readonly info: ScenarioInfo;
  /** The window. The camera's pictures have its size, in pixels. */
  readonly display: { readonly width: number; readonly height: number; readonly maxFps: number };
  /** Pictures per second that the renderer gives. */
  readonly cameraFps: number;
  /** The person whose game this is. */
  readonly localUser: { readonly userId: string; readonly userName: string };
  /** Whether that person is signed in to the cloud. */
  readonly signedIn: boolean;
  /** How long a world takes from opening to running, in milliseconds. */
  readonly worldLoadMs: number;
  /** The worlds that are open from the start. The first one is focused. */
  readonly openWorlds: readonly ScenarioWorld[];
  /** The live sessions that the cloud knows, in its order. */
  readonly sessions: readonly ScenarioSession[];
  /** The saved worlds that the cloud knows. */
  readonly records: readonly ScenarioRecord[];
  /** User ids of accepted contacts, for the session filter. */
  readonly contactIds: readonly string[];
  /** Places by the name of the world. A world without an entry gets a place made from its name. */
  readonly places: Readonly<Record<string, ScenarioPlace>>;
}

/** See {@link Scenario.info}. */
export interface ScenarioInfo {
  readonly modVersion: string;
  readonly engineVersion: string;
  readonly platform: "unspecified" | "windows" | "osx" | "linux" | "android" | "other";
  readonly isWine: boolean;
  /** 0 when there is no renderer. */
  readonly rendererPid: number;
}

/** Who may join, by the engine's names. */
export type AccessLevel = "Private" | "LAN" | "Contacts" | "ContactsPlus" | "RegisteredUsers" | "Anyone";

/** A world that is open from the start. */
export interface ScenarioWorld {
  readonly sessionId: string;
  readonly name: string;
  readonly accessLevel: AccessLevel;
  /** Names of the other people in it. */
  readonly visitors: readonly string[];
}

/** A live session somewhere in the cloud. */
export interface ScenarioSession {
  readonly sessionId: string;
  readonly name: string;
  readonly description: string;
  readonly hostUserId: string;
  readonly hostUsername: string;
  /** Empty for a session that cannot be reached. */
  readonly urls: readonly string[];
  readonly thumbnailUrl: string;
  /** The people in it. */
  readonly users: readonly { readonly userId: string; readonly userName: string; readonly away: boolean }[];
  readonly maximumUsers: number;
  readonly tags: readonly string[];
  readonly accessLevel: AccessLevel;
  readonly headlessHost: boolean;
  readonly mobileFriendly: boolean;
  readonly correspondingWorldId: string;
  readonly universeId: string;
  readonly beginUnixNanos: bigint;
  readonly updateUnixNanos: bigint;
  /** What becomes of joining it: `runs` (default), `fails` (refused while loading), or `hangs` (loads for ever). */
  readonly loading?: "runs" | "fails" | "hangs";
}

/** A saved world. */
export interface ScenarioRecord {
  readonly recordId: string;
  readonly ownerId: string;
  readonly ownerType: "user" | "group";
  readonly name: string;
  readonly description: string;
  readonly thumbnailUrl: string;
  readonly tags: readonly string[];
  readonly featured: boolean;
  readonly visits: number;
  readonly createdUnixNanos: bigint;
  readonly firstPublishedUnixNanos: bigint;
  readonly modifiedUnixNanos: bigint;
}

/** What a world looks like inside. */
export interface ScenarioPlace {
  readonly room: {
    readonly width: number;
    readonly depth: number;
    readonly height: number;
    readonly floor: Colour;
    readonly walls: Colour;
  };
  readonly objects: readonly Omit<SceneObject, "highlighted">[];
}

import type { Scenario, ScenarioRecord, ScenarioSession } from "./scenario.js";

/** 2026-01-01T00:00:00Z, in nanoseconds. */
const newYearNanos = 1_767_225_600_000_000_000n;
const hourNanos = 3_600_000_000_000n;

/**
 * An ordinary evening: at home, signed in, a few sessions to visit.
 *
 * `Broken Elevator` refuses everybody who joins it, `Endless Loading` never finishes loading, and `Unlisted Cave` has no
 * address.
 */
export const defaultScenario: Scenario = {
  info: { modVersion: "0.7.0", engineVersion: "2026.6.25.1", platform: "linux", isWine: false, rendererPid: 0 },
  display: { width: 1280, height: 720, maxFps: 60 },
  cameraFps: 30,
  localUser: { userId: "U-robin", userName: "Robin" },
  signedIn: true,
  worldLoadMs: 200,
  contactIds: ["U-alice", "U-bob"],
  openWorlds: [{ sessionId: "S-home", name: "Home", accessLevel: "Private", visitors: [] }],
  sessions: [
    session("Gallery", {
      description: "Pictures by friends, new every week.",
      hostUserId: "U-alice",
      hostUsername: "Alice",
      users: ["Alice", "Mika"],
      tags: ["art", "social"],
      mobileFriendly: true,
    }),
    session("Workshop", {
      description: "Build together.",
      hostUserId: "U-dana",
      hostUsername: "Dana",
      users: ["Dana", "Bob", "Eve"],
      away: ["Eve"],
      tags: ["build"],
      accessLevel: "ContactsPlus",
    }),
    session("Weekly Meetup", {
      description: "Everybody is welcome.",
      hostUserId: "U-host",
      hostUsername: "meetup-server",
      users: ["Frank", "Grace", "Heidi", "Ivan"],
      tags: ["event", "social"],
      headlessHost: true,
      maximumUsers: 64,
    }),
    session("Quiet Library", {
      description: "Whisper, please.",
      hostUserId: "U-judy",
      hostUsername: "Judy",
      users: ["Judy"],
      away: ["Judy"],
      tags: [],
      accessLevel: "RegisteredUsers",
    }),
    session("Broken Elevator", {
      hostUserId: "U-mallory",
      hostUsername: "Mallory",
      users: ["Mallory"],
      loading: "fails",
    }),
    session("Endless Loading", {
      hostUserId: "U-mallory",
      hostUsername: "Mallory",
      users: ["Mallory"],
      loading: "hangs",
    }),
    session("Unlisted Cave", { hostUserId: "U-niaj", hostUsername: "Niaj", users: ["Niaj"], urls: [] }),
  ],
  records: [
    record("Empty Plane", { tags: ["template"], featured: true, visits: 9100 }),
    record("Marble Hall", { tags: ["architecture", "art"], featured: true, visits: 4200 }),
    record("Puzzle Tower", { tags: ["game", "puzzle"], visits: 880, description: "Forty floors of riddles." }),
    record("Night Market", { tags: ["social", "game"], visits: 2300 }),
    record("Robin's Attic", { ownerId: "U-robin", tags: ["home"], visits: 3 }),
    record("Guild House", { ownerId: "G-guild", ownerType: "group", tags: ["social"], visits: 57 }),
  ],
  places: {
    Home: {
      room: { width: 10, depth: 12, height: 3.5, floor: [132, 98, 70], walls: [186, 176, 160] },
      objects: [
        object("Red Cube", "box", { x: -2, z: 2 }, { width: 0.8, height: 0.8 }, [214, 64, 58]),
        object("Blue Ball", "ball", { x: 0.4, z: 3.2 }, { width: 1, height: 1 }, [66, 120, 220]),
        object("Green Pillar", "pillar", { x: 2.6, z: 1.2 }, { width: 0.6, height: 2 }, [84, 168, 92]),
        object("Mirror", "box", { x: 3.6, z: 4.6 }, { width: 1.2, height: 1.9 }, [196, 214, 226]),
      ],
    },
    Gallery: {
      room: { width: 14, depth: 16, height: 4.5, floor: [92, 92, 104], walls: [214, 210, 204] },
      objects: [
        object("Golden Totem", "pillar", { x: -3, z: 2.4 }, { width: 0.9, height: 2.6 }, [226, 178, 62]),
        object("Violet Sphere", "ball", { x: 0, z: 4 }, { width: 1.6, height: 1.6 }, [150, 92, 200]),
        object("Plinth", "box", { x: 3, z: 2.8 }, { width: 1.1, height: 1.1 }, [238, 232, 220]),
      ],
    },
  },
};

interface SessionDetails {
  readonly hostUserId: string;
  readonly hostUsername: string;
  readonly users: readonly string[];
  readonly away?: readonly string[];
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly accessLevel?: ScenarioSession["accessLevel"];
  readonly headlessHost?: boolean;
  readonly mobileFriendly?: boolean;
  readonly maximumUsers?: number;
  readonly urls?: readonly string[];
  readonly loading?: ScenarioSession["loading"];
}

function session(name: string, details: SessionDetails): ScenarioSession {
  const id = slug(name);
  const { away = [], loading = "runs" } = details;
  return {
    sessionId: `S-${id}`,
    name,
    description: details.description ?? "",
    hostUserId: details.hostUserId,
    hostUsername: details.hostUsername,
    urls: details.urls ?? [`lnl-nat:///S-${id}`],
    thumbnailUrl: `resdb:///thumbnail-${id}.png`,
    users: details.users.map((userName) => ({
      userId: `U-${userName.toLowerCase()}`,
      userName,
      away: away.includes(userName),
    })),
    maximumUsers: details.maximumUsers ?? 16,
    tags: details.tags ?? [],
    accessLevel: details.accessLevel ?? "Anyone",
    headlessHost: details.headlessHost ?? false,
    mobileFriendly: details.mobileFriendly ?? false,
    correspondingWorldId: `R-${id}`,
    universeId: "",
    beginUnixNanos: newYearNanos,
    updateUnixNanos: newYearNanos + hourNanos,
    loading,
  };
}

function record(name: string, details: Partial<ScenarioRecord>): ScenarioRecord {
  const id = slug(name);
  const age = BigInt(name.length);
  return {
    recordId: `R-${id}`,
    ownerId: "U-resonite",
    ownerType: "user",
    name,
    description: "",
    thumbnailUrl: `resdb:///thumbnail-${id}.png`,
    tags: [],
    featured: false,
    visits: 0,
    createdUnixNanos: newYearNanos - age * 24n * hourNanos,
    firstPublishedUnixNanos: newYearNanos - age * 20n * hourNanos,
    modifiedUnixNanos: newYearNanos - age * hourNanos,
    ...details,
  };
}

function object(
  name: string,
  shape: "box" | "ball" | "pillar",
  at: { readonly x: number; readonly z: number },
  size: { readonly width: number; readonly height: number },
  colour: readonly [number, number, number],
): Scenario["places"][string]["objects"][number] {
  return {
    name,
    shape,
    position: { x: at.x, y: size.height / 2, z: at.z },
    size: { x: size.width, y: size.height, z: size.width },
    yawDegrees: 20,
    colour,
  };
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

import { newYearNanos } from "./parts/common.js";
import type { ScenarioInput } from "./scenario.js";

const hourNanos = 3_600_000_000_000n;

/**
 * An ordinary evening: at home, signed in, a few sessions to visit.
 *
 * `Broken Elevator` refuses everybody who joins it, `Endless Loading` never finishes loading, and `Unlisted Cave` has no
 * address.
 */
export const defaultScenario = {
  localUser: { userId: "U-robin", userName: "Robin" },
  accounts: [
    { userId: "U-robin", userName: "Robin", email: "robin@example.com", password: "correct horse" },
    { userId: "U-tester", userName: "Tester", password: "battery staple", totp: "123456" },
  ],
  openWorlds: [{ name: "Home", settings: { description: "Robin's place", tags: ["home"] } }],
  sessions: [
    {
      name: "Gallery",
      description: "Pictures by friends, new every week.",
      hostUsername: "Alice",
      users: ["Alice", "Mika"],
      tags: ["art", "social"],
      mobileFriendly: true,
      updateUnixNanos: newYearNanos + hourNanos,
    },
    {
      name: "Workshop",
      description: "Build together.",
      hostUsername: "Dana",
      users: ["Dana", "Bob", { userName: "Eve", away: true }],
      tags: ["build"],
      accessLevel: "ContactsPlus",
    },
    {
      name: "Weekly Meetup",
      description: "Everybody is welcome.",
      hostUsername: "meetup-server",
      users: ["Frank", "Grace", "Heidi", "Ivan"],
      tags: ["event", "social"],
      headlessHost: true,
      maximumUsers: 64,
    },
    {
      name: "Quiet Library",
      description: "Whisper, please.",
      hostUsername: "Judy",
      users: [{ userName: "Judy", away: true }],
      accessLevel: "RegisteredUsers",
    },
    { name: "Broken Elevator", hostUsername: "Mallory", users: ["Mallory"], loading: "fails" },
    { name: "Endless Loading", hostUsername: "Mallory", users: ["Mallory"], loading: "hangs" },
    { name: "Unlisted Cave", hostUsername: "Niaj", users: ["Niaj"], urls: [] },
  ],
  records: [
    {
      name: "Empty Plane",
      tags: ["template"],
      featured: true,
      visits: 9100,
      createdUnixNanos: newYearNanos - 6000n * hourNanos,
    },
    {
      name: "Marble Hall",
      tags: ["architecture", "art"],
      featured: true,
      visits: 4200,
      createdUnixNanos: newYearNanos - 5000n * hourNanos,
    },
    {
      name: "Puzzle Tower",
      description: "Forty floors of riddles.",
      tags: ["game", "puzzle"],
      visits: 880,
      createdUnixNanos: newYearNanos - 4000n * hourNanos,
    },
    {
      name: "Night Market",
      tags: ["social", "game"],
      visits: 2300,
      createdUnixNanos: newYearNanos - 3000n * hourNanos,
    },
    {
      name: "Robin's Attic",
      ownerId: "U-robin",
      tags: ["home"],
      visits: 3,
      createdUnixNanos: newYearNanos - 2000n * hourNanos,
    },
    {
      name: "Guild House",
      ownerId: "G-guild",
      ownerType: "group",
      tags: ["social"],
      visits: 57,
      createdUnixNanos: newYearNanos - 1000n * hourNanos,
    },
  ],
  contacts: [
    {
      username: "Alice",
      alternateUsernames: ["AliceAlt"],
      onlineStatus: "online",
      sessionName: "Gallery",
      sessionAccessLevel: "Anyone",
    },
    { username: "Bob", status: "requested", onlineStatus: "away" },
    { username: "Carol", onlineStatus: "sociable" },
    { username: "Mallory", status: "blocked" },
  ],
  cloudUsers: [
    { username: "Carla", isVerified: true },
    { username: "Dave" },
    { username: "Grump", refusesContact: true },
  ],
  inventory: [
    {
      name: "Avatars",
      children: [{ name: "Robot", object: { shape: "pillar", colour: [120, 130, 140] } }],
    },
    {
      name: "Tools",
      children: [{ name: "Brush", object: { size: { x: 0.1, y: 0.1, z: 0.5 }, tool: true, colour: [240, 240, 90] } }],
    },
    { name: "Mirror", isPublic: true, object: { size: { x: 1.2, y: 1.9, z: 0.1 }, colour: [196, 214, 226] } },
    { name: "Alice's Shelf", kind: "link", assetUri: "resrec:///U-alice/Inventory/Shelf" },
  ],
  foreignInventories: {
    "U-alice": [{ name: "Shelf", children: [{ name: "Vase", object: { shape: "ball", colour: [210, 90, 150] } }] }],
  },
  dashTabs: [
    {
      name: "Home",
      label: "Home",
      localeKey: "Dash.Screens.Home",
      controls: [
        {
          name: "News",
          type: "scroll",
          position: { x: 0, y: 0 },
          children: [{ label: "Read more", position: { x: 0, y: 1 } }],
        },
        { label: "Exit", localeKey: "Dash.Actions.Exit", position: { x: 0, y: 9 } },
      ],
    },
    {
      name: "Worlds",
      label: "Worlds",
      localeKey: "Dash.Screens.Worlds",
      controls: [
        { label: "World List", type: "scroll", position: { x: 0, y: 1 } },
        { label: "Refresh", localeKey: "World.Refresh", position: { x: 0, y: 0 } },
        { label: "Close world", enabled: false, position: { x: 1, y: 0 } },
      ],
    },
    { name: "Contacts", label: "Contacts", localeKey: "Dash.Screens.Contacts" },
    { name: "Inventory", label: "Inventory", localeKey: "Dash.Screens.Inventory" },
    { name: "Session", label: "Session", localeKey: "Dash.Screens.Session" },
    { name: "Settings", label: "Settings", localeKey: "Dash.Screens.Settings" },
  ],
  menuItems: [
    { label: "Undo", enabled: false, colour: [0.5, 0.25, 1, 1] },
    {
      label: "Locomotion",
      action: [
        { label: "Walk", action: "close" },
        { label: "Fly", action: "close" },
      ],
    },
    { label: "Laser", action: "stay", colour: [0.2, 0.8, 0.4, 1] },
    { label: "Close", action: "close", hasIcon: false },
  ],
  places: {
    Home: {
      room: { width: 10, depth: 12, height: 3.5, floor: [132, 98, 70], walls: [186, 176, 160] },
      sound: { frequencyHz: 440, position: { x: -3, y: 1.2, z: 2 }, volume: 0.4 },
      objects: [
        { name: "Red Cube", position: { x: -2, y: 0.4, z: 2 }, size: cube(0.8), yawDegrees: 20, colour: [214, 64, 58] },
        {
          name: "Blue Ball",
          shape: "ball",
          position: { x: 0.4, y: 0.5, z: 3.2 },
          size: cube(1),
          colour: [66, 120, 220],
        },
        {
          name: "Green Pillar",
          shape: "pillar",
          position: { x: 2.6, y: 1, z: 1.2 },
          size: { x: 0.6, y: 2, z: 0.6 },
          colour: [84, 168, 92],
        },
      ],
    },
    Gallery: {
      room: { width: 14, depth: 16, height: 4.5, floor: [92, 92, 104], walls: [214, 210, 204] },
      objects: [
        {
          name: "Golden Totem",
          shape: "pillar",
          position: { x: -3, y: 1.3, z: 2.4 },
          size: { x: 0.9, y: 2.6, z: 0.9 },
          colour: [226, 178, 62],
        },
        {
          name: "Violet Sphere",
          shape: "ball",
          position: { x: 0, y: 0.8, z: 4 },
          size: cube(1.6),
          colour: [150, 92, 200],
        },
        {
          name: "Plinth",
          position: { x: 3, y: 0.55, z: 2.8 },
          size: cube(1.1),
          yawDegrees: 20,
          colour: [238, 232, 220],
        },
      ],
    },
  },
} as const satisfies ScenarioInput;

function cube(size: number): { readonly x: number; readonly y: number; readonly z: number } {
  return { x: size, y: size, z: size };
}

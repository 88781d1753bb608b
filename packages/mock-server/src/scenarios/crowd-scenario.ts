import type { z } from "zod";
import { createRandom } from "../engine/random.js";
import type { session } from "./parts/cloud.js";
import { newYearNanos } from "./parts/common.js";
import type { contact } from "./parts/contact.js";
import type { ScenarioInventoryNodeInput } from "./parts/inventory.js";
import type { ScenarioInput } from "./scenario.js";

const sessionCount = 1000;
const contactCount = 10_000;
const folderCount = 50;
const itemsPerFolder = 100;
const minuteNanos = 60_000_000_000n;

const accessLevels = ["Anyone", "RegisteredUsers", "ContactsPlus", "Contacts"] as const;
const presences = ["offline", "offline", "offline", "away", "busy", "online", "sociable"] as const;

/**
 * A crowded evening, to try out long lists: 1,000 sessions, 10,000 contacts, and 5,000 things in 50 folders of the inventory.
 * Always the same. Whatever it leaves out is as in the default scenario.
 */
export function crowdScenario(): ScenarioInput {
  return {
    sessions: Array.from({ length: sessionCount }, (_, index) => crowdSession(index)),
    contacts: Array.from({ length: contactCount }, (_, index) => crowdContact(index)),
    inventory: Array.from({ length: folderCount }, (_, index) => crowdFolder(index)),
  };
}

function crowdSession(index: number): z.input<typeof session> {
  const random = createRandom(`session ${index}`);
  const firstUser = Math.floor(random() * contactCount);
  const userCount = Math.floor(random() * 13);
  return {
    name: `Session ${numbered(index, 4)}`,
    description: `Room ${index} of a large event.`,
    hostUsername: userName(firstUser),
    users: Array.from({ length: userCount }, (_, place) => ({
      userName: userName((firstUser + place) % contactCount),
      away: random() < 0.2,
    })),
    tags: index % 3 === 0 ? ["event", "social"] : ["event"],
    accessLevel: accessLevels[index % accessLevels.length] ?? "Anyone",
    headlessHost: index % 10 === 0,
    maximumUsers: 16,
    beginUnixNanos: newYearNanos - BigInt(index) * minuteNanos,
    updateUnixNanos: newYearNanos,
  };
}

function crowdContact(index: number): z.input<typeof contact> {
  const random = createRandom(`contact ${index}`);
  return {
    username: userName(index),
    // Every 50th asks to become a contact, every other 50th has been removed.
    status: index % 50 === 7 ? "requested" : index % 50 === 32 ? "ignored" : "accepted",
    onlineStatus: presences[Math.floor(random() * presences.length)] ?? "offline",
  };
}

function crowdFolder(index: number): ScenarioInventoryNodeInput {
  const random = createRandom(`folder ${index}`);
  const shapes = ["box", "ball", "pillar"] as const;
  const channel = (): number => 60 + Math.floor(random() * 180);
  return {
    name: `Folder ${numbered(index, 2)}`,
    children: Array.from({ length: itemsPerFolder }, (_, place) => ({
      name: `Thing ${numbered(index * itemsPerFolder + place, 4)}`,
      object: { shape: shapes[place % shapes.length] ?? "box", colour: [channel(), channel(), channel()] },
    })),
  };
}

function userName(index: number): string {
  return `Visitor ${numbered(index, 5)}`;
}

function numbered(index: number, digits: number): string {
  return String(index).padStart(digits, "0");
}

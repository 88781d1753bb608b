import { z } from "zod";
import { account } from "./parts/auth.js";
import { record, session } from "./parts/cloud.js";
import { newYearNanos, unixNanos } from "./parts/common.js";
import { cloudUser, contact } from "./parts/contact.js";
import { menuItem } from "./parts/context-menu.js";
import { dashTab } from "./parts/dash.js";
import { inventoryNode } from "./parts/inventory.js";
import { openWorld } from "./parts/open-world.js";
import { place } from "./parts/place.js";

/** How the simulated game is when it starts. */
export const scenarioSchema = z.strictObject({
  /** Makes what is random the same in every run. */
  seed: z.int().min(0).default(1),
  /** What `Info.GetServerInfo` says. */
  info: z
    .strictObject({
      modVersion: z.string().default("0.7.0"),
      engineVersion: z.string().default("2026.6.25.1"),
      platform: z.enum(["unspecified", "windows", "osx", "linux", "android", "other"]).default("linux"),
      isWine: z.boolean().default(false),
      /** 0 when there is no renderer. */
      rendererPid: z.int().min(0).default(0),
    })
    .prefault({}),
  /** The window. The camera's pictures have its size. */
  display: z
    .strictObject({
      /** In pixels. */
      width: z.int().min(1).max(8192).default(1280),
      /** In pixels. */
      height: z.int().min(1).max(8192).default(720),
      maxFps: z.number().min(0).default(60),
      /** How long a change takes until it shows, in milliseconds. */
      settleMs: z.number().min(0).default(100),
    })
    .prefault({}),
  /** The renderer: pictures per second; 0 for one that gives none. */
  cameraFps: z.number().min(0).max(1000).default(30),
  /** Whether the user is in VR instead of at the desktop. */
  vr: z.boolean().default(false),
  /** The hand that `PRIMARY` means. */
  primaryHand: z.enum(["left", "right"]).default("right"),
  /** The person whose game this is. */
  localUser: z
    .strictObject({ userId: z.string().default("U-robin"), userName: z.string().default("Robin") })
    .prefault({}),
  /** The account that is signed in, by user id; empty for nobody. Default: the local user's. */
  signedInAs: z.string().optional(),
  /** When the sign-in expires. */
  sessionExpiresUnixNanos: unixNanos.prefault(newYearNanos * 2n),
  /** Who can sign in. */
  accounts: z.array(account).default([]),
  /** How long a world takes from opening to running, in milliseconds. */
  worldLoadMs: z.number().min(0).default(200),
  /** The worlds that are open from the start. The first one is focused. */
  openWorlds: z.array(openWorld).default([]),
  /** The live sessions that the cloud knows, in its order. */
  sessions: z.array(session).default([]),
  /** The saved worlds that the cloud knows. */
  records: z.array(record).default([]),
  /** The contact list, in its order. */
  contacts: z.array(contact).default([]),
  /** Whom the cloud's user search finds, besides the contacts. */
  cloudUsers: z.array(cloudUser).default([]),
  /** What lies below `/Inventory`. */
  inventory: z.array(inventoryNode).default([]),
  /** What lies below `/Inventory` of others, by user or group id. Links lead there. */
  foreignInventories: z.record(z.string(), z.array(inventoryNode)).default({}),
  /** The tabs of the dash. The first one is current. */
  dashTabs: z.array(dashTab).default([]),
  /** Whether the dash is open at the start. */
  dashOpen: z.boolean().default(false),
  /** The items of the radial menu. */
  menuItems: z.array(menuItem).default([]),
  /** Places by the name of the world. A world without an entry gets a place made from its name. */
  places: z.record(z.string(), place).default({}),
});

/** How the simulated game is when it starts, complete. */
export type Scenario = z.output<typeof scenarioSchema>;

/** How the simulated game is when it starts, as it may be written down: whatever is left out has a default. */
export type ScenarioInput = z.input<typeof scenarioSchema>;

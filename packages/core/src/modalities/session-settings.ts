import type { MessageInitShape } from "@bufbuild/protobuf";
import { choiceName, choiceValue } from "../choices.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import {
  type SessionSettingsPatchSchema,
  SessionAccessLevel as WireAccessLevel,
  type SessionSettings as WireSettings,
} from "../gen/resonite_io/v1/session_pb.js";

const accessLevels = {
  private: WireAccessLevel.PRIVATE,
  lan: WireAccessLevel.LAN,
  contacts: WireAccessLevel.CONTACTS,
  contactsPlus: WireAccessLevel.CONTACTS_PLUS,
  registeredUsers: WireAccessLevel.REGISTERED_USERS,
  anyone: WireAccessLevel.ANYONE,
} as const;

/**
 * Who may join a session, from the narrowest circle to the widest: those invited (`"private"`), the local network, the
 * host's contacts, also the contacts of those inside (`"contactsPlus"`), everybody with an account, or everybody.
 */
export type SessionAccessLevel = keyof typeof accessLevels;

/** The settings of the focused world. Minutes and seconds are 32-bit floats: of 0.1, the nearest such number comes back. */
export interface SessionSettings {
  /** May be empty. */
  readonly worldName: string;
  /** May be empty. */
  readonly worldDescription: string;
  /** How many users may be in the session at once, 1 to 255. */
  readonly maxUsers: number;
  readonly accessLevel: SessionAccessLevel;
  /** Whether the session is kept out of public lists. */
  readonly hideFromListing: boolean;
  /** Whether the session is marked as fit for mobile devices. */
  readonly mobileFriendly: boolean;
  /** Whether users who are away for too long are kicked. */
  readonly awayKickEnabled: boolean;
  /** After how many minutes they are. */
  readonly awayKickMinutes: number;
  /** Whether the world is saved from time to time. */
  readonly autoSaveEnabled: boolean;
  /** Minutes between two saves. */
  readonly autoSaveIntervalMinutes: number;
  /** Whether the engine cleans the world up from time to time. */
  readonly autoCleanupEnabled: boolean;
  /** Seconds between two clean-ups. */
  readonly autoCleanupIntervalSeconds: number;
  /** In stored order: neither trimmed nor sorted, duplicates kept. */
  readonly tags: readonly string[];
  /** Whether ResoniteLink runs for this world. It can be switched on, never off. */
  readonly resoniteLinkEnabled: boolean;
  readonly sessionId: string;
  /** Whether this engine has authority over the session, without which nothing can be set. */
  readonly isHost: boolean;
  /** 2000 to 65535; 0 while ResoniteLink is off, or has no port yet. */
  readonly resoniteLinkPort: number;
}

/**
 * What to change; what is not named stays as it is. False, 0 and `""` are values like any other, and `tags` replaces all
 * tags, when empty by none. Name only what is to change: whole settings mostly have a false `resoniteLinkEnabled`, which the
 * mod always refuses.
 */
export type SessionSettingsChanges = Partial<Omit<SessionSettings, "sessionId" | "isHost" | "resoniteLinkPort">>;

/** Reads the mod's answer. Throws {@link MalformedResponseError} when it does not say who may join. */
export function toSettings({ $typeName, $unknown, accessLevel, ...settings }: WireSettings): SessionSettings {
  const level = choiceName({ ...accessLevels, other: WireAccessLevel.UNSPECIFIED }, accessLevel, "other");
  // No level would be a safe guess: callers may decide by it who gets to see what.
  if (level === "other") {
    throw new MalformedResponseError(
      `the mod answered getSettings with an access level that has no name: ${accessLevel}`,
    );
  }
  return { ...settings, accessLevel: level };
}

/**
 * Writes `changes` as the mod takes them. Throws `InvalidOptionsError` for an access level that does not exist: sent as
 * none, it would silently change nothing.
 */
export function toPatch(changes: SessionSettingsChanges): MessageInitShape<typeof SessionSettingsPatchSchema> {
  const { accessLevel, tags } = changes;
  return {
    worldName: changes.worldName,
    worldDescription: changes.worldDescription,
    maxUsers: changes.maxUsers,
    accessLevel:
      accessLevel === undefined ? WireAccessLevel.UNSPECIFIED : choiceValue(accessLevels, accessLevel, "accessLevel"),
    hideFromListing: changes.hideFromListing,
    mobileFriendly: changes.mobileFriendly,
    awayKickEnabled: changes.awayKickEnabled,
    awayKickMinutes: changes.awayKickMinutes,
    autoSaveEnabled: changes.autoSaveEnabled,
    autoSaveIntervalMinutes: changes.autoSaveIntervalMinutes,
    autoCleanupEnabled: changes.autoCleanupEnabled,
    autoCleanupIntervalSeconds: changes.autoCleanupIntervalSeconds,
    replaceTags: tags !== undefined,
    tags: [...(tags ?? [])],
    resoniteLinkEnabled: changes.resoniteLinkEnabled,
  };
}

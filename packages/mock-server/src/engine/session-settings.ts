import type { AccessLevel } from "../scenarios/parts/common.js";
import type { WorldState } from "./world-state.js";

/** New values for settings of a world; whatever is absent stays as it is. */
export interface SettingsPatch {
  readonly worldName?: string | undefined;
  readonly accessLevel?: AccessLevel | undefined;
  readonly description?: string | undefined;
  readonly maxUsers?: number | undefined;
  readonly hideFromListing?: boolean | undefined;
  readonly mobileFriendly?: boolean | undefined;
  readonly awayKickEnabled?: boolean | undefined;
  readonly awayKickMinutes?: number | undefined;
  readonly autoSaveEnabled?: boolean | undefined;
  readonly autoSaveIntervalMinutes?: number | undefined;
  readonly autoCleanupEnabled?: boolean | undefined;
  readonly autoCleanupIntervalSeconds?: number | undefined;
  /** Replaces all tags. */
  readonly tags?: readonly string[] | undefined;
}

/** Writes the values that are present, unchecked, and returns the names of the settings that are now different. */
export function writeSettings(world: WorldState, patch: SettingsPatch): readonly string[] {
  const changed: string[] = [];
  const { worldName, accessLevel, tags, ...plain } = patch;
  if (worldName !== undefined && worldName !== world.worldName) {
    world.worldName = worldName;
    changed.push("worldName");
  }
  if (accessLevel !== undefined && accessLevel !== world.accessLevel) {
    world.accessLevel = accessLevel;
    changed.push("accessLevel");
  }
  if (tags !== undefined && !areEqual(tags, world.settings.tags)) {
    world.settings.tags = [...tags];
    changed.push("tags");
  }
  const present = Object.entries(plain).filter(([, value]) => value !== undefined);
  const before = new Map<string, unknown>(Object.entries(world.settings));
  changed.push(...present.filter(([name, value]) => before.get(name) !== value).map(([name]) => name));
  Object.assign(world.settings, Object.fromEntries(present));
  return changed;
}

function areEqual(first: readonly string[], second: readonly string[]): boolean {
  return first.length === second.length && first.every((tag, index) => tag === second[index]);
}

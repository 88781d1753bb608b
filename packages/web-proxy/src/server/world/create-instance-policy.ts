import { InvalidOptionsError } from "@resoio/core";

/** Who may create instances, and of what. */
export interface CreateInstancePolicy {
  /** The saved world that is started, by `WorldRecord.recordId` and `ownerId`. */
  readonly record: { readonly recordId: string; readonly ownerId: string };
  /** Who may: everybody with a key, or those for whom this is true of their ids (`medi:player:ed25519:...`) as they write them. */
  readonly players: "anybody" | ((playerId: string) => boolean);
  /** How many instances that were created may run at once. Default 4. */
  readonly maxInstances?: number | undefined;
  /** How many of one player may run at once. Default 1. */
  readonly maxInstancesPerPlayer?: number | undefined;
  /** How many one player may create in an hour. Default 6. */
  readonly maxPerHour?: number | undefined;
  /** The capacity of an instance that asks for none, 1 to `maxCapacity`. Default 16, or `maxCapacity` if that is less. */
  readonly defaultCapacity?: number | undefined;
  /** The greatest capacity, 1 to 255, which is the most that the game allows. Default 32. */
  readonly maxCapacity?: number | undefined;
  /** How long starting may take, in milliseconds. Default 100,000: longer than the mod takes to give up. */
  readonly startTimeoutMs?: number | undefined;
}

/** A {@link CreateInstancePolicy} with what it leaves out. */
export type ResolvedCreateInstancePolicy = {
  readonly [Name in keyof CreateInstancePolicy]-?: Exclude<CreateInstancePolicy[Name], undefined>;
};

/** Fills in what is left out. Throws {@link InvalidOptionsError} for numbers out of range. */
export function resolveCreateInstancePolicy(policy: CreateInstancePolicy): ResolvedCreateInstancePolicy {
  const { record, players, maxInstances = 4, maxInstancesPerPlayer = 1, maxPerHour = 6 } = policy;
  const { maxCapacity = 32, defaultCapacity = Math.min(16, maxCapacity), startTimeoutMs = 100_000 } = policy;
  const numbers = { maxInstances, maxInstancesPerPlayer, maxPerHour, maxCapacity, defaultCapacity, startTimeoutMs };
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new InvalidOptionsError(`createInstance.${name} must be a whole number from 1, not ${value}`);
  }
  if (maxCapacity > 255 || defaultCapacity > maxCapacity) {
    throw new InvalidOptionsError("createInstance takes a maxCapacity up to 255, and a defaultCapacity up to that");
  }
  return { record, players, ...numbers };
}

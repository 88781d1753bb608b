import { sessionUriOf, type WorldInstance } from "../world/instance.js";

/** Options of {@link pickInstance}. */
export interface PickOptions {
  /**
   * Which join policies are acceptable. Default `["public"]`. With `"private"` among them an instance may be picked whose server then
   * refuses to let one in.
   */
  readonly joinPolicies?: readonly string[] | undefined;
  /** Ids of instances that are not wanted. Default none. */
  readonly except?: ReadonlySet<string> | undefined;
}

/**
 * Chooses the instance to join: one that is open, has a free seat, lets everybody in and is reached in a way that we know. Of these the
 * fullest, then the oldest, then the first by id. `undefined` when there is none. What is unknown, as a new state, is not chosen.
 */
export function pickInstance(
  instances: readonly WorldInstance[],
  options: PickOptions = {},
): WorldInstance | undefined {
  return instances.filter((instance) => isJoinable(instance, options)).toSorted(byPreference)[0];
}

/** Whether {@link pickInstance} may choose an instance. */
export function isJoinable(instance: WorldInstance, { joinPolicies = ["public"], except }: PickOptions = {}): boolean {
  const { id, state, playerCount, capacity, joinPolicy } = instance;
  return (
    state === "open" &&
    playerCount !== undefined &&
    capacity !== undefined &&
    playerCount < capacity &&
    joinPolicy !== undefined &&
    joinPolicies.includes(joinPolicy) &&
    sessionUriOf(instance) !== undefined &&
    except?.has(id) !== true
  );
}

function byPreference(one: WorldInstance, other: WorldInstance): number {
  return (
    (other.playerCount ?? 0) - (one.playerCount ?? 0) ||
    (one.createdAt ?? 0) - (other.createdAt ?? 0) ||
    (one.id < other.id ? -1 : 1)
  );
}

import { type Logger, type OpenWorld, SessionClient, WorldClient } from "@resoio/core";
import type { CreateInstancePayload } from "../../world/private-request.js";
import { RateLimiter } from "../access/rate-limiter.js";
import type { ResolvedCreateInstancePolicy } from "./create-instance-policy.js";
import type { InstanceDirectory } from "./instance-directory.js";
import type { ListedInstance } from "./listed-instance.js";
import { WorldRefusal } from "./world-refusal.js";

/** Options of {@link InstanceCreator}. */
export interface InstanceCreatorOptions {
  readonly policy: ResolvedCreateInstancePolicy;
  readonly directory: InstanceDirectory;
  /** Whether somebody uses an engine. Default: nobody. */
  readonly isInUse: ((engine: string) => boolean) | undefined;
  /** Now, as Unix time in milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Who asks. */
export interface Creator {
  readonly playerId: string;
  readonly publicKey: Uint8Array;
}

/** Starts worlds on engines that nobody needs. */
export class InstanceCreator {
  readonly #options: InstanceCreatorOptions;
  readonly #rate: RateLimiter;
  /** Who created what. An instance that is closed does not count any more. */
  readonly #created = new Map<ListedInstance, string>();
  /** Creators whose instance is not in the directory yet. */
  readonly #reserved: string[] = [];
  readonly #stopped = new AbortController();

  constructor(options: InstanceCreatorOptions) {
    this.#options = options;
    const { maxPerHour } = options.policy;
    this.#rate = new RateLimiter({ perSecond: maxPerHour / 3_600, burst: maxPerHour, now: options.now });
  }

  /** Gives up what is being started. */
  stop(): void {
    this.#stopped.abort();
  }

  /**
   * Starts a world as a new instance, and returns that once the world is open.
   *
   * Throws {@link WorldRefusal}: `create_not_allowed` when the policy, a quota or the rate is against it, or no engine is free, and
   * `create_failed` when the mod could not start the world.
   */
  async create(creator: Creator, wanted: CreateInstancePayload): Promise<ListedInstance> {
    const { policy } = this.#options;
    const owner = Buffer.from(creator.publicKey).toString("hex");
    if (policy.players !== "anybody" && !policy.players(creator.playerId)) {
      throw notAllowed("this player may not create instances here");
    }
    // The world is not told the wish but what comes of it.
    if (wanted.capacity !== undefined && wanted.capacity > policy.maxCapacity) {
      throw notAllowed(`an instance has room for at most ${policy.maxCapacity} players here`);
    }
    this.#checkQuota(owner);
    if (!this.#rate.take(owner)) throw notAllowed("this player has created too many instances lately");
    this.#reserved.push(owner);
    try {
      const instance = await this.#reserveEngine(wanted.worldId, owner);
      await this.#start(instance, wanted);
      return instance;
    } finally {
      this.#reserved.splice(this.#reserved.indexOf(owner), 1);
    }
  }

  #checkQuota(owner: string): void {
    const { maxInstances, maxInstancesPerPlayer } = this.#options.policy;
    for (const instance of this.#created.keys()) {
      if (instance.closedAtMs !== undefined) this.#created.delete(instance);
    }
    // While it is being started an instance may be in both; it counts once.
    const owners = [
      ...this.#reserved,
      ...[...this.#created].flatMap(([{ facts }, by]) => (facts.state === "starting" ? [] : [by])),
    ];
    if (owners.length >= maxInstances) throw notAllowed("as many instances were created as may run at once");
    if (owners.filter((by) => by === owner).length >= maxInstancesPerPlayer) {
      throw notAllowed("this player has as many instances as he may have");
    }
  }

  /** Takes an engine on which nobody is but its own user, and which was not taken before. */
  async #reserveEngine(worldId: string, owner: string): Promise<ListedInstance> {
    const { directory, isInUse } = this.#options;
    for (const instance of await directory.running()) {
      const { facts, engine } = instance;
      const isFree = (facts.state === "open" || facts.state === "full") && facts.playerCount <= 1;
      if (!isFree || this.#created.has(instance) || isInUse?.(engine.name) === true) continue;
      const replacement = directory.replace(instance, worldId);
      if (replacement === undefined) continue;
      replacement.hold();
      this.#created.set(replacement, owner);
      return replacement;
    }
    throw notAllowed("no engine is free now");
  }

  async #start(instance: ListedInstance, wanted: CreateInstancePayload): Promise<void> {
    const { policy, directory, logger } = this.#options;
    const { transport, name } = instance.engine;
    const timeoutMs = policy.startTimeoutMs;
    let world: OpenWorld;
    try {
      const options = { ...policy.record, focus: true, timeoutMs, signal: this.#stopped.signal };
      world = await new WorldClient(transport).startWorld(options);
    } catch (cause) {
      logger.warn(`engine ${name} could not start a world: ${String(cause)}`);
      directory.restore(instance, "its world could not be started");
      throw new WorldRefusal("worldInstance.create_failed", "the engine could not start the world", { cause });
    }
    await this.#settle(instance, wanted);
    instance.started(world);
    await instance.refresh();
  }

  async #settle({ engine }: ListedInstance, { name, capacity, joinPolicy }: CreateInstancePayload): Promise<void> {
    const { policy, logger } = this.#options;
    const changes = {
      maxUsers: capacity ?? policy.defaultCapacity,
      accessLevel: joinPolicy === "private" ? "private" : "anyone",
      ...(name === undefined ? {} : { worldName: name }),
    } as const;
    try {
      await new SessionClient(engine.transport).applySettings(changes, { timeoutMs: 10_000 });
    } catch (error) {
      // The instance tells what it is in the end.
      logger.warn(`engine ${engine.name} did not take the settings of a new instance: ${String(error)}`);
    }
  }
}

function notAllowed(message: string): WorldRefusal {
  return new WorldRefusal("worldInstance.create_not_allowed", message);
}

import type { Logger } from "@resoio/core";
import type { EngineSource, RunningEngine } from "./engine-source.js";
import { createInstanceId } from "./instance-id.js";
import { ListedInstance } from "./listed-instance.js";

/** Options of {@link InstanceDirectory}. */
export interface InstanceDirectoryOptions {
  readonly source: EngineSource;
  /** How long a closed instance can be asked for, in milliseconds. Default 60,000. */
  readonly graceMs?: number | undefined;
  /** How old what a mod told may be, in milliseconds. Default 1,000. */
  readonly maxAgeMs?: number | undefined;
  /** How long a mod may take to tell it, in milliseconds. Default 1,500. */
  readonly timeoutMs?: number | undefined;
  /** Now, as Unix time in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Told of each instance that is over, once; `reason` is a short sentence. Default: nobody. */
  readonly onClosed?: ((id: string, reason: string) => void) | undefined;
  readonly logger: Logger;
}

/** How many closed instances are remembered. The oldest are forgotten first. */
const maxClosed = 1_000;

/** Knows the instances of all engines. Ids are made here, and never twice. */
export class InstanceDirectory {
  readonly #options: InstanceDirectoryOptions;
  readonly #now: () => number;
  /** By id, in the order in which they came. */
  readonly #instances = new Map<string, ListedInstance>();
  /** The one that runs on each engine, by the engine's name. */
  readonly #running = new Map<string, ListedInstance>();
  #unsubscribe: (() => void) | undefined;

  constructor(options: InstanceDirectoryOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Begins to watch the engines. */
  start(): void {
    this.#unsubscribe ??= this.#options.source.subscribe((event) => {
      if (event.kind === "appeared") this.#add(event.engine, undefined);
      else this.#vanished(event.name, event.reason);
    });
  }

  /** Watches no more and closes every instance. */
  stop(): void {
    this.#unsubscribe?.();
    for (const instance of this.#running.values()) this.#close(instance, "the server is stopping");
    this.#running.clear();
  }

  /** The instances for which `isWanted` is true and that are not closed, the oldest first, as they are now. */
  async list(isWanted: (instance: ListedInstance) => boolean): Promise<readonly ListedInstance[]> {
    const open = (): readonly ListedInstance[] =>
      this.#all().filter((instance) => instance.closedAtMs === undefined && isWanted(instance));
    await Promise.all(open().map((instance) => this.#refresh(instance)));
    // Another one may have taken the place of one that turned out to be over.
    await Promise.all(open().map((instance) => this.#refresh(instance)));
    return open().toSorted((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
  }

  /** An instance as it is now, also one that was closed a short while ago. */
  async get(id: string): Promise<ListedInstance | undefined> {
    this.#forgetClosed();
    const instance = this.#instances.get(id);
    if (instance !== undefined) await this.#refresh(instance);
    return instance;
  }

  /** The engine of an instance that is not closed. */
  engineOf(id: string): RunningEngine | undefined {
    const instance = this.#instances.get(id);
    return instance?.closedAtMs === undefined ? instance?.engine : undefined;
  }

  /** Instances that run now, of every world. */
  async running(): Promise<readonly ListedInstance[]> {
    const running = [...this.#running.values()];
    await Promise.all(running.map((instance) => this.#refresh(instance)));
    return running.filter((instance) => this.#running.get(instance.engine.name) === instance);
  }

  /** Closes the instance of an engine and puts a new one of a certain world in its place. */
  replace(instance: ListedInstance, worldId: string): ListedInstance | undefined {
    if (this.#running.get(instance.engine.name) !== instance) return undefined;
    return this.#add(instance.engine, worldId, "its engine is needed for another world");
  }

  /** Closes an instance and lets its engine be what it was at first. */
  restore(instance: ListedInstance, reason: string): void {
    this.#close(instance, reason);
    if (this.#running.get(instance.engine.name) === instance) this.#add(instance.engine, undefined);
  }

  async #refresh(instance: ListedInstance): Promise<void> {
    await instance.refresh();
    if (instance.isOver) this.restore(instance, "its world was closed");
  }

  #add(engine: RunningEngine, worldId: string | undefined, reason = "its engine came anew"): ListedInstance {
    const { maxAgeMs = 1_000, timeoutMs = 1_500, logger } = this.#options;
    const id = createInstanceId();
    const instance = new ListedInstance({ id, worldId, engine, maxAgeMs, timeoutMs, now: this.#now });
    const last = this.#running.get(engine.name);
    if (last !== undefined) this.#close(last, reason);
    this.#instances.set(id, instance);
    this.#running.set(engine.name, instance);
    logger.info(`instance ${id} is on engine ${engine.name}`);
    return instance;
  }

  #vanished(name: string, reason: string): void {
    const instance = this.#running.get(name);
    if (instance === undefined) return;
    this.#running.delete(name);
    this.#close(instance, reason);
    this.#forgetClosed();
  }

  #close(instance: ListedInstance, reason: string): void {
    if (!instance.close()) return;
    const { logger, onClosed } = this.#options;
    logger.info(`instance ${instance.id} is closed: ${reason}`);
    onClosed?.(instance.id, reason);
  }

  #all(): readonly ListedInstance[] {
    return [...this.#instances.values()];
  }

  #forgetClosed(): void {
    const { graceMs = 60_000 } = this.#options;
    const closed = this.#all().filter(({ closedAtMs }) => closedAtMs !== undefined);
    for (const [index, { id, closedAtMs = 0 }] of closed.entries()) {
      if (this.#now() - closedAtMs > graceMs || index < closed.length - maxClosed) this.#instances.delete(id);
    }
  }
}

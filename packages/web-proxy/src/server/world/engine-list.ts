import type { EngineEvent, EngineSource, RunningEngine } from "./engine-source.js";

/** Engines that come and go as somebody says. */
export class EngineList implements EngineSource {
  readonly #engines = new Map<string, RunningEngine>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();

  /** The engines that run now, by name. */
  get engines(): ReadonlyMap<string, RunningEngine> {
    return this.#engines;
  }

  /** An engine runs. One of the same name that ran until now is gone. */
  add(engine: RunningEngine): void {
    this.remove(engine.name, "another engine has taken its name");
    this.#engines.set(engine.name, engine);
    this.#tell({ kind: "appeared", engine });
  }

  /** An engine is gone. Nothing happens when there is none of this name. */
  remove(name: string, reason: string): void {
    if (this.#engines.delete(name)) this.#tell({ kind: "vanished", name, reason });
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    for (const engine of this.#engines.values()) listener({ kind: "appeared", engine });
    return () => this.#listeners.delete(listener);
  }

  #tell(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

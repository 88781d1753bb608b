import type { EngineEvent, EngineSource, RunningEngine } from "../server/world/engine-source.js";

/** Engines that come and go when a test says so. */
export class ManualEngines implements EngineSource {
  readonly #engines = new Map<string, RunningEngine>();
  readonly #watchers = new Set<(event: EngineEvent) => void>();

  appear(engine: RunningEngine): void {
    this.#engines.set(engine.name, engine);
    for (const tell of this.#watchers) tell({ kind: "appeared", engine });
  }

  vanish(name: string, reason = "the test took it away"): void {
    this.#engines.delete(name);
    for (const tell of this.#watchers) tell({ kind: "vanished", name, reason });
  }

  async *watch({ signal }: { readonly signal: AbortSignal }): AsyncIterable<EngineEvent> {
    const queue: EngineEvent[] = [...this.#engines.values()].map((engine) => ({ kind: "appeared", engine }));
    let wake = Promise.withResolvers<void>();
    const tell = (event: EngineEvent): void => {
      queue.push(event);
      wake.resolve();
    };
    this.#watchers.add(tell);
    signal.addEventListener("abort", () => wake.resolve());
    try {
      while (!signal.aborted) {
        yield* queue.splice(0);
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }
}

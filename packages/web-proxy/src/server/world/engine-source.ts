import type { ResoniteTransport } from "@resoio/core";

/** An engine that runs. */
export interface RunningEngine {
  /** Unique among the engines that run now: 1 to 64 letters, digits, dots, dashes and underscores. */
  readonly name: string;
  readonly transport: ResoniteTransport;
}

/** An engine has come or gone. */
export type EngineEvent =
  | { readonly kind: "appeared"; readonly engine: RunningEngine }
  /** `reason` is a short sentence that those are told who used it. */
  | { readonly kind: "vanished"; readonly name: string; readonly reason: string };

/** Knows which engines run. */
export interface EngineSource {
  /** Tells at once every engine that runs now, and from then on what changes. Returns what ends it. Any number may listen. */
  subscribe(listener: (event: EngineEvent) => void): () => void;
  /** Looks at once, for somebody who cannot wait: what has changed is told before it returns. Default: nothing. */
  refresh?(): void;
}

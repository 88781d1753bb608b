import type { ResoniteTransport } from "@resoio/core";

/** An engine that runs. */
export interface RunningEngine {
  /** Unique among the engines that run now. */
  readonly name: string;
  readonly transport: ResoniteTransport;
  /** Whether somebody uses it through the proxy, so that it must not be taken for another world. Default: never. */
  readonly isInUse?: (() => boolean) | undefined;
}

/** An engine has come or gone. */
export type EngineEvent =
  | { readonly kind: "appeared"; readonly engine: RunningEngine }
  /** `reason` is a short sentence. */
  | { readonly kind: "vanished"; readonly name: string; readonly reason: string };

/** Knows which engines run. */
export interface EngineSource {
  /** Tells every engine that runs now, then what changes, until `signal` is aborted. Any number may watch. */
  watch(options: { readonly signal: AbortSignal }): AsyncIterable<EngineEvent>;
}

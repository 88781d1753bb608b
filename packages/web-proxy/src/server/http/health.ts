import type { ResoniteTransport } from "@resoio/core";

/** What a connection to a mod can be doing, or `unknown` where the transport does not tell. */
export type UpstreamState = "idle" | "connecting" | "connected" | "lost" | "reconnecting" | "closed" | "unknown";

/** Knows how the connections to the mods are. */
export class UpstreamStates {
  readonly #states = new Map<string, UpstreamState>();
  readonly #stopped = new AbortController();

  /** By name. */
  get states(): ReadonlyMap<string, UpstreamState> {
    return this.#states;
  }

  /** Follows the connection of a transport until {@link stop}. */
  follow(name: string, transport: ResoniteTransport): void {
    this.#states.set(name, "unknown");
    void this.#follow(name, transport);
  }

  /** Follows no connection any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #follow(name: string, transport: ResoniteTransport): Promise<void> {
    try {
      for await (const { state } of transport.status?.({ signal: this.#stopped.signal }) ?? []) {
        this.#states.set(name, state);
      }
    } catch {
      // A transport that cannot tell how it is.
      this.#states.set(name, "unknown");
    }
  }
}

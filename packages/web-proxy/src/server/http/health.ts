import type { ResoniteTransport } from "@resoio/core";

/** What a connection to a mod can be doing, or `unknown` where the transport does not tell. */
export type UpstreamState = "idle" | "connecting" | "connected" | "lost" | "reconnecting" | "closed" | "unknown";

/** Knows how the connections to the mods are. */
export class UpstreamStates {
  readonly #states = new Map<string, UpstreamState>();
  readonly #stopped = new AbortController();
  /** Ends with each that is followed. */
  readonly #followed = new Map<string, AbortController>();

  /** By name. */
  get states(): ReadonlyMap<string, UpstreamState> {
    return this.#states;
  }

  /** Follows the connection of a transport until {@link stop}. */
  follow(name: string, transport: ResoniteTransport): void {
    this.forget(name);
    const controller = new AbortController();
    this.#followed.set(name, controller);
    this.#states.set(name, "unknown");
    void this.#follow(name, transport, AbortSignal.any([this.#stopped.signal, controller.signal]));
  }

  /** Follows a connection no more, and says nothing of it. */
  forget(name: string): void {
    this.#followed.get(name)?.abort();
    this.#followed.delete(name);
    this.#states.delete(name);
  }

  /** Follows no connection any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #follow(name: string, transport: ResoniteTransport, signal: AbortSignal): Promise<void> {
    try {
      for await (const { state } of transport.status?.({ signal }) ?? []) {
        if (!signal.aborted) this.#states.set(name, state);
      }
    } catch {
      // A transport that cannot tell how it is.
      if (!signal.aborted) this.#states.set(name, "unknown");
    }
  }
}

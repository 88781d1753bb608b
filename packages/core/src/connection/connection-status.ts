import type { ConnectError } from "@connectrpc/connect";

/**
 * What a connection is doing.
 *
 * - `idle`: not connected, and nobody asked for it; the next call connects. Also after the policy gave up.
 * - `connecting`: an attempt is under way.
 * - `connected`: calls go through.
 * - `lost`: the connection broke; calls in flight have failed with `Unavailable`. What follows is `reconnecting` or `idle`.
 * - `reconnecting`: the next attempt, number `attempt` from 1, comes in `delayMs` milliseconds, or with the next call. `reason`
 *   says why the connection was lost, or why the attempt before failed.
 * - `closed`: for good. Nothing follows.
 */
export type ConnectionStatus =
  | { readonly state: "idle" }
  | { readonly state: "connecting" }
  | { readonly state: "connected" }
  | { readonly state: "lost"; readonly reason: ConnectError }
  | {
      readonly state: "reconnecting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: ConnectError;
    }
  | { readonly state: "closed" };

/** Options of `Resonite.status`. */
export interface StatusOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
}

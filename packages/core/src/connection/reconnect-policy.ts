import type { ConnectError } from "@connectrpc/connect";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";

/** What a {@link ReconnectPolicy} can base its decision on. */
export interface ReconnectContext {
  /** Number of the attempt that would come next, from 1. Counted anew after each success. */
  readonly attempt: number;
  /** Time since the connection was lost, in milliseconds. */
  readonly elapsedMs: number;
  /** Why the connection was lost, or why the attempt before failed. */
  readonly reason: ConnectError;
}

/** Decides whether, and when, to try again. Write your own, or use {@link createReconnectPolicy}. */
export interface ReconnectPolicy {
  /** How long to wait before the next attempt, in milliseconds; `undefined` to give up. */
  nextDelayMs(context: ReconnectContext): number | undefined;
}

/** Options of {@link createReconnectPolicy}. */
export interface ReconnectPolicyOptions {
  /** Delay before the first attempt, in milliseconds. Default 100. */
  readonly minDelayMs?: number;
  /** The longest delay, in milliseconds. Default 5,000. */
  readonly maxDelayMs?: number;
  /** By how much each delay is longer than the one before. Default 2. */
  readonly factor?: number;
  /** Part of each delay that is left to chance, 0 to 1, so that many clients do not come back at once. Default 0.2. */
  readonly jitter?: number;
  /** When to give up, in milliseconds after the loss. Default `Infinity`: never. */
  readonly giveUpAfterMs?: number;
}

/**
 * Makes a policy of growing delays: 100, 200, 400, ... 5,000 ms, each up to a fifth shorter by chance, for ever.
 *
 * Throws {@link InvalidOptionsError} for numbers out of range.
 */
export function createReconnectPolicy(options: ReconnectPolicyOptions = {}): ReconnectPolicy {
  const { minDelayMs = 100, maxDelayMs = 5_000, factor = 2, jitter = 0.2, giveUpAfterMs = Infinity } = options;
  if (!(minDelayMs >= 0 && minDelayMs <= maxDelayMs && maxDelayMs < Infinity)) {
    throw new InvalidOptionsError(
      `delays must be 0 <= minDelayMs <= maxDelayMs < Infinity, not ${minDelayMs} and ${maxDelayMs}`,
    );
  }
  if (!(factor >= 1 && factor < Infinity)) throw new InvalidOptionsError(`factor must be 1 or more, not ${factor}`);
  if (!(jitter >= 0 && jitter <= 1)) throw new InvalidOptionsError(`jitter must be from 0 to 1, not ${jitter}`);
  if (!(giveUpAfterMs >= 0)) throw new InvalidOptionsError(`giveUpAfterMs must be 0 or more, not ${giveUpAfterMs}`);
  return {
    nextDelayMs({ attempt, elapsedMs }) {
      if (elapsedMs >= giveUpAfterMs) return undefined;
      // The power overflows to Infinity after a thousand attempts, and zero times that would be no number.
      const growth = Math.min(factor ** (attempt - 1), Number.MAX_VALUE);
      const delayMs = Math.min(maxDelayMs, minDelayMs * growth);
      return delayMs * (1 - jitter * Math.random());
    },
  };
}

/** Never tries again by itself: after a loss the next call connects. */
export const neverReconnect: ReconnectPolicy = { nextDelayMs: () => undefined };

import type { ReconnectContext, ReconnectPolicy } from "../connection/reconnect-policy.js";

/** A policy that names these delays in turn, and the last of them from then on. It remembers what it was asked. */
export function recordingPolicy(
  ...delaysMs: readonly (number | undefined)[]
): ReconnectPolicy & { readonly contexts: readonly ReconnectContext[] } {
  const contexts: ReconnectContext[] = [];
  return {
    contexts,
    nextDelayMs(context) {
      contexts.push(context);
      return delaysMs[Math.min(contexts.length, delaysMs.length) - 1];
    },
  };
}

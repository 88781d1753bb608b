import { maxTimerMs } from "./max-timer-ms.js";
import { watchCancellation } from "./wire/watch-cancellation.js";

/** Waits `delayMs` milliseconds. Fails as a call would when `signal` is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.min(Math.max(delayMs, 0), maxTimerMs));
  const stopWatching = watchCancellation(signal, undefined, reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stopWatching();
  }
}

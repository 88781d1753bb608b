import type { KeepAliveOptions } from "@resoio/core";
import { maxTimerMs, unreference } from "@resoio/core/internal";

/** What {@link watchHeartbeat} watches. */
export interface Heart {
  /** Sends something that must be answered. */
  ping(): void;
  /** How much has come so far, in whatever unit. */
  received(): number;
  /** Nothing came in time. */
  onSilence(silentMs: number): void;
}

/** Timers that come so much too late say that this side stood still: a tab in the background, a computer that slept. */
const standstillMs = 500;

/**
 * Pings and calls `onSilence`, once, when neither the answer nor anything else comes in time. Returns what stops it. Its timers
 * do not keep a process alive.
 */
export function watchHeartbeat(heart: Heart, options: KeepAliveOptions): () => void {
  const { intervalMs = 10_000, timeoutMs = 10_000 } = options;
  let timer: ReturnType<typeof setTimeout>;

  function later(action: () => void, delayMs: number): void {
    timer = setTimeout(action, Math.min(delayMs, maxTimerMs));
    unreference(timer);
  }

  function ask(chances: number): void {
    const receivedBefore = heart.received();
    const dueMs = performance.now() + timeoutMs;
    heart.ping();
    later(() => {
      const isLate = performance.now() - dueMs > standstillMs;
      // Who was busy finds its timers before its input. What has come is read by the next turn.
      later(() => judge(receivedBefore, isLate ? chances : 0), 0);
    }, timeoutMs);
  }

  function judge(receivedBefore: number, chances: number): void {
    if (heart.received() > receivedBefore) later(() => ask(1), intervalMs);
    // Who stood still for long may have slept through the answer. Once only: in the background all timers are late.
    else if (chances > 0) ask(chances - 1);
    else heart.onSilence(timeoutMs);
  }

  later(() => ask(1), intervalMs);
  return () => clearTimeout(timer);
}

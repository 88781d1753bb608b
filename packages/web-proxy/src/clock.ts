import { unreference } from "@resoio/core/internal";

/** The time that everything lives in, so that a test can move it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  nowMs(): number;
  /** Wall-clock time: Unix time in nanoseconds (UTC). */
  unixNanos(): bigint;
  /** Runs `task` once after `delayMs`. Returns what takes it back. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** This machine's time. What is scheduled does not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  unixNanos: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1_000n,
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    unreference(timer);
    return () => clearTimeout(timer);
  },
};

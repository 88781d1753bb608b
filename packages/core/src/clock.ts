import { maxTimerMs } from "./max-timer-ms.js";
import { unreference } from "./unreference.js";

/** The time that something lives in, so that a test can move it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  nowMs(): number;
  /** Wall-clock time: Unix time in nanoseconds (UTC). */
  unixNanos(): bigint;
  /** Runs `task` once after `delayMs`. Returns what takes it back. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** This machine's time. What is scheduled keeps a process alive until then. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  unixNanos: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1_000n,
  schedule(delayMs, task) {
    // A timer takes what is longer for nothing at all. Who waits looks again when it is woken too early.
    const timer = setTimeout(task, Math.min(delayMs, maxTimerMs));
    return () => clearTimeout(timer);
  },
};

/** This machine's time. What is scheduled does not keep a process alive. */
export const backgroundClock: Clock = {
  ...systemClock,
  schedule(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, maxTimerMs));
    unreference(timer);
    return () => clearTimeout(timer);
  },
};

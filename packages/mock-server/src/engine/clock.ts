/** Takes a scheduled task back. */
export type CancelTask = () => void;

/** The engine's time. Everything in the simulation that waits or stamps uses one of these, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the clock was made. Never goes back. */
  nowMs(): number;
  /** Wall-clock time: Unix time in nanoseconds (UTC), always a multiple of 100, never decreasing. */
  unixNanos(): bigint;
  /** Runs `task` once after `delayMs`. A background task does not keep the process alive. */
  schedule(delayMs: number, task: () => void, options?: { readonly background?: boolean }): CancelTask;
}

/** The clock that everybody shares. */
export function createRealClock(): Clock {
  const startMs = performance.now();
  let lastNanos = 0n;
  return {
    nowMs: () => performance.now() - startMs,
    unixNanos() {
      // The real mod's clock counts in steps of 100 ns.
      const nanos = BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1e4)) * 100n;
      if (nanos > lastNanos) lastNanos = nanos;
      return lastNanos;
    },
    schedule(delayMs, task, { background = false } = {}) {
      const timer = setTimeout(task, delayMs);
      if (background) timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

/** A clock that moves only when it is told to. */
export interface VirtualClock extends Clock {
  /**
   * Moves time forward by `ms` milliseconds and runs, in order, every task that falls due on the way, also those that such
   * tasks schedule. After each one it lets pending promises and I/O proceed, so that code which awaits a task can schedule
   * the next one in time.
   */
  advance(ms: number): Promise<void>;
}

/** Makes a clock that stands still at `startUnixMs`, by default 2026-01-01T00:00:00Z. */
export function createVirtualClock(startUnixMs: number = Date.UTC(2026, 0, 1)): VirtualClock {
  const tasks = new Set<{ readonly dueMs: number; readonly order: number; readonly run: () => void }>();
  let currentMs = 0;
  let order = 0;

  const nextDue = (untilMs: number) => {
    let next: (typeof tasks extends Set<infer Task> ? Task : never) | undefined;
    for (const task of tasks) {
      if (task.dueMs > untilMs) continue;
      if (next === undefined || task.dueMs < next.dueMs || (task.dueMs === next.dueMs && task.order < next.order)) {
        next = task;
      }
    }
    return next;
  };

  return {
    nowMs: () => currentMs,
    unixNanos: () => BigInt(Math.round((startUnixMs + currentMs) * 1e4)) * 100n,
    schedule(delayMs, run) {
      const task = { dueMs: currentMs + Math.max(0, delayMs), order: order++, run };
      tasks.add(task);
      return () => tasks.delete(task);
    },
    async advance(ms) {
      const untilMs = currentMs + ms;
      await settle();
      for (let task = nextDue(untilMs); task !== undefined; task = nextDue(untilMs)) {
        tasks.delete(task);
        currentMs = Math.max(currentMs, task.dueMs);
        task.run();
        await settle();
      }
      currentMs = untilMs;
    },
  };
}

/** One turn of the event loop: every promise that can settle does, and I/O that is ready is handled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

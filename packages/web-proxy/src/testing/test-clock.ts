import type { Clock } from "@resoio/core/internal";

/** A clock that moves only when it is told to. Tasks run while it moves, in the order in which they fall due. */
export class TestClock implements Clock {
  #nowMs = 0;
  readonly #tasks = new Set<{ readonly dueMs: number; readonly task: () => void }>();

  /** How many tasks are scheduled. */
  get taskCount(): number {
    return this.#tasks.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  unixNanos(): bigint {
    return 1_750_000_000_000_000_000n + BigInt(Math.round(this.#nowMs * 1e6));
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { dueMs: this.#nowMs + delayMs, task };
    this.#tasks.add(entry);
    return () => this.#tasks.delete(entry);
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#tasks]
        .filter(({ dueMs }) => dueMs <= untilMs)
        .sort((one, other) => one.dueMs - other.dueMs);
      const [next] = due;
      if (next === undefined) break;
      this.#tasks.delete(next);
      this.#nowMs = next.dueMs;
      next.task();
    }
    this.#nowMs = untilMs;
  }
}

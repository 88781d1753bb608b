import type { Result } from "../report/result.ts";

/** How thoroughly to measure. */
export interface Effort {
  /** How often everything is done, in turn. */
  readonly rounds: number;
  /** How long each measurement takes, in milliseconds, after a warm-up of a quarter of that. */
  readonly durationMs: number;
  /** Whether to leave out what takes long or says little. */
  readonly isQuick: boolean;
}

/** One thing that is measured. */
export interface Work {
  /** What the command calls it. */
  readonly name: string;
  /** Measures, with sockets and files in `folder`. `undefined`: not possible here, which `run` has said why. */
  run(effort: Effort, folder: string): Promise<Result | undefined>;
}

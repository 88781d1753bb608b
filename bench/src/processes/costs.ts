/** What a process has used so far. */
export interface Costs {
  /** Time of the processor, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** Memory now, in MiB. */
  readonly residentMiB: number;
  /** The most memory that it had, in MiB. */
  readonly peakMiB: number;
}

/** What this process has used so far. */
export function ownCosts(): Costs {
  const { user, system } = process.cpuUsage();
  return {
    cpuMs: (user + system) / 1_000,
    residentMiB: process.memoryUsage.rss() / 2 ** 20,
    peakMiB: process.resourceUsage().maxRSS / 2 ** 10,
  };
}

/** What a child sends, and is asked for with. */
export const costsQuestion = "costs";

/** Lets the parent ask what this process has used. */
export function answerCosts(): void {
  process.on("message", (message) => {
    if (message === costsQuestion) process.send?.({ costs: ownCosts() });
  });
}

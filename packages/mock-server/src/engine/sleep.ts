import type { Clock } from "./clock.js";

/** Resolves after `delayMs` of the clock's time; rejects with the signal's reason as soon as it is aborted. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Looks every `intervalMs` whether `isDone`, at once to begin with. Resolves to false when `timeoutMs` pass before. */
export async function pollUntil(
  clock: Clock,
  isDone: () => boolean,
  timing: { readonly intervalMs: number; readonly timeoutMs: number },
  signal?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = clock.nowMs() + timing.timeoutMs;
  while (!isDone()) {
    if (clock.nowMs() >= deadlineMs) return false;
    await sleep(clock, timing.intervalMs, signal);
  }
  return true;
}

/** Never resolves; rejects with the signal's reason as soon as it is aborted. */
export function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

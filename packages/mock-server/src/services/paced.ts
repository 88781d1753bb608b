import { Code, ConnectError } from "@connectrpc/connect";
import { maxTimerMs } from "@resoio/core/internal";
import type { Clock } from "../engine/clock.js";
import { sleep } from "../engine/sleep.js";

/**
 * What `capture` gives, again and again until it gives `undefined`, but no more than `fpsLimit` times a second. 0, a negative value
 * and NaN mean no limit.
 */
export async function* paced<T extends object>(
  capture: () => Promise<T | undefined>,
  { clock, fpsLimit, signal }: { readonly clock: Clock; readonly fpsLimit: number; readonly signal: AbortSignal },
): AsyncGenerator<T> {
  const periodMs = fpsLimit > 0 ? 1000 / fpsLimit : 0;
  for (;;) {
    const startMs = clock.nowMs();
    const captured = await capture();
    if (captured === undefined) return;
    yield captured;
    // The period counts from capture to capture; time lost in a slow write is not made up for.
    const restMs = startMs + periodMs - clock.nowMs();
    // The mod does not translate the error of a timer that cannot be set.
    if (restMs > maxTimerMs) throw new ConnectError("Exception was thrown by handler.", Code.Unknown);
    if (restMs > 0) await sleep(clock, restMs, signal);
  }
}

import { Code, ConnectError } from "@connectrpc/connect";
import { maxTimerMs } from "../max-timer-ms.js";

/**
 * Calls `cancel` once, when `signal` is aborted (`Canceled`, with the signal's reason as cause) or when `timeoutMs` have
 * passed (`DeadlineExceeded`). Returns what stops watching. `what` names in the error what is cancelled.
 */
export function watchCancellation(
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
  cancel: (error: ConnectError) => void,
  what = "the call",
): () => void {
  if (signal?.aborted === true) {
    cancel(abortError(signal.reason, what));
    return () => {};
  }
  const onAbort = (): void => cancel(abortError(signal?.reason, what));
  const timer =
    timeoutMs === undefined || timeoutMs > maxTimerMs
      ? undefined
      : setTimeout(() => cancel(deadlineError(timeoutMs, what)), timeoutMs);
  signal?.addEventListener("abort", onAbort);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}

function abortError(reason: unknown, what: string): ConnectError {
  if (reason instanceof ConnectError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new ConnectError("the signal timed out", Code.DeadlineExceeded, undefined, undefined, reason);
  }
  return new ConnectError(`${what} was cancelled`, Code.Canceled, undefined, undefined, reason);
}

function deadlineError(timeoutMs: number, what: string): ConnectError {
  return new ConnectError(`${what} took longer than its ${timeoutMs} ms`, Code.DeadlineExceeded);
}

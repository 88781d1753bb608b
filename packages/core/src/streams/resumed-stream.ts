import { Code, ConnectError } from "@connectrpc/connect";
import { createReconnectPolicy, type ReconnectPolicy } from "../connection/reconnect-policy.js";
import { pause } from "../pause.js";
import { watchCancellation } from "../wire/watch-cancellation.js";

/** Where a stream was interrupted and went on by itself. */
export interface StreamGap {
  /** Why it broke. `undefined` when the mod ended it in good order, as it does when the game quits. */
  readonly reason: ConnectError | undefined;
  /** How many attempts it took to go on. */
  readonly attempts: number;
  /** Time between the last message before the gap and the first one after it, in milliseconds. */
  readonly durationMs: number;
}

/** A message, and the gap in front of it if there is one. */
export interface ResumedMessage<T> {
  readonly message: T;
  readonly gap: StreamGap | undefined;
}

/** Options of {@link resumedStream}. */
export interface ResumedStreamOptions {
  /** When to go on. `true` stands for the usual policy, `false` and `undefined` for never: the stream ends with its first call. */
  readonly resume: boolean | ReconnectPolicy | undefined;
  /** Ends the stream. Must be aborted when the stream is left, however that happens. */
  readonly signal: AbortSignal;
  /** How long the stream may last, over all calls and pauses, in milliseconds. */
  readonly timeoutMs: number | undefined;
}

/**
 * The messages of a call that is made again when it breaks or ends, with the pauses that the policy names. The first call must
 * work: what it fails with before its first message is thrown, and so is what is no matter of the connection, and the last reason
 * when the policy gives up.
 */
export async function* resumedStream<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { resume, signal: streamSignal, timeoutMs }: ResumedStreamOptions,
): AsyncGenerator<ResumedMessage<T>> {
  const signal = limitSignal(streamSignal, timeoutMs);
  const policy = resume === true ? createReconnectPolicy() : resume === false ? undefined : resume;
  let lastMs: number | undefined;
  let loss: Loss | undefined;
  for (;;) {
    let reason: ConnectError | undefined;
    try {
      for await (const message of open(signal)) {
        const nowMs = performance.now();
        yield { message, gap: loss && toGap(loss, nowMs - (lastMs ?? nowMs)) };
        loss = undefined;
        lastMs = nowMs;
      }
      if (policy === undefined || lastMs === undefined) return;
    } catch (error) {
      if (policy === undefined || lastMs === undefined || !isWorthResuming(error)) throw error;
      reason = error;
    }
    const nowMs = performance.now();
    loss ??= { reason, atMs: nowMs, attempts: 0 };
    const delayMs = policy.nextDelayMs({
      attempt: loss.attempts + 1,
      elapsedMs: nowMs - loss.atMs,
      reason: reason ?? new ConnectError("the mod ended the stream", Code.Unavailable),
    });
    if (delayMs === undefined) {
      if (reason === undefined) return;
      throw reason;
    }
    loss.attempts++;
    await pause(delayMs, signal);
  }
}

interface Loss {
  readonly reason: ConnectError | undefined;
  readonly atMs: number;
  attempts: number;
}

function toGap({ reason, attempts }: Loss, durationMs: number): StreamGap {
  return { reason, attempts, durationMs };
}

/** A signal that is aborted with `signal`, or when `timeoutMs` have passed, which it lets go of when `signal` is aborted. */
function limitSignal(signal: AbortSignal, timeoutMs: number | undefined): AbortSignal {
  const controller = new AbortController();
  let stopWatching = (): void => {};
  stopWatching = watchCancellation(signal, timeoutMs, (error) => {
    stopWatching();
    controller.abort(error);
  });
  return controller.signal;
}

/** A connection that broke, a game that is not there, or not ready yet. Everything else would fail again. */
function isWorthResuming(error: unknown): error is ConnectError {
  return error instanceof ConnectError && [Code.Unavailable, Code.FailedPrecondition].includes(error.code);
}

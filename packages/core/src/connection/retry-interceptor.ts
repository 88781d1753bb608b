import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { type RpcId, rpcs } from "../gen/registry.js";
import { pause } from "../pause.js";
import { createReconnectPolicy, type ReconnectPolicy } from "./reconnect-policy.js";

/** Options of {@link createRetryInterceptor}. */
export interface RetryOptions {
  /** When to try again, and when to give up. Default: growing delays as usual, for 10 seconds. */
  readonly policy?: ReconnectPolicy;
  /**
   * RPCs to repeat although they change something, because the program knows that twice is as good as once. Default none: only
   * RPCs that merely look (access `observe`) are repeated.
   */
  readonly alsoRepeat?: readonly RpcId[];
}

/**
 * Repeats unary calls that failed with `Unavailable`, for `interceptors` of a transport. A call that may have changed something
 * is never repeated unless it is named: nobody can know whether the mod had carried it out before the connection broke. Streams
 * are not repeated; see their option `resume`.
 */
export function createRetryInterceptor(options: RetryOptions = {}): Interceptor {
  const { policy = createReconnectPolicy({ giveUpAfterMs: 10_000 }), alsoRepeat = [] } = options;
  const repeatable = new Set(
    Object.values(rpcs)
      .filter(({ id, access, kind }) => kind === "unary" && (access === "observe" || alsoRepeat.includes(id)))
      .map(({ method }) => method.toString()),
  );
  return (next) => async (request) => {
    if (request.stream || !repeatable.has(request.method.toString())) return await next(request);
    const startMs = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(request);
      } catch (error) {
        const reason = ConnectError.from(error);
        if (reason.code !== Code.Unavailable || request.signal.aborted) throw error;
        const delayMs = policy.nextDelayMs({ attempt, elapsedMs: performance.now() - startMs, reason });
        if (delayMs === undefined) throw error;
        await pause(delayMs, request.signal);
      }
    }
  };
}

import { Code, type ConnectError } from "@connectrpc/connect";
import type { ReconnectPolicy } from "@resoio/core";
import type { Clock, StatusFeed } from "@resoio/core/internal";

/** After these it is of no use to try again. */
const finalCodes: ReadonlySet<Code> = new Set([
  Code.Aborted,
  Code.Canceled,
  Code.FailedPrecondition,
  Code.InvalidArgument,
  Code.NotFound,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.Unimplemented,
]);

/** Options of {@link Rejoining}. */
export interface RejoiningOptions {
  readonly policy: ReconnectPolicy;
  /** Told of what it does. */
  readonly feed: StatusFeed;
  readonly clock: Clock;
  /** Tries to join again. */
  readonly rejoin: () => void;
}

/** Whether and when a client joins again that has lost its place in a channel. */
export class Rejoining {
  readonly #options: RejoiningOptions;
  #loss: { readonly sinceMs: number; attempts: number } | undefined;
  #cancel = (): void => {};

  constructor(options: RejoiningOptions) {
    this.#options = options;
  }

  /** The client is not there, or has not got in again. False: it is not to try again. */
  lost(error: ConnectError | undefined): boolean {
    if (error === undefined || finalCodes.has(error.code)) return false;
    const { policy, feed, clock, rejoin } = this.#options;
    const nowMs = clock.nowMs();
    this.#loss ??= { sinceMs: nowMs, attempts: 0 };
    const attempt = ++this.#loss.attempts;
    if (attempt === 1) feed.publish({ state: "lost", reason: error });
    const delayMs = policy.nextDelayMs({ attempt, elapsedMs: nowMs - this.#loss.sinceMs, reason: error });
    if (delayMs === undefined) return false;
    feed.publish({ state: "reconnecting", attempt, delayMs, reason: error });
    this.#cancel = clock.schedule(delayMs, () => {
      feed.publish({ state: "connecting" });
      rejoin();
    });
    return true;
  }

  /** It is there. */
  welcomed(): void {
    this.#loss = undefined;
  }

  /** It does not try again. */
  cancel(): void {
    this.#cancel();
  }
}

import type { Clock } from "@resoio/core/internal";
import type { SharedSource } from "./shared-source.js";
import type { Subscription } from "./subscription.js";

/** How long after its end a stream is asked for again, in milliseconds: the mod may be starting. */
const retryMs = 1_000;

/** Subscribes to a source without using what comes, and again whenever it ends. Returns what ends that. */
export function keepOpen(source: SharedSource, rate: number, clock: Clock): () => void {
  let isOver = false;
  let subscription: Subscription | undefined;
  let cancelRetry = (): void => {};
  const subscribe = (): void => {
    const subscribed = source.subscribe(
      {
        onHeader() {},
        onMessage() {},
        onDrop() {},
        onEnd() {
          if (!isOver) cancelRetry = clock.schedule(retryMs, subscribe);
        },
      },
      rate,
    );
    subscription = subscribed;
  };
  subscribe();
  return () => {
    isOver = true;
    cancelRetry();
    subscription?.leave();
  };
}

import type { KeepAliveOptions } from "@resoio/core";
import type { Session } from "./session.js";

/**
 * Pings the peer of `session` and calls `onFrozen`, once, when neither the answer nor anything else comes in time. Returns
 * what stops it. Its timers do not keep the process alive; calls in flight do.
 */
export function watchLife(
  session: Session,
  options: KeepAliveOptions,
  onFrozen: (silentMs: number) => void,
): () => void {
  const { intervalMs = 10_000, timeoutMs = 10_000 } = options;
  let timer: NodeJS.Timeout;
  let isAnswered = true;

  function askLater(): void {
    timer = setTimeout(ask, intervalMs).unref();
  }

  function ask(): void {
    if (session.isOver) return;
    const bytesBefore = session.bytesRead;
    // A peer that sends other things first has been asked already; Node would refuse an eleventh question.
    if (isAnswered) ping();
    timer = setTimeout(() => {
      // A process that was busy itself finds its timers before its input. What has come is read by the next turn.
      setImmediate(() => {
        // The end of the connection, which may have come with it, is told by others.
        if (session.isOver) return;
        if (session.bytesRead > bytesBefore) askLater();
        else onFrozen(timeoutMs);
      });
    }, timeoutMs).unref();
  }

  function ping(): void {
    isAnswered = false;
    session.ping(() => {
      isAnswered = true;
    });
  }

  askLater();
  return () => clearTimeout(timer);
}

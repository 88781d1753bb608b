/**
 * The messages of a call, until they end or the call is cancelled: then it throws the signal's reason, even when the source
 * goes on waiting, as it does in process, or says that it simply ended.
 */
export async function* untilAborted<T>(messages: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  let interrupt: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => interrupt?.(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  let isEnded = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      // A promise for each message instead of one race against the signal, which would remember every message.
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T>>();
      interrupt = reject;
      iterator.next().then(resolve, reject);
      const next = await promise;
      signal.throwIfAborted();
      isEnded = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited: a source that still waits for a message answers only after that.
    if (!isEnded) iterator.return?.().catch(() => {});
  }
}

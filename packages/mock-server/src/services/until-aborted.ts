/**
 * The messages of a call, until they end or the call is cancelled: then it throws the signal's reason, also where the last message or
 * the end had come just before and was still to be taken.
 */
export async function* untilAborted<T>(messages: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const message of messages) {
    signal.throwIfAborted();
    yield message;
  }
  signal.throwIfAborted();
}

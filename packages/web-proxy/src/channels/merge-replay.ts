import type { OutgoingMessage } from "./outgoing.js";

/**
 * What is kept in several places, in the order in which it was sent, up to the message number `upTo`. It is read as it is wanted; what
 * is replaced meanwhile is left out, because what replaces it is newer.
 */
export function* mergeReplay(
  sources: readonly Iterable<OutgoingMessage>[],
  upTo: number,
): Generator<OutgoingMessage, undefined> {
  const heads = sources
    .map((source) => upToNumber(source[Symbol.iterator](), upTo))
    .map((rest) => ({ rest, next: rest.next() }));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first?.next.done === false && first.next.value.sequence <= head.next.value.sequence) continue;
      first = head;
    }
    if (first === undefined || first.next.done === true) return undefined;
    const message = first.next.value;
    // Not before it is wanted: what comes next may be replaced until then.
    yield message;
    first.next = first.rest.next();
  }
}

function* upToNumber(messages: Iterator<OutgoingMessage>, upTo: number): Generator<OutgoingMessage, undefined> {
  for (let next = messages.next(); next.done !== true; next = messages.next()) {
    if (next.value.sequence <= upTo) yield next.value;
  }
  return undefined;
}

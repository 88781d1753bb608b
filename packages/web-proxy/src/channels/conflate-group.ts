import type { OutgoingMessage } from "./outgoing.js";

/** Of the messages of a group, those that are sent: of each key the last, where its type wants it to be. */
export function conflateGroup(messages: readonly OutgoingMessage[]): readonly OutgoingMessage[] {
  if (messages.length === 1) return messages;
  /** By key, or by the message itself when it has none. */
  const left = new Map<string | OutgoingMessage, OutgoingMessage>();
  for (const message of messages) {
    const key = message.key ?? message;
    for (const ended of [key, ...message.removes]) {
      left.get(ended)?.receipt?.settle("superseded");
      if (ended !== key || !message.isInPlace) left.delete(ended);
    }
    left.set(key, message);
  }
  return left.size === messages.length ? messages : [...left.values()];
}

import { type OutgoingEntry, OutgoingMessage, type OutgoingMessageOptions } from "../outgoing.js";

let lastSequence = 0;

/** A message with some text in it, numbered after all before it. Transient, unless told otherwise. */
export function outgoing(
  text: string,
  { sequence = ++lastSequence, ...options }: Partial<OutgoingMessageOptions> & { readonly sequence?: number } = {},
): OutgoingMessage {
  const message = new OutgoingMessage({
    name: "Note",
    tag: 1,
    payload: new TextEncoder().encode(text),
    isPersistent: false,
    isDroppable: options.isPersistent !== true,
    isInPlace: false,
    createdMs: 0,
    ...options,
  });
  message.sequence = sequence;
  return message;
}

/** What is in an entry: the text of a message, or of those of a group, in brackets. */
export function textOf({ messages }: OutgoingEntry): string {
  const texts = messages.map(({ payload }) => new TextDecoder().decode(payload));
  return texts.length === 1 ? texts.join() : `[${texts.join(" ")}]`;
}

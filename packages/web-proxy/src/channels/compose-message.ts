import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ChannelSendError } from "./channel-error.js";
import { keyInFamily } from "./channel-key.js";
import type { ChannelDirection, ChannelMessage, ChannelSchema } from "./channel-schema.js";
import { OutgoingMessage } from "./outgoing.js";

/** How a message is sent, where that is not said by its type. */
export interface ComposeOptions {
  /** The key, in the place of that of its type. `null`: none. */
  readonly key?: string | null | undefined;
  /** Whether it is kept, in the place of what is usual. */
  readonly persist?: boolean | undefined;
  /** What is usual: that it is kept when its type says so, or not at all. */
  readonly persistsByType: boolean;
  /** The largest message that may be sent, in bytes. */
  readonly maxBytes: number;
  readonly nowMs: number;
}

/**
 * Encodes a message that is to be sent in the direction `towards`. What happens to the object that was given has no effect any more.
 *
 * Throws {@link ChannelSendError} for a name that the channel does not have or that does not travel this way, for what is no such
 * message, and for one that is too large.
 */
export function composeMessage(
  schema: ChannelSchema,
  towards: Exclude<ChannelDirection, "both">,
  name: string,
  init: MessageInitShape<DescMessage>,
  { key: givenKey, persist, persistsByType, maxBytes, nowMs }: ComposeOptions,
): OutgoingMessage {
  const definition = schema.byName(name);
  if (definition === undefined || (definition.direction !== towards && definition.direction !== "both")) {
    throw unknownMessage(schema, towards, name, definition);
  }
  const { key: ownKey, payload } = encode(definition, init, givenKey === undefined);
  if (payload.byteLength > maxBytes) {
    throw new ChannelSendError(
      "too-large",
      `a ${name} of ${payload.byteLength} bytes cannot be sent: the channel ${schema.name} takes ${maxBytes} bytes for one message`,
    );
  }
  const key = givenKey === undefined ? ownKey : (givenKey ?? undefined);
  return new OutgoingMessage({
    name,
    tag: definition.tag,
    payload,
    key,
    // Its own key is in the first of the families, also when it was given for this message only.
    removes:
      key === undefined
        ? undefined
        : definition.removes.map((family, index) => (index === 0 ? key : keyInFamily(key, family))),
    isPersistent: persist ?? (persistsByType && !definition.transient),
    isDroppable: persist === undefined ? definition.transient : !persist,
    isInPlace: definition.ordering === "in-place",
    createdMs: nowMs,
  });
}

function encode(
  { name, schema, keyOf }: ChannelMessage,
  init: MessageInitShape<DescMessage>,
  wantsKey: boolean,
): { readonly key: string | undefined; readonly payload: Uint8Array } {
  try {
    const message = create(schema, init);
    return { key: wantsKey ? keyOf(message) : undefined, payload: toBinary(schema, message) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ChannelSendError(
      "not-encodable",
      `${name} cannot be sent: what was given is no ${schema.typeName}: ${problem}`,
      { cause },
    );
  }
}

function unknownMessage(
  { name: channel, messages }: ChannelSchema,
  towards: "down" | "up",
  name: string,
  definition: ChannelMessage | undefined,
): ChannelSendError {
  const side = towards === "down" ? "the server" : "clients";
  const names = messages
    .filter(({ direction }) => direction === towards || direction === "both")
    .map((one) => one.name);
  const problem = definition === undefined ? "is no message of" : `is not what ${side} may send on`;
  const choice = names.length === 0 ? "nothing" : names.join(", ");
  return new ChannelSendError("unknown", `${name} ${problem} the channel ${channel}: ${side} may send ${choice}`);
}

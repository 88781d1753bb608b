import { fingerprintChannel } from "@resoio/core/fingerprint";
import type { ChannelDirection, ChannelMessage, ChannelSchema, ChannelVersion, SchemaTable } from "./channel-schema.js";
import { ChannelSchemaError } from "./channel-schema-error.js";
import { createChannelMessage } from "./create-channel-message.js";
import type { MessageDefinition } from "./message-definition.js";

/** What is said of a channel. */
export interface ChannelDefinition {
  /** How both ends call it: lower-case letters and digits, words joined by a hyphen. */
  readonly name: string;
  /** The versions of the meaning of the messages that it speaks. Default: 1 to 1. */
  readonly version?: ChannelVersion;
  /** What a code generator computed. Default: computed here. */
  readonly fingerprint?: string;
}

/** The messages of a definition that travel in one of `Directions`, by name. */
type Travelling<
  Schemas extends SchemaTable,
  DirectionOf extends DirectionTable,
  Directions extends ChannelDirection,
> = {
  readonly [Name in keyof Schemas as Name extends keyof DirectionOf
    ? DirectionOf[Name] extends Directions
      ? Name
      : never
    : never]: Schemas[Name];
};

type DirectionTable = Readonly<Record<string, ChannelDirection>>;

/**
 * Makes a {@link ChannelSchema} of a definition. Generated code calls it; without a code generator it is called by hand.
 *
 * Throws {@link ChannelSchemaError} for a definition that contradicts itself: a tag, a type or a name that stands for two messages, a
 * tombstone of a family that does not exist, or a fingerprint that is not that of the types at hand.
 */
export function defineChannelSchema<const Schemas extends SchemaTable, const DirectionOf extends DirectionTable>(
  definition: ChannelDefinition & {
    /** The messages by their names, as they are called at both ends. */
    readonly messages: { readonly [Name in keyof Schemas]: MessageDefinition<Schemas[Name]> } & {
      readonly [Name in keyof DirectionOf]: { readonly direction: DirectionOf[Name] };
    };
  },
): ChannelSchema<Travelling<Schemas, DirectionOf, "down" | "both">, Travelling<Schemas, DirectionOf, "up" | "both">> {
  const { name, version = { min: 1, max: 1 } } = definition;
  checkName(name);
  checkVersion(name, version);
  const messages = Object.entries<MessageDefinition>(definition.messages)
    .map(([messageName, message]) => createChannelMessage(name, messageName, message))
    .sort((a, b) => a.tag - b.tag);
  const byTag = indexBy(name, "tag", messages, ({ tag }) => tag);
  const byTypeName = indexBy(name, "type", messages, ({ schema }) => schema.typeName);
  const byName = new Map(messages.map((message) => [message.name, message]));
  checkTombstones(name, messages);
  const fingerprint = fingerprintChannel({ name, version, messages });
  if (definition.fingerprint !== undefined && definition.fingerprint !== fingerprint) {
    throw new ChannelSchemaError(
      `the channel ${name} was generated for other messages (fingerprint ${definition.fingerprint}) than those it is defined with ` +
        `(${fingerprint}): generate its files again, all at once`,
    );
  }
  return {
    name,
    version,
    fingerprint,
    down: pick(messages, "up"),
    up: pick(messages, "down"),
    messages,
    byName: (wanted) => byName.get(wanted),
    byTag: (tag) => byTag.get(tag),
    byTypeName: (typeName) => byTypeName.get(typeName),
  };
}

/** The types of all messages but those that only travel in the direction `without`. */
function pick<Picked>(messages: readonly ChannelMessage[], without: ChannelDirection): Picked {
  const picked = messages.filter(({ direction }) => direction !== without).map(({ name, schema }) => [name, schema]);
  // The compiler computes the same from the directions that are written in the definition.
  return Object.freeze(Object.fromEntries(picked)) as Picked;
}

function checkName(name: string): void {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return;
  throw new ChannelSchemaError(
    `${JSON.stringify(name)} cannot be the name of a channel: it takes lower-case letters and digits, words joined by a hyphen`,
  );
}

function checkVersion(name: string, { min, max }: ChannelVersion): void {
  if (Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min) return;
  throw new ChannelSchemaError(
    `the channel ${name} speaks versions ${min} to ${max}: they must be whole numbers from 1 on, the smaller one first`,
  );
}

function indexBy<Key extends number | string>(
  name: string,
  what: "tag" | "type",
  messages: readonly ChannelMessage[],
  keyOf: (message: ChannelMessage) => Key,
): ReadonlyMap<Key, ChannelMessage> {
  const index = new Map<Key, ChannelMessage>();
  for (const message of messages) {
    const key = keyOf(message);
    const other = index.get(key);
    if (other !== undefined) {
      throw new ChannelSchemaError(
        `the ${what} ${key} stands for two messages of the channel ${name}, ${other.name} and ${message.name}: give each its own`,
      );
    }
    index.set(key, message);
  }
  return index;
}

/** A family that nothing begins in cannot be ended: the name is misspelt. */
function checkTombstones(name: string, messages: readonly ChannelMessage[]): void {
  const families = new Set(messages.filter(({ removes }) => removes.length === 0).map(({ family }) => family));
  for (const message of messages) {
    const unknown = message.removes.find((family) => !families.has(family));
    if (unknown === undefined) continue;
    throw new ChannelSchemaError(
      `${message.name} of the channel ${name} removes the family ${unknown}, which no other message is of: ` +
        `it has ${[...families].filter((family) => family !== undefined).join(", ") || "none"}`,
    );
  }
}

import { fingerprintMessage } from "@resoio/core/fingerprint";
import type { ChannelMessage } from "./channel-schema.js";
import { ChannelSchemaError } from "./channel-schema-error.js";
import type { MessageDefinition } from "./message-definition.js";

const maxTag = 65_535;

/** Fills in what the definition of one message leaves out. Throws {@link ChannelSchemaError} for what contradicts itself. */
export function createChannelMessage(channel: string, name: string, definition: MessageDefinition): ChannelMessage {
  const { tag, schema, direction, removes = [], groups = [], transient = false, ordering = "last" } = definition;
  const refuse = (what: string): ChannelSchemaError =>
    new ChannelSchemaError(`${name} of the channel ${channel} ${what}`);
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw refuse("cannot have that name: it takes letters, digits and underscores, and begins with no digit");
  }
  if (!Number.isInteger(tag) || tag < 1 || tag > maxTag) {
    throw refuse(`has the tag ${tag}: give it a whole number from 1 to ${maxTag}`);
  }
  const hasKey = definition.keyOf !== undefined;
  if (!hasKey && (removes.length > 0 || definition.family !== undefined)) {
    throw refuse(`is of a family but has no key: give it keyOf`);
  }
  const family = definition.family ?? removes[0] ?? name;
  if (removes.length > 0 && family !== removes[0]) {
    throw refuse(
      `removes ${removes[0]} and is of the family ${family}: a tombstone is of the family that it removes, leave family out`,
    );
  }
  if (family === "" || family.includes("/")) {
    throw refuse(`is of the family ${JSON.stringify(family)}: give it a name without a slash`);
  }
  const fingerprint = fingerprintMessage({ name, tag, direction, schema });
  if (definition.fingerprint !== undefined && definition.fingerprint !== fingerprint) {
    throw refuse(
      `was generated for another ${schema.typeName} (fingerprint ${definition.fingerprint}) than the one at hand (${fingerprint}): ` +
        "generate the files of the channel again, all at once",
    );
  }
  return {
    name,
    tag,
    direction,
    schema,
    fingerprint,
    family: hasKey ? family : undefined,
    removes,
    groups,
    transient,
    ordering,
    keyOf: (message) => definition.keyOf?.(message),
  };
}

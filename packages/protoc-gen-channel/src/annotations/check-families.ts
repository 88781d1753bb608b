import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { MessageModel } from "./channel-model.js";
import type { Problems } from "./problems.js";

/** Messages of one family must have keys that can be equal, and what a tombstone ends must be able to begin. */
export function checkFamilies(messages: readonly MessageModel[], problems: Problems): void {
  const founders = new Map<string, MessageModel>();
  for (const message of messages) {
    if (message.family === undefined || message.removes.length > 0) continue;
    const founder = founders.get(message.family);
    if (founder === undefined) founders.set(message.family, message);
    else checkSameKey(message, message.family, founder, problems);
  }
  for (const message of messages) {
    for (const family of message.removes) {
      const founder = founders.get(family);
      if (founder !== undefined) checkSameKey(message, family, founder, problems);
      else {
        const known = [...founders.keys()].join(", ") || "none";
        problems.add(
          message.descriptor,
          `removes the family ${family}, which no other message is of: the channel has ${known}`,
        );
      }
    }
  }
}

function checkSameKey(message: MessageModel, family: string, founder: MessageModel, problems: Problems): void {
  const [own, other] = [describeKey(message), describeKey(founder)];
  if (own === other) return;
  problems.add(
    message.descriptor,
    `has the key fields (${own}), but ${founder.name} of the family ${family} has (${other}): give them the same number of key ` +
      "fields, of the same types, in the same order of field numbers",
  );
}

/** The types of the key fields. Integers of all widths print alike. */
function describeKey({ keyFields }: MessageModel): string {
  return keyFields.map(describeKeyField).join(", ");
}

function describeKeyField(field: DescField): string {
  if (field.enum !== undefined) return field.enum.typeName;
  if (field.scalar === ScalarType.STRING) return "string";
  return field.scalar === ScalarType.BOOL ? "bool" : "integer";
}

import { type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { key as keyOption } from "@resoio/core/gen/resoio/channel/v1/options_pb";
import type { Problems } from "./problems.js";

/** The fields that are part of the key, by ascending number, so that the order of declarations does not matter. */
export function readKeyFields(message: DescMessage, problems: Problems): readonly DescField[] {
  const fields = message.fields.filter((field) => getOption(field, keyOption));
  for (const field of fields) {
    const flaw = whyNoKey(field);
    if (flaw !== undefined) {
      problems.add(
        field,
        `cannot be part of the key, as it is ${flaw}: a key is made of strings, integers, bools and enums`,
      );
    }
  }
  return fields.toSorted((a, b) => a.number - b.number);
}

function whyNoKey(field: DescField): string | undefined {
  if (field.oneof !== undefined) return `one of several (${field.oneof.name})`;
  switch (field.fieldKind) {
    case "list":
      return "a list";
    case "map":
      return "a map";
    case "message":
      return `a message (${field.message.typeName})`;
    case "enum":
      return undefined;
    case "scalar":
      if (field.scalar === ScalarType.BYTES) return "bytes";
      return field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT
        ? "a number with a fraction"
        : undefined;
  }
}

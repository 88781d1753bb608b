import type { DescMessage } from "@bufbuild/protobuf";
import { describeField } from "@resoio/core/fingerprint";

/** A line per field, by ascending number: what a reader of the generated file compares when a fingerprint has changed. */
export function describeFields(message: DescMessage): readonly string[] {
  return message.fields.toSorted((a, b) => a.number - b.number).map(describeField);
}

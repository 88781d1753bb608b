import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import { describeField, typeInField } from "./describe-field.js";
import { hashText } from "./hash-text.js";

/** What both ends of a channel must agree on about one of its messages. */
export interface FingerprintedMessage {
  /** How the channel calls the message. */
  readonly name: string;
  /** The number that stands for it on the wire. */
  readonly tag: number;
  /** Which way it travels. */
  readonly direction: "down" | "up" | "both";
  /** Its type. */
  readonly schema: DescMessage;
}

/**
 * Sixteen hexadecimal digits for one message: its name, tag, direction, and every field of every type that it can hold. Comments,
 * the order of declarations and the names of files do not count, nor does what only one side needs to know, such as keys.
 */
export function fingerprintMessage({ name, tag, direction, schema }: FingerprintedMessage): string {
  return hashText([`${direction} ${tag} ${name} ${schema.typeName}`, ...describeTypes(schema)].join("\n"));
}

/** What both ends of a channel must agree on. */
export interface FingerprintedChannel {
  readonly name: string;
  /** The versions of the meaning of the messages that it speaks. */
  readonly version: { readonly min: number; readonly max: number };
  readonly messages: readonly { readonly tag: number; readonly fingerprint: string }[];
}

/** Sixteen hexadecimal digits for a channel: its name and versions, and the tags and fingerprints of its messages. */
export function fingerprintChannel({ name, version, messages }: FingerprintedChannel): string {
  const lines = messages.map(({ tag, fingerprint }) => `${tag} ${fingerprint}`);
  return hashText([`channel ${name} ${version.min} ${version.max}`, ...lines.sort()].join("\n"));
}

/** Every type that a message can hold, itself included, each in some lines of text, in the order of their names. */
function describeTypes(schema: DescMessage): readonly string[] {
  const found = new Map<string, DescMessage | DescEnum>([[schema.typeName, schema]]);
  // A map is walked in the order of insertion, also through what is added on the way.
  for (const type of found.values()) {
    for (const field of type.kind === "message" ? type.fields : []) {
      const inside = typeInField(field);
      if (inside !== undefined) found.set(inside.typeName, inside);
    }
  }
  return [...found.values()].map(describeType).sort();
}

function describeType(type: DescMessage | DescEnum): string {
  const lines =
    type.kind === "message"
      ? type.fields.map((field) => `${field.number} ${describeField(field)}`)
      : type.values.map((value) => `${value.number} ${value.name}`);
  const head =
    type.kind === "message" ? `message ${type.typeName}` : `${type.open ? "open" : "closed"} enum ${type.typeName}`;
  return [head, ...lines.sort()].join("\n");
}

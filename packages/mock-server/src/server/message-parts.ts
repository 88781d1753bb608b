import { type DescField, type DescMessage, type MessageShape, ScalarType, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A message in the binary format, cut into parts that follow one another. */
export type MessageParts = readonly [first: Uint8Array, ...more: Uint8Array[]];

/** From this length on bytes are worth a part of their own. */
export const minPartBytes = 64 * 1024;

/**
 * Encodes a message. Large bytes in it, such as the pixels of a picture, are not copied: they become parts as they are, and must not
 * change before the message has been sent.
 */
export function encodeParts<T extends DescMessage>(schema: T, message: MessageShape<T>): MessageParts {
  const candidates = bytesFieldsOf(schema);
  if (candidates.length === 0) return [toBinary(schema, message)];
  const reflected = reflect(schema, message, false);
  const large = candidates.flatMap((field) => {
    const bytes: unknown = reflected.get(field);
    return bytes instanceof Uint8Array && bytes.byteLength >= minPartBytes ? [{ field, bytes }] : [];
  });
  // The fields of a message may come in any order, so the large ones can follow the others.
  for (const { field } of large) reflected.clear(field);
  const parts: [Uint8Array, ...Uint8Array[]] = [toBinary(schema, message)];
  for (const { field, bytes } of large) {
    reflected.set(field, bytes);
    parts.push(new BinaryWriter().tag(field.number, WireType.LengthDelimited).uint32(bytes.byteLength).finish(), bytes);
  }
  return parts;
}

/** How long a message is, in bytes. */
export function lengthOf(message: MessageParts): number {
  return message.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The message in one piece. Copies it when it has several parts. */
export function joined(message: MessageParts): Uint8Array {
  const [first, ...more] = message;
  if (more.length === 0) return first;
  const bytes = new Uint8Array(lengthOf(message));
  let offset = 0;
  for (const part of message) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

const bytesFields = new WeakMap<DescMessage, readonly DescField[]>();

function bytesFieldsOf(schema: DescMessage): readonly DescField[] {
  const known = bytesFields.get(schema);
  if (known !== undefined) return known;
  const fields = schema.fields.filter((field) => field.fieldKind === "scalar" && field.scalar === ScalarType.BYTES);
  bytesFields.set(schema, fields);
  return fields;
}

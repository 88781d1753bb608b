import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

/** `bytes` with the five bytes of gRPC in front. Written anew here, so that a mistake in the library's own shows. */
export function frameBytes(bytes: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags, 0);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A message as it stands on the wire. */
export function frame<Schema extends DescMessage>(schema: Schema, message: MessageInitShape<Schema>): Buffer {
  return frameBytes(toBinary(schema, create(schema, message)));
}

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ChannelDownSchema, type ChannelWelcomeSchema } from "@resoio/core/gen/resoio/web/v1/channel_pb";

/** The message that lets a client in. */
export function encodeWelcome(value: MessageInitShape<typeof ChannelWelcomeSchema>): Uint8Array {
  return toBinary(ChannelDownSchema, create(ChannelDownSchema, { kind: { case: "welcome", value } }));
}

/** The message that tells the end of the replay. */
export function encodeEndOfReplay(sequence: number): Uint8Array {
  const value = { sequence: BigInt(sequence) };
  return toBinary(ChannelDownSchema, create(ChannelDownSchema, { kind: { case: "endOfReplay", value } }));
}

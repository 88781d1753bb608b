// The messages of the benchmark: 64 bytes, with the time at which they were sent in the first eight.
import { BytesValueSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { channelKey, defineChannelSchema } from "@resoio/web-proxy/channels";

export const benchChannel = defineChannelSchema({
  name: "bench",
  messages: {
    /** Not kept and never replaced. */
    Tick: { tag: 1, schema: BytesValueSchema, direction: "down", transient: true },
    /** Kept, one of each name. */
    State: { tag: 2, schema: StringValueSchema, direction: "down", keyOf: ({ value }) => channelKey("State", value) },
  },
});

/** 64 bytes with the time. The clock is the same in all processes of this machine. */
export function stamped(): Uint8Array {
  const bytes = new Uint8Array(64);
  new DataView(bytes.buffer).setBigInt64(0, process.hrtime.bigint());
  return bytes;
}

/** How long ago the message was stamped, in milliseconds. */
export function ageMs(bytes: Uint8Array): number {
  const sent = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0);
  return Number(process.hrtime.bigint() - sent) / 1e6;
}

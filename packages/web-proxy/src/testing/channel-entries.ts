import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ChannelEntrySchema } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import fc from "fast-check";

type Entry = MessageInitShape<typeof ChannelEntrySchema>;

/** Entries of a batch: messages, groups, and now and then what is neither or both. */
export function channelEntries(tag: fc.Arbitrary<number>, payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Entry> {
  const single: fc.Arbitrary<Entry> = fc.record({ tag, payload });
  return fc.oneof(
    { weight: 12, arbitrary: single },
    { weight: 3, arbitrary: fc.array(single, { maxLength: 4 }).map((group) => ({ group })) },
    { weight: 1, arbitrary: fc.record({ tag, payload, group: fc.array(single, { minLength: 1, maxLength: 2 }) }) },
    { weight: 1, arbitrary: single.map((member) => ({ group: [{ group: [member] }] })) },
  );
}

import type { DescMessage } from "@bufbuild/protobuf";
import type { McapIndexedReader } from "@mcap/core";
import { MalformedRecordingError } from "../errors/malformed-recording-error.js";
import { decodeDescriptorSet } from "../format/descriptor-set.js";
import type { RecordedTopic } from "./recording-reader.js";

/** The topics of a recording, by the number that messages have. Topics without messages are left out. */
export function readTopics({ channelsById, schemasById, statistics }: McapIndexedReader): Map<number, RecordedTopic> {
  const found = new Map<number, RecordedTopic>();
  for (const { id, topic, schemaId, metadata } of channelsById.values()) {
    const schema = schemasById.get(schemaId);
    const messages = Number(statistics?.channelMessageCounts.get(id) ?? 0n);
    if (messages === 0) continue;
    const typeName = schema?.name ?? "";
    found.set(id, {
      topic,
      typeName,
      messages,
      metadata: Object.fromEntries(metadata),
      get schema() {
        if (schema?.encoding === "protobuf") return schemaOf(schema);
        throw new MalformedRecordingError(`the messages of ${topic} are no Protobuf messages`);
      },
    });
  }
  return found;
}

const decoded = new WeakMap<object, DescMessage>();

function schemaOf(schema: { readonly name: string; readonly data: Uint8Array }): DescMessage {
  let message = decoded.get(schema);
  if (message === undefined) {
    message = decodeDescriptorSet(schema.name, schema.data);
    decoded.set(schema, message);
  }
  return message;
}

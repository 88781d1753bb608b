import { fromBinary } from "@bufbuild/protobuf";
import { type CallEvent, CallEventSchema } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import type { RecordingReader } from "@resoio/recording";

/** The lives of the calls of a recording, in order. */
export async function* readCallEvents(
  recording: RecordingReader,
): AsyncGenerator<{ readonly atMs: number; readonly event: CallEvent }> {
  const topics = recording.topics.filter(({ typeName }) => typeName === CallEventSchema.typeName);
  for await (const { atMs, data } of recording.messages({ topics: topics.map(({ topic }) => topic) })) {
    yield { atMs, event: fromBinary(CallEventSchema, data) };
  }
}

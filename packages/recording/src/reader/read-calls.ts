import { fromBinary } from "@bufbuild/protobuf";
import { type CallEvent, CallEventSchema, CallPhase } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { topics } from "../format/topics.js";
import type { CallsOptions, RecordedMessage, RecordedUnaryCall, RecordingReader } from "./recording-reader.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The calls of a recording, put together from their events and messages: `"all"` of them without their messages, or the `"unary"`
 * ones with. In memory are those that run at the same time.
 */
export async function* readCalls(
  reader: Pick<RecordingReader, "topics" | "messages">,
  { rpcs }: CallsOptions,
  mode: "all" | "unary",
): AsyncGenerator<RecordedUnaryCall, void, void> {
  const isWanted = (rpc: string): boolean => rpcs === undefined || rpcs.includes(rpc);
  const messageTopics = reader.topics
    .filter(({ metadata: { rpc, kind } }) => rpc !== undefined && isWanted(rpc) && (mode === "all" || kind === "unary"))
    .map(({ topic }) => topic);
  const open = new Map<number, Mutable<RecordedUnaryCall>>();
  for await (const message of reader.messages({ topics: [topics.calls, ...messageTopics] })) {
    if (message.topic.topic !== topics.calls) {
      addMessage(open.get(message.sequence), message, mode);
      continue;
    }
    const event = fromBinary(CallEventSchema, message.data);
    const { call: number, phase } = event;
    if (phase === CallPhase.OPENED) {
      if (isWanted(event.rpc) && (mode === "all" || event.kind === "unary"))
        open.set(number, startCall(event, message));
      continue;
    }
    const call = open.get(number);
    if (call === undefined) continue;
    if (phase === CallPhase.HALF_CLOSED) call.halfClosedMs = message.atMs;
    if (phase !== CallPhase.ENDED) continue;
    open.delete(number);
    call.endedMs = message.atMs;
    call.status = { code: event.code, message: event.message, details: event.details };
    yield call;
  }
  yield* open.values();
}

function startCall(
  { call: number, rpc, path, kind, client, isShared }: CallEvent,
  { atMs: openedMs }: RecordedMessage,
): Mutable<RecordedUnaryCall> {
  return {
    number,
    rpc,
    path,
    kind,
    client,
    isShared,
    openedMs,
    halfClosedMs: undefined,
    endedMs: undefined,
    status: undefined,
    requestCount: 0,
    responseCount: 0,
    request: undefined,
    response: undefined,
  };
}

function addMessage(
  call: Mutable<RecordedUnaryCall> | undefined,
  { topic, data }: RecordedMessage,
  mode: "all" | "unary",
): void {
  if (call === undefined) return;
  const { direction } = topic.metadata;
  const isRequest = direction === "request";
  if (isRequest) call.requestCount++;
  else call.responseCount++;
  if (mode === "all") return;
  if (isRequest) call.request = data;
  else call.response = data;
}

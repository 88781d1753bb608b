import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@resoio/core";
import { CallEventSchema, CallPhase } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { collect } from "../collect.js";
import { topics } from "../format/topics.js";
import type { RecordedGap, RecordedMessage, RecordingInfo, RecordingReader } from "./recording-reader.js";

/** What a topic of a recording has. */
export interface TopicReport {
  readonly topic: string;
  /** Full name of its messages' type. */
  readonly typeName: string;
  readonly messages: number;
  /** Bytes of its messages. */
  readonly bytes: number;
  /** When its first and its last message are, in milliseconds since the start. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Messages per second between these two; 0 where that says nothing. */
  readonly perSecond: number;
  /** The longest time without a message between these two, in milliseconds. */
  readonly longestPauseMs: number;
}

/** What became of the calls of an RPC. */
export interface RpcReport {
  readonly rpc: string;
  readonly calls: number;
  /** How many ended with which status: `ok`, `NotFound`, ... `open`: not before the recording did. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** What {@link inspectRecording} has found. */
export interface RecordingReport {
  readonly info: RecordingInfo;
  /** By name. */
  readonly topics: readonly TopicReport[];
  /** By name. */
  readonly rpcs: readonly RpcReport[];
  /** What is missing because storing it was too slow. */
  readonly gaps: readonly RecordedGap[];
}

/** Reads a recording once, from start to end, and says what is in it. Throws `MalformedRecordingError` where it is damaged. */
export async function inspectRecording(reader: RecordingReader): Promise<RecordingReport> {
  const perTopic = new Map<string, Mutable<TopicReport>>();
  const perRpc = new Map<string, { calls: number; readonly statuses: Map<string, number> }>();
  for await (const message of reader.messages()) {
    countMessage(perTopic, message);
    if (message.topic.topic === topics.calls) countCall(perRpc, message.data);
  }
  return {
    info: reader.info,
    topics: sorted([...perTopic.values()], ({ topic }) => topic).map(withRate),
    rpcs: sorted([...perRpc], ([rpc]) => rpc).map(([rpc, { calls, statuses }]) => ({
      rpc,
      calls,
      statuses: Object.fromEntries([...statuses].filter(([, count]) => count !== 0)),
    })),
    gaps: await collect(reader.gaps()),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function countMessage(perTopic: Map<string, Mutable<TopicReport>>, { topic, data, atMs }: RecordedMessage): void {
  let report = perTopic.get(topic.topic);
  if (report === undefined) {
    const { topic: name, typeName } = topic;
    const times = { firstMs: atMs, lastMs: atMs, perSecond: 0, longestPauseMs: 0 };
    report = { topic: name, typeName, messages: 0, bytes: 0, ...times };
    perTopic.set(name, report);
  }
  report.messages++;
  report.bytes += data.byteLength;
  report.longestPauseMs = Math.max(report.longestPauseMs, atMs - report.lastMs);
  report.lastMs = atMs;
}

function withRate(report: TopicReport): TopicReport {
  const { messages, firstMs, lastMs } = report;
  return { ...report, perSecond: lastMs > firstMs ? ((messages - 1) * 1_000) / (lastMs - firstMs) : 0 };
}

function countCall(
  perRpc: Map<string, { calls: number; readonly statuses: Map<string, number> }>,
  bytes: Uint8Array,
): void {
  const { rpc, phase, code } = fromBinary(CallEventSchema, bytes);
  const report = perRpc.get(rpc) ?? { calls: 0, statuses: new Map() };
  perRpc.set(rpc, report);
  const add = (status: string, count: number): void => {
    report.statuses.set(status, (report.statuses.get(status) ?? 0) + count);
  };
  if (phase === CallPhase.OPENED) {
    report.calls++;
    add("open", 1);
  } else if (phase === CallPhase.ENDED) {
    add("open", -1);
    add(code === 0 ? "ok" : (Code[code] ?? `status ${code}`), 1);
  }
}

function sorted<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return items.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

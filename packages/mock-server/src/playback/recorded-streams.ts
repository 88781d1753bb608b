import type { ConnectError } from "@connectrpc/connect";
import { type Rpc, rpcs } from "@resoio/core";
import { CallPhase } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import type { RecordedStatus, RecordingReader } from "@resoio/recording";
import { readCallEvents } from "./call-events.js";
import { findAt } from "./find-at.js";
import { isCallersDoing, toRecordedError } from "./recorded-status.js";

/** A call with a stream. */
interface RecordedStream {
  readonly openedMs: number;
  /** Why the mod refused it, or ended it. */
  failure: RecordedStatus | undefined;
}

/** What a recording says about calls that stream, beside their messages. It is looked through once, when somebody asks first. */
export class RecordedStreams {
  readonly #reader: RecordingReader;
  #calls: Promise<ReadonlyMap<string, readonly RecordedStream[]>> | undefined;

  constructor(reader: RecordingReader) {
    this.#reader = reader;
  }

  /**
   * How the mod took the call of an RPC that was the last one at `atMs`, or else the first one later: `"well"`, or with an error.
   * `undefined` when there is no such call. Throws `MalformedRecordingError` for a recording that is damaged.
   */
  async find({ id }: Rpc, atMs: number): Promise<"well" | ConnectError | undefined> {
    this.#calls ??= readStreams(this.#reader);
    const found = findAt((await this.#calls).get(id) ?? [], atMs, ({ openedMs }) => openedMs);
    if (found === undefined) return undefined;
    return found.failure === undefined ? "well" : toRecordedError(found.failure);
  }
}

async function readStreams(reader: RecordingReader): Promise<ReadonlyMap<string, readonly RecordedStream[]>> {
  const streaming = new Set<string>(Object.values(rpcs).flatMap(({ id, kind }) => (kind === "unary" ? [] : [id])));
  const byRpc = new Map<string, RecordedStream[]>();
  const open = new Map<number, RecordedStream>();
  for await (const { atMs, event } of readCallEvents(reader)) {
    const { call, phase, rpc } = event;
    if (!streaming.has(rpc)) continue;
    if (phase === CallPhase.OPENED) {
      const stream: RecordedStream = { openedMs: atMs, failure: undefined };
      open.set(call, stream);
      const streams = byRpc.get(rpc);
      if (streams === undefined) byRpc.set(rpc, [stream]);
      else streams.push(stream);
    } else if (phase === CallPhase.ENDED) {
      const stream = open.get(call);
      if (stream !== undefined && event.code !== 0 && !isCallersDoing(event)) stream.failure = event;
      open.delete(call);
    }
  }
  return byRpc;
}

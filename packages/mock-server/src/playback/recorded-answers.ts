import { createHash } from "node:crypto";
import { clone, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { ConnectError } from "@connectrpc/connect";
import { type Rpc, rpcs } from "@resoio/core";
import { type RecordedStatus, type RecordedUnaryCall, type RecordingReader, responseTopic } from "@resoio/recording";
import { findAt } from "./find-at.js";
import { isCallersDoing, toRecordedError } from "./recorded-status.js";

/** What a recording has to say to a call. */
export type FoundAnswer =
  | { readonly kind: "answer"; readonly bytes: Uint8Array; readonly latencyMs: number }
  | { readonly kind: "error"; readonly error: ConnectError; readonly latencyMs: number }
  /** There are answers of this RPC, but none to this request. */
  | { readonly kind: "other-requests"; readonly answers: number }
  | { readonly kind: "nothing" };

/** Where an answer is in the recording. */
interface RecordedAnswer {
  readonly call: number;
  readonly openedMs: number;
  readonly endedMs: number;
  /** How the call failed; `undefined` for an answer that is read when it is wanted. */
  readonly failure: RecordedStatus | undefined;
}

/** The answers to the unary calls of one RPC. */
interface AnswersOfRpc {
  count: number;
  /** By request, in the order in which the calls were made. */
  readonly byRequest: Map<string, RecordedAnswer[]>;
}

/**
 * The unary calls of a recording, by request. The recording is looked through once, for the first call; in memory is then where the
 * answers are, and not what they are.
 */
export class RecordedAnswers {
  readonly #reader: RecordingReader;
  #index: Promise<ReadonlyMap<string, AnswersOfRpc>> | undefined;

  constructor(reader: RecordingReader) {
    this.#reader = reader;
  }

  /**
   * The answer to that of the calls with this request that was made last at `atMs`, or else first after it, and how long it took in
   * recorded time. Throws `MalformedRecordingError` for a
   * recording that is damaged.
   */
  async find(rpc: Rpc, request: Message, atMs: number): Promise<FoundAnswer> {
    this.#index ??= readAnswers(this.#reader);
    const answers = (await this.#index).get(rpc.id);
    if (answers === undefined) return { kind: "nothing" };
    const sameRequests = answers.byRequest.get(digest(encodeRequest(rpc, request))) ?? [];
    const found = findAt(sameRequests, atMs, ({ openedMs }) => openedMs);
    if (found === undefined) return { kind: "other-requests", answers: answers.count };
    const { failure } = found;
    const latencyMs = found.endedMs - found.openedMs;
    if (failure !== undefined) return { kind: "error", error: toRecordedError(failure), latencyMs };
    return { kind: "answer", bytes: await this.#read(rpc, found), latencyMs };
  }

  async #read({ id }: Rpc, { call, openedMs, endedMs }: RecordedAnswer): Promise<Uint8Array> {
    const range = { topics: [responseTopic(id)], fromMs: openedMs, toMs: endedMs };
    for await (const { sequence, data } of this.#reader.messages(range)) if (sequence === call) return data;
    throw new Error(`the answer of call ${call} is gone: the recording was changed`);
  }
}

async function readAnswers(reader: RecordingReader): Promise<ReadonlyMap<string, AnswersOfRpc>> {
  const unary = new Map<string, Rpc>(
    Object.values(rpcs).flatMap((rpc) => (rpc.kind === "unary" ? [[rpc.id, rpc] as const] : [])),
  );
  const found = new Map<string, AnswersOfRpc>();
  for await (const call of reader.unaryCalls({ rpcs: [...unary.keys()] })) {
    const rpc = unary.get(call.rpc);
    const answer = answerOf(call);
    if (rpc === undefined || answer === undefined || call.request === undefined) continue;
    const answers = found.get(rpc.id) ?? { count: 0, byRequest: new Map<string, RecordedAnswer[]>() };
    found.set(rpc.id, answers);
    answers.count++;
    const key = digest(normalised(rpc, call.request));
    const earlier = answers.byRequest.get(key);
    if (earlier === undefined) answers.byRequest.set(key, [answer]);
    else earlier.push(answer);
  }
  // They came in the order in which they ended.
  for (const { byRequest } of found.values()) {
    for (const answers of byRequest.values()) answers.sort((one, other) => one.openedMs - other.openedMs);
  }
  return found;
}

function answerOf({ number, openedMs, endedMs, status, response }: RecordedUnaryCall): RecordedAnswer | undefined {
  if (endedMs === undefined || status === undefined || isCallersDoing(status)) return undefined;
  const isFailure = status.code !== 0;
  if (!isFailure && response === undefined) return undefined;
  return { call: number, openedMs, endedMs, failure: isFailure ? status : undefined };
}

/** The bytes that we would send for the same request, whoever encoded it. */
function normalised(rpc: Rpc, request: Uint8Array): Uint8Array {
  try {
    return encodeRequest(rpc, fromBinary(rpc.method.input, request));
  } catch {
    return request;
  }
}

/** What a request says, in bytes: all but when it was sent. */
function encodeRequest({ method }: Rpc, request: Message): Uint8Array {
  const input: DescMessage = method.input;
  const { unixNanos: sentAt } = input.field;
  if (sentAt === undefined) return toBinary(input, request);
  const content = clone(input, request);
  reflect(input, content).clear(sentAt);
  return toBinary(input, content);
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

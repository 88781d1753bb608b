import { create, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import { CallEventSchema, CallPhase } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import type { Moment } from "../moment.js";
import { encodeOpened, encodeSucceeded } from "./call-events.js";
import type { CallTap } from "./call-tap.js";
import type { CallTopics } from "./call-topics.js";
import type { CallInfo } from "./recording.js";

/** Where {@link RecordedCall}s write. None of these throws. */
export interface CallWriter {
  /** An event, of which `rest` is all but the number of the call. */
  event(topics: CallTopics, call: number, rest: Uint8Array, at?: Moment): void;
  request(topics: CallTopics, call: number, message: Uint8Array, at?: Moment): void;
  response(topics: CallTopics, call: number, message: Uint8Array, at?: Moment): void;
}

/** One call of a recording. */
export class RecordedCall implements CallTap {
  readonly #writer: CallWriter;
  readonly #topics: CallTopics;
  readonly #number: number;
  readonly #isShared: boolean;
  #isHalfClosed = false;
  #isEnded = false;

  constructor(writer: CallWriter, topics: CallTopics, number: number, { client = "", isShared = false, at }: CallInfo) {
    this.#writer = writer;
    this.#topics = topics;
    this.#number = number;
    this.#isShared = isShared;
    writer.event(topics, number, encodeOpened(topics.facts, client, isShared), at);
  }

  request(message: Uint8Array, at?: Moment): void {
    if (!this.#isEnded) this.#writer.request(this.#topics, this.#number, message, at);
  }

  response(message: Uint8Array, at?: Moment): void {
    if (!this.#isEnded && !this.#isShared) this.#writer.response(this.#topics, this.#number, message, at);
  }

  halfClose(at?: Moment): void {
    const { rpc, kind } = this.#topics.facts;
    // A unary call has one request, so there is nothing to tell.
    const sendsStream = kind === "client_streaming" || kind === "bidi_streaming";
    if (this.#isEnded || this.#isHalfClosed || !sendsStream) return;
    this.#isHalfClosed = true;
    const event = create(CallEventSchema, { rpc, phase: CallPhase.HALF_CLOSED });
    this.#writer.event(this.#topics, this.#number, toBinary(CallEventSchema, event), at);
  }

  end(error: ConnectError | undefined, at?: Moment): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { facts } = this.#topics;
    const rest = error === undefined ? encodeSucceeded(facts) : encodeFailed(facts.rpc, error);
    this.#writer.event(this.#topics, this.#number, rest, at);
  }
}

function encodeFailed(rpc: string, error: ConnectError): Uint8Array {
  const { code, rawMessage: message } = error;
  const event = create(CallEventSchema, { rpc, phase: CallPhase.ENDED, code, message, details: readDetails(error) });
  return toBinary(CallEventSchema, event);
}

function readDetails({ details }: ConnectError): Any[] {
  try {
    return details.map((detail) =>
      "desc" in detail
        ? create(AnySchema, {
            typeUrl: typeUrlOf(detail.desc.typeName),
            value: toBinary(detail.desc, create(detail.desc, detail.value)),
          })
        : create(AnySchema, { typeUrl: typeUrlOf(detail.type), value: detail.value }),
    );
  } catch {
    // A program may put anything there. The call is over for its caller all the same.
    return [];
  }
}

function typeUrlOf(typeName: string): string {
  return `type.googleapis.com/${typeName}`;
}

import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import { type CallEvent, CallEventSchema, CallPhase } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { pathOf } from "@resoio/core/internal";
import type { CallTap } from "./call-tap.js";
import type { CallInfo } from "./recording.js";

/** Where a {@link RecordedCall} writes. None of these throws. */
export interface CallWriter {
  event(bytes: Uint8Array): void;
  request(message: Uint8Array): void;
  response(message: Uint8Array): void;
}

/** What a call is. */
export interface CallIdentity {
  readonly number: number;
  readonly rpc: string;
  readonly method: DescMethod;
  readonly info: CallInfo;
}

/** One call of a recording. */
export class RecordedCall implements CallTap {
  readonly #writer: CallWriter;
  readonly #identity: CallIdentity;
  #isHalfClosed = false;
  #isEnded = false;

  constructor(writer: CallWriter, identity: CallIdentity) {
    this.#writer = writer;
    this.#identity = identity;
    const { info, method } = identity;
    this.#tell(CallPhase.OPENED, {
      path: pathOf(method),
      client: info.client ?? "",
      isShared: info.isShared ?? false,
      kind: method.methodKind,
    });
  }

  request(message: Uint8Array): void {
    if (!this.#isEnded) this.#writer.request(message);
  }

  response(message: Uint8Array): void {
    if (!this.#isEnded && this.#identity.info.isShared !== true) this.#writer.response(message);
  }

  halfClose(): void {
    // A unary call has one request, so there is nothing to tell.
    if (this.#isEnded || this.#isHalfClosed || !sendsStream(this.#identity.method)) return;
    this.#isHalfClosed = true;
    this.#tell(CallPhase.HALF_CLOSED);
  }

  end(error: ConnectError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (error === undefined) this.#tell(CallPhase.ENDED);
    else this.#tell(CallPhase.ENDED, { code: error.code, message: error.rawMessage, details: readDetails(error) });
  }

  #tell(phase: CallPhase, more: Partial<CallEvent> = {}): void {
    const { number: call, rpc } = this.#identity;
    const { $typeName: _, ...fields } = more;
    this.#writer.event(toBinary(CallEventSchema, create(CallEventSchema, { call, rpc, phase, ...fields })));
  }
}

function sendsStream({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
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

import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { CallEventSchema, CallPhase } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import type { CallFacts } from "./call-facts.js";

/**
 * The events of calls without the number of the call, which differs between recordings. Many recordings are told of one call right after
 * the other, so what was encoded last is remembered; `bench/src/recording.ts` measures it with fifty.
 */
let opened:
  | { readonly facts: CallFacts; readonly client: string; readonly isShared: boolean; bytes: Uint8Array }
  | undefined;

/** By RPC. A program has as many as its services. */
const succeeded = new WeakMap<DescMethod, Uint8Array>();

/** A call was made. */
export function encodeOpened(facts: CallFacts, client: string, isShared: boolean): Uint8Array {
  if (opened?.facts !== facts || opened.client !== client || opened.isShared !== isShared) {
    const { rpc, path, kind } = facts;
    const event = create(CallEventSchema, { phase: CallPhase.OPENED, rpc, path, client, isShared, kind });
    opened = { facts, client, isShared, bytes: toBinary(CallEventSchema, event) };
  }
  return opened.bytes;
}

/** A call has ended with success. */
export function encodeSucceeded({ method, rpc }: CallFacts): Uint8Array {
  let bytes = succeeded.get(method);
  if (bytes === undefined) {
    bytes = toBinary(CallEventSchema, create(CallEventSchema, { phase: CallPhase.ENDED, rpc }));
    succeeded.set(method, bytes);
  }
  return bytes;
}

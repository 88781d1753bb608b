import type { DescMethod } from "@bufbuild/protobuf";
import { pathOf } from "@resoio/core/internal";
import { rpcNameOf } from "../format/topics.js";
import { isRecordable } from "./is-recordable.js";
import type { Priority } from "./recording-queue.js";

/** What every call of an RPC has in common. */
export interface CallFacts {
  readonly method: DescMethod;
  readonly isRecordable: boolean;
  /** As recordings name it: `world.join`. */
  readonly rpc: string;
  readonly path: string;
  readonly kind: DescMethod["methodKind"];
  readonly priority: Priority;
}

/** Shared by all recordings: descriptors never change. */
const known = new WeakMap<DescMethod, CallFacts>();

export function callFactsOf(method: DescMethod): CallFacts {
  let facts = known.get(method);
  if (facts === undefined) {
    facts = {
      method,
      isRecordable: isRecordable(method),
      rpc: rpcNameOf(method),
      path: pathOf(method),
      kind: method.methodKind,
      priority: method.methodKind === "unary" ? "message" : "stream",
    };
    known.set(method, facts);
  }
  return facts;
}

import type { Message } from "@bufbuild/protobuf";
import type { RpcId } from "@resoio/core";
import type { MockMod } from "@resoio/mock-server";

/** The requests of one RPC that arrived in the mod and are answered, oldest first. */
export function requestsOf(mod: MockMod, rpc: RpcId): readonly (Message | undefined)[] {
  return mod.engine.journal.calls(rpc).map(({ request }) => request);
}

/** The RPCs of all calls that arrived in the mod and are answered, oldest first. */
export function callsOf(mod: MockMod): readonly RpcId[] {
  return mod.engine.journal.entries.flatMap((entry) => (entry.kind === "call" ? [entry.rpc] : []));
}

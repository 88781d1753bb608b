import type { DescMethod, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { rpcs } from "@resoio/core";

/** The RPC of a path. */
export function methodOf(path: string): DescMethod {
  const rpc = Object.values(rpcs).find((candidate) => candidate.path === path);
  if (rpc === undefined) throw new Error(`there is no RPC ${path}`);
  return rpc.method;
}

/** The unary RPC of a path. */
export function unaryMethodOf(path: string): DescMethodUnary {
  const method = methodOf(path);
  if (!isUnary(method)) throw new Error(`${path} is not unary`);
  return method;
}

/** The RPC of a path that streams, in one direction or both. */
export function streamingMethodOf(path: string): DescMethodStreaming {
  const method = methodOf(path);
  if (!isStreaming(method)) throw new Error(`${path} does not stream`);
  return method;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isStreaming(method: DescMethod): method is DescMethodStreaming {
  return method.methodKind !== "unary";
}

import { Code, ConnectError } from "@connectrpc/connect";
import type { RpcId } from "@resoio/core";
import { EngineError, type EngineErrorKind } from "../engine/engine-error.js";

const codes: Readonly<Record<EngineErrorKind, Code>> = {
  notReady: Code.FailedPrecondition,
  notFound: Code.NotFound,
  invalidArgument: Code.InvalidArgument,
  alreadyExists: Code.AlreadyExists,
  permissionDenied: Code.PermissionDenied,
  unauthenticated: Code.Unauthenticated,
  unavailable: Code.Unavailable,
  refused: Code.Internal,
};

/** RPCs whose unexpected errors the mod does not translate, so that the web server inside it answers. */
const untranslated: ReadonlySet<RpcId> = new Set<RpcId>(["info.getServerInfo", "lifecycle.shutdown"]);

/** RPCs that speak of their stream instead of their bridge. */
const streamRpcs: ReadonlySet<RpcId> = new Set<RpcId>(["locomotion.drive", "microphone.streamAudio"]);

/**
 * The status with which the mod answers an error of the engine: its kind's code with the message word for word, or INTERNAL,
 * naming the service, for anything unexpected. What is a status already, or a cancelled call, stays as it is.
 */
export function toConnectError(rpc: RpcId, serviceName: string, error: unknown, signal: AbortSignal): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof EngineError)
    return new ConnectError(error.message, codes[error.kind], undefined, undefined, error);
  if (signal.aborted) return ConnectError.from(signal.reason, Code.Canceled);
  if (untranslated.has(rpc)) {
    return new ConnectError("Exception was thrown by handler.", Code.Unknown, undefined, undefined, error);
  }
  const faulted = streamRpcs.has(rpc) ? "stream" : "bridge";
  const message = `${serviceName} ${faulted} faulted: ${error instanceof Error ? error.message : String(error)}`;
  return new ConnectError(message, Code.Internal, undefined, undefined, error);
}

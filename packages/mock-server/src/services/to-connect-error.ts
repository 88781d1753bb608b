import { Code, ConnectError } from "@connectrpc/connect";
import { EngineError, type EngineErrorKind } from "../engine/engine-error.js";

const codes: Readonly<Record<EngineErrorKind, Code>> = {
  notReady: Code.FailedPrecondition,
  notFound: Code.NotFound,
  invalidArgument: Code.InvalidArgument,
};

/**
 * The status with which the mod answers an error of the engine: its kind's code with the message word for word, or INTERNAL,
 * naming the service, for anything unexpected. What is a status already, or a cancelled call, stays as it is.
 */
export function toConnectError(serviceName: string, error: unknown, signal: AbortSignal): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof EngineError)
    return new ConnectError(error.message, codes[error.kind], undefined, undefined, error);
  if (signal.aborted) return ConnectError.from(signal.reason, Code.Canceled);
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectError(`${serviceName} bridge faulted: ${message}`, Code.Internal, undefined, undefined, error);
}

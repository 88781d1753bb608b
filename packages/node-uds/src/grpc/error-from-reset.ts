import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";

/** The status that gRPC gives to a stream which the peer reset, by the HTTP/2 error code of the reset. */
export function errorFromReset(path: string, resetCode: number, cause: Error | undefined): ConnectError {
  const message =
    resetCode === constants.NGHTTP2_NO_ERROR
      ? `the mod ended ${path} without a status`
      : `the mod reset ${path} (HTTP/2 error code ${resetCode}) before it gave a status`;
  return new ConnectError(message, codeOf(resetCode), undefined, undefined, cause);
}

function codeOf(resetCode: number): Code {
  switch (resetCode) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return Code.Unavailable;
    case constants.NGHTTP2_CANCEL:
      return Code.Canceled;
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return Code.ResourceExhausted;
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return Code.PermissionDenied;
    default:
      return Code.Internal;
  }
}

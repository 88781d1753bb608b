import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorFromJson } from "@connectrpc/connect/protocol-connect";
import { closeCodes } from "../wire/protocol.js";

/** What the proxy means by closing the connection. */
export function errorFromClose(code: number, reason: string): ConnectError {
  return new ConnectError(closeMessage(code, reason), codeFromClose(code));
}

function codeFromClose(code: number): Code {
  switch (code) {
    case closeCodes.unauthorized:
      return Code.Unauthenticated;
    case closeCodes.tooFast:
      return Code.ResourceExhausted;
    default:
      return Code.Unavailable;
  }
}

function closeMessage(code: number, reason: string): string {
  // 1006 is what a browser says when nobody has said anything.
  if (code === 1006) return "the connection to the proxy broke";
  return `the proxy closed the connection: ${reason === "" ? "without a reason" : reason} (close code ${code})`;
}

/** The error that a response's body holds, if it is one of Connect. */
export function errorFromBody(text: string): ConnectError | undefined {
  try {
    const body: JsonValue = JSON.parse(text);
    if (typeof body !== "object" || body === null || !("code" in body)) return undefined;
    return errorFromJson(body, undefined, new ConnectError("", Code.Unknown));
  } catch {
    return undefined;
  }
}

/** Enough for a sentence or two. What is longer is a page of somebody else's. */
const maxReasonLength = 300;

/** What the proxy means by an HTTP status that is no success. `text` is what it said, which may be nothing. */
export function errorFromStatus(status: number, text: string, label: string): ConnectError {
  const reason = errorFromBody(text)?.rawMessage ?? text;
  const said = reason === "" ? "" : `: ${reason.slice(0, maxReasonLength)}`;
  return new ConnectError(`${label} refused: HTTP ${status}${said}`, codeFromStatus(status));
}

function codeFromStatus(status: number): Code {
  switch (status) {
    case 400:
    case 426:
      return Code.FailedPrecondition;
    case 401:
      return Code.Unauthenticated;
    case 403:
    case 421:
      return Code.PermissionDenied;
    case 404:
      return Code.NotFound;
    case 413:
    case 429:
      return Code.ResourceExhausted;
    case 408:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}

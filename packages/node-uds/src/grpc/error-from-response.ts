import type { IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromHttpStatus, findTrailerError } from "@connectrpc/connect/protocol-grpc";

/** The error that the response's headers mean: not HTTP 200, or not gRPC. */
export function errorFromResponse(headers: IncomingHttpHeaders): ConnectError | undefined {
  const status = Number(headers[":status"]);
  if (status !== 200) {
    const code = codeFromHttpStatus(status);
    return new ConnectError(`the peer answered HTTP ${status}; it is not a gRPC server`, code);
  }
  const contentType = headers["content-type"] ?? "";
  if (!/^application\/grpc(\+proto)?($|;)/i.test(contentType)) {
    return new ConnectError(
      `the peer answered with content type ${JSON.stringify(contentType)}; it is not a gRPC server`,
      Code.Unknown,
    );
  }
  return undefined;
}

/** The error that the trailers carry, or `undefined` for the status OK. */
export function errorFromTrailer(trailers: IncomingHttpHeaders): ConnectError | undefined {
  const status = trailers["grpc-status"];
  if (status === "0") return undefined;
  if (status === undefined) return new ConnectError("the mod ended the call without a status", Code.Internal);
  const metadata = new Headers(textHeaders(trailers));
  const message = decodeMessage(metadata.get("grpc-message") ?? "");
  const code = Number(status);
  if (!(code in Code)) {
    return new ConnectError(`the mod gave the unknown status ${status}: ${message}`, Code.Unknown, metadata);
  }
  try {
    const error = findTrailerError(metadata);
    if (error !== undefined) return error;
  } catch {
    // A message or details that cannot be decoded; the status itself still counts.
  }
  return new ConnectError(message, code, metadata);
}

function decodeMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function textHeaders(headers: IncomingHttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" && !name.startsWith(":") ? [[name, value]] : [],
  );
}

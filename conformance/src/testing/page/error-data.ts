import { ConnectError } from "@connectrpc/connect";
import { fromBase64, toBase64 } from "./base64.ts";
import type { ErrorData } from "./wire-data.ts";

/** A failure, as it crosses the border. */
export function toErrorData(error: unknown): ErrorData {
  const { code, rawMessage, metadata, details, cause } = ConnectError.from(error);
  return {
    code,
    message: rawMessage,
    metadata: [...metadata],
    details: details.flatMap((detail) =>
      "type" in detail ? [{ type: detail.type, value: toBase64(detail.value) }] : [],
    ),
    ...(cause === undefined ? {} : { cause: String(cause) }),
  };
}

/** The failure again, on the other side. */
export function fromErrorData(data: ErrorData): ConnectError {
  const error = new ConnectError(
    data.message,
    data.code,
    data.metadata.map(([name, value]) => [name, value] as [string, string]),
    undefined,
    data.cause === undefined ? undefined : new Error(data.cause),
  );
  error.details.push(...data.details.map(({ type, value }) => ({ type, value: fromBase64(value) })));
  return error;
}

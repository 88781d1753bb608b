import { Code, ConnectError } from "@connectrpc/connect";
import type { RecordedStatus } from "@resoio/recording";

/** The error that a call was recorded with. */
export function toRecordedError({ code, message, details }: RecordedStatus): ConnectError {
  const error = new ConnectError(message, Code[code] === undefined ? Code.Unknown : code);
  error.details = details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
  return error;
}

/** Whether a call ended because its caller wanted it to, or waited no longer: that says nothing about the mod. */
export function isCallersDoing({ code }: RecordedStatus): boolean {
  return code === Code.Canceled || code === Code.DeadlineExceeded;
}

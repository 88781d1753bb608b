import { ResoioError } from "@resoio/core";

/**
 * A recording broke off: what stores it failed, as a full disk does. What was stored before can be read; the traffic that was
 * recorded did not notice. The reason is the `cause`.
 */
export class RecordingFailedError extends ResoioError {
  readonly code = "RECORDING_FAILED";

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the recording broke off, and holds what was stored before: ${reason}`, { cause });
  }
}

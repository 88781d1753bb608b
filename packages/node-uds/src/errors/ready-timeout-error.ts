import { ResoioError } from "@resoio/core";

/** No mod answered in time. {@link cause} is why the last attempt failed. */
export class ReadyTimeoutError extends ResoioError {
  readonly code = "READY_TIMEOUT";
  /** The limit that passed, in milliseconds. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number, cause: unknown) {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    super(`no Resonite IO mod answered within ${timeoutMs} ms${reason}`, { cause });
    this.timeoutMs = timeoutMs;
  }
}

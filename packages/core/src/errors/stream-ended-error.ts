import { ResoioError } from "./resoio-error.js";

/** A stream ended, with success, before the message that was asked for. */
export class StreamEndedError extends ResoioError {
  readonly code = "STREAM_ENDED";
}

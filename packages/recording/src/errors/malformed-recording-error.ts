import { ResoioError } from "@resoio/core";

/** Something is no recording, or is damaged where it was read. */
export class MalformedRecordingError extends ResoioError {
  readonly code = "MALFORMED_RECORDING";
}

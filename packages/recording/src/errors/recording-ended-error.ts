import { ResoioError } from "@resoio/core";

/** A recording that has ended was told about time. What is recorded after the end is left out without an error. */
export class RecordingEndedError extends ResoioError {
  readonly code = "RECORDING_ENDED";

  constructor() {
    super("the recording has ended: start another one");
  }
}

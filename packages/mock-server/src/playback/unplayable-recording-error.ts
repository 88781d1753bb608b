import { ResoioError } from "@resoio/core";

/** A file cannot be played: it is no recording, it is damaged beyond use, or it was made by a newer version. */
export class UnplayableRecordingError extends ResoioError {
  readonly code = "UNPLAYABLE_RECORDING";
  /** The file, or `the recording` for one that was opened by somebody else. */
  readonly recording: string;

  constructor(recording: string, problem: string, cause?: unknown) {
    super(`${recording} cannot be played: ${problem}`, cause === undefined ? undefined : { cause });
    this.recording = recording;
  }
}

import { ResoioError } from "./resoio-error.js";

/** A command was given to a drive that has ended: it was finished or aborted, or the mod ended it. Open a new one. */
export class DriveEndedError extends ResoioError {
  readonly code = "DRIVE_ENDED";
}

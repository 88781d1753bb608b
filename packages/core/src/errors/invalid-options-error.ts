import { ResoioError } from "./resoio-error.js";

/** An option or argument that no mod would accept. Thrown before anything is sent. */
export class InvalidOptionsError extends ResoioError {
  readonly code = "INVALID_OPTIONS";
}

import { ResoioError } from "@resoio/core";

/** A world that has no instance that may be joined now. */
export class NoInstanceError extends ResoioError {
  readonly code = "NO_INSTANCE";
}

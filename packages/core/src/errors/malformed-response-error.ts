import { ResoioError } from "./resoio-error.js";

/** The mod answered with success, but the answer contradicts the contract, for example a join that names no world. */
export class MalformedResponseError extends ResoioError {
  readonly code = "MALFORMED_RESPONSE";
}

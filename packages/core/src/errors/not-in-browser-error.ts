import { ResoioError } from "./resoio-error.js";

/** Something was asked for that only browsers have. */
export class NotInBrowserError extends ResoioError {
  readonly code = "NOT_IN_BROWSER";

  constructor(missing: string) {
    super(`there is no ${missing} here: it exists in browsers only. In Node, take the pixels themselves.`);
  }
}

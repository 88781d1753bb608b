import { ResoioError } from "./resoio-error.js";

/** Nothing that the game shows fits the text or index that was asked for. Nothing was pressed or changed. */
export class NoMatchError extends ResoioError {
  readonly code = "NO_MATCH";
  /** What was asked for. */
  readonly query: string | number;
  /** The labels of everything there was to choose from, in its order. */
  readonly candidates: readonly string[];

  constructor(message: string, details: { readonly query: string | number; readonly candidates: readonly string[] }) {
    super(message);
    this.query = details.query;
    this.candidates = details.candidates;
  }
}

import { ResoioError } from "./resoio-error.js";

/** A text fits several of the things that the game shows, and none of them exactly. Nothing was pressed or changed. */
export class AmbiguousMatchError extends ResoioError {
  readonly code = "AMBIGUOUS_MATCH";
  /** What was asked for. */
  readonly query: string;
  /** The labels of those that the text fits, in their order; two may be the same. */
  readonly candidates: readonly string[];

  constructor(message: string, details: { readonly query: string; readonly candidates: readonly string[] }) {
    super(message);
    this.query = details.query;
    this.candidates = details.candidates;
  }
}

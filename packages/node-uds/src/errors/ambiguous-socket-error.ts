import { ResoioError } from "@resoio/core";

/** Several mods are running and nothing says which one is meant. */
export class AmbiguousSocketError extends ResoioError {
  readonly code = "AMBIGUOUS_SOCKET";
  /** The paths of all sockets that came into question. */
  readonly candidates: readonly string[];

  constructor(candidates: readonly string[]) {
    super(
      `${candidates.length} Resonite IO sockets came into question: ${candidates.join(", ")}. ` +
        "Name one with the option socketPath or pid, or set RESONITE_IO_SOCKET to its path.",
    );
    this.candidates = candidates;
  }
}

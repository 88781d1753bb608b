/**
 * Why the engine refuses: `notReady` = what is needed does not exist yet, or the moment is wrong; `notFound` = a named thing
 * does not exist; `invalidArgument` = no state of the engine would accept the value; `alreadyExists` = the place is taken;
 * `permissionDenied` = the user has no right to it; `unauthenticated` = a sign-in was refused; `unavailable` = the cloud
 * cannot be reached; `refused` = the cloud was reached and said no.
 */
export type EngineErrorKind =
  | "notReady"
  | "notFound"
  | "invalidArgument"
  | "alreadyExists"
  | "permissionDenied"
  | "unauthenticated"
  | "unavailable"
  | "refused";

/** A refusal of the engine. Its message reaches the caller word for word, so it must not carry a secret. */
export class EngineError extends Error {
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.kind = kind;
  }
}

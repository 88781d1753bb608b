/**
 * Why the engine refuses: `notReady` = what is needed does not exist yet, or the moment is wrong; `notFound` = a named thing
 * does not exist; `invalidArgument` = no state of the engine would accept the value.
 */
export type EngineErrorKind = "notReady" | "notFound" | "invalidArgument";

/** A refusal of the engine. Its message reaches the caller word for word. */
export class EngineError extends Error {
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.kind = kind;
  }
}

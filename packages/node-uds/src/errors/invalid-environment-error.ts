import { ResoioError } from "@resoio/core";

/** An environment variable holds a value that cannot lead to a socket. */
export class InvalidEnvironmentError extends ResoioError {
  readonly code = "INVALID_ENVIRONMENT";
  /** The variable, for example `RESONITE_IO_SOCKET`. */
  readonly variable: string;
  /** Its value. */
  readonly value: string;

  constructor(variable: string, value: string, problem: string, cause?: unknown) {
    super(
      `${variable} is set to ${JSON.stringify(value)}, ${problem}. Correct or unset it.`,
      cause === undefined ? undefined : { cause },
    );
    this.variable = variable;
    this.value = value;
  }
}

/**
 * The base of every error that is not the failure of an RPC. RPC failures are Connect's `ConnectError`, never wrapped.
 *
 * Branch on {@link code}, which is a different literal for each kind of error.
 */
export abstract class ResoioError extends Error {
  /** What went wrong, for programs: `"SOCKET_NOT_FOUND"`, `"READY_TIMEOUT"`, ... Stable across releases. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

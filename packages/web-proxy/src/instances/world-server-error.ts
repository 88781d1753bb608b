import { ResoioError } from "@resoio/core";

/** What went wrong between us and a WorldServer. */
export type WorldServerErrorCode =
  /** Nobody answers. In a page also: the server does not let pages of this origin ask. */
  | "WORLD_SERVER_UNREACHABLE"
  /** The answer took too long. */
  | "WORLD_SERVER_TIMEOUT"
  /** The answer is not what a WorldServer says. */
  | "MALFORMED_RESPONSE"
  /** The server says no: see {@link WorldServerError.status}. */
  | "WORLD_SERVER_REFUSED";

/** What {@link WorldServerError} knows beside its message. */
export interface WorldServerErrorOptions extends ErrorOptions {
  readonly status?: string | undefined;
  readonly httpStatus?: number | undefined;
}

/** A WorldServer that does not answer as asked. */
export class WorldServerError extends ResoioError {
  readonly code: WorldServerErrorCode;
  /** What the server said: `status+me.virmesh.world.not_found`, ... `undefined` when it said nothing that can be read. */
  readonly status: string | undefined;
  /** The HTTP status; `undefined` without an answer. Branch on {@link status} first. */
  readonly httpStatus: number | undefined;

  constructor(code: WorldServerErrorCode, message: string, options: WorldServerErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status;
    this.httpStatus = options.httpStatus;
  }
}

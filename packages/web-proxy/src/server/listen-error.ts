import { ResoioError } from "@resoio/core";

/** Why a proxy cannot listen. */
export type ListenErrorCode =
  /** Something else listens there, and at the ports behind it, if those were tried. */
  | "PORT_TAKEN"
  /** The operating system does not allow it, as for ports below 1024. */
  | "LISTENING_NOT_PERMITTED"
  /** The host has no address. */
  | "UNKNOWN_HOST"
  /** The host has no address of this machine. */
  | "HOST_NOT_HERE"
  /** Something else; `cause` is the system's error. */
  | "CANNOT_LISTEN";

/** What {@link ListenError} knows beside its message. */
export interface ListenErrorOptions extends ErrorOptions {
  readonly code: ListenErrorCode;
  readonly host: string;
  readonly port: number;
}

/** A proxy cannot listen where it was told to. `cause` is the system's error. */
export class ListenError extends ResoioError {
  readonly code: ListenErrorCode;
  /** Where it was to listen. */
  readonly host: string;
  /** The port that was asked for. */
  readonly port: number;

  constructor(message: string, options: ListenErrorOptions) {
    super(message, options);
    this.code = options.code;
    this.host = options.host;
    this.port = options.port;
  }
}

import { ResoioError } from "@resoio/core";

/** What is wrong with the folder of worlds. */
export type WorldStoreErrorCode =
  /** Others on this machine can read a key, or put another in its place. */
  | "KEYS_EXPOSED"
  /** A file is not one that we wrote. */
  | "MALFORMED_WORLD_FILE"
  /** There is a world with this name, key or address already. */
  | "WORLD_EXISTS"
  /** There is no world with this name. */
  | "NO_SUCH_WORLD";

/** The folder of worlds cannot be used as asked. */
export class WorldStoreError extends ResoioError {
  readonly code: WorldStoreErrorCode;

  constructor(code: WorldStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

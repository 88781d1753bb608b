import { ResoioError } from "@resoio/core";

/** Which check a world or an instance did not pass. */
export type WorldVerificationCode =
  /** The id is not `medi:world:<scheme>:<key>`. */
  | "MALFORMED_WORLD_ID"
  /** The scheme of the key is not `ed25519`. */
  | "UNSUPPORTED_KEY_TYPE"
  /** The key of the id is none. */
  | "INVALID_KEY"
  /** The manifest lacks a field, or has one of the wrong type. */
  | "MALFORMED_MANIFEST"
  /** The manifest is of another version than 1. */
  | "UNKNOWN_MANIFEST_SCHEMA"
  /** The manifest is of another world than was asked for. */
  | "WORLD_MISMATCH"
  /** The manifest is of another version than was asked for. */
  | "VERSION_MISMATCH"
  /** The world does not go by the address that was asked for. */
  | "ADDRESS_MISMATCH"
  /** The manifest was not signed by the world. */
  | "MANIFEST_SIGNATURE"
  /** The delegation is of another world. */
  | "DELEGATION_WORLD_MISMATCH"
  /** The delegation was not signed by the world. */
  | "DELEGATION_SIGNATURE"
  /** The delegation is for another server. */
  | "DELEGATION_SERVER_MISMATCH"
  /** The manifest names another server. */
  | "ENDPOINT_MISMATCH"
  /** The world does not let the server resolve it. */
  | "RESOLVING_NOT_DELEGATED"
  /** The world does not let the server run live sessions. Only joining and creating need that. */
  | "HOSTING_NOT_DELEGATED"
  /** The delegation has ended. */
  | "DELEGATION_EXPIRED"
  /** A module lacks a field, or has one of the wrong type. */
  | "MALFORMED_MODULE"
  /** A module is another than its key says. */
  | "MODULE_NAME_MISMATCH"
  /** A module is of another world. */
  | "MODULE_WORLD_MISMATCH"
  /** A module was not signed by the world. */
  | "MODULE_SIGNATURE"
  /** An instance lacks a field, or has one of the wrong type. */
  | "MALFORMED_INSTANCE"
  /** The server answered with another instance than was asked for. */
  | "INSTANCE_MISMATCH"
  /** An instance is of another world. */
  | "INSTANCE_WORLD_MISMATCH"
  /** An instance is on another server. */
  | "INSTANCE_ENDPOINT_MISMATCH"
  /** The WebSocket of an instance is neither encrypted nor on this machine. */
  | "INSECURE_SESSION_URI"
  /** The world says that it signs its instances, and this one it did not sign. */
  | "INSTANCE_SIGNATURE"
  /** Signatures cannot be checked here: browsers can do that in pages from https and from this machine only. */
  | "NO_WEB_CRYPTO";

/** A world, or one of its instances, that is not what it says it is. Do not use it; resolving it anew may help. */
export class WorldVerificationError extends ResoioError {
  readonly code: WorldVerificationCode;

  constructor(code: WorldVerificationCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

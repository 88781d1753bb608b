import { ResoioError } from "@resoio/core";
import { toBase64, toBase64Url } from "./encoded-bytes.js";
import { decodePublicKey, WorldKeyError } from "./keys.js";

/** A text that is no id of a world or player. */
export class MalformedIdError extends ResoioError {
  readonly code = "MALFORMED_ID";
}

/** Whom an id names. */
export type IdentityKind = "world" | "player";

/** An id, taken apart. The id itself stays as it was received: another encoding of the same key is another id. */
export interface Identity {
  readonly id: string;
  readonly kind: IdentityKind;
  /** The 32 bytes of the ed25519 key. */
  readonly publicKey: Uint8Array;
}

/** Longer than any id: a key as PEM has 113 characters. */
const maxLength = 1_100;

/**
 * Reads `medi:<kind>:ed25519:<public key>`.
 *
 * Throws {@link MalformedIdError} for what has not this form, and {@link WorldKeyError} for another scheme than `ed25519` and for a key
 * that is none.
 */
export function parseIdentity(id: string, kind: IdentityKind): Identity {
  const [, scheme, key] = new RegExp(`^medi:${kind}:([^:]*):(.+)$`, "s").exec(id) ?? [];
  if (scheme === undefined || key === undefined || id.length > maxLength) {
    throw new MalformedIdError(`${JSON.stringify(id.slice(0, 100))} is not medi:${kind}:<scheme>:<public key>`);
  }
  if (scheme !== "ed25519") {
    throw new WorldKeyError(
      "UNSUPPORTED_KEY_TYPE",
      `keys of the type ${JSON.stringify(scheme.slice(0, 50))} are not enabled`,
    );
  }
  return { id, kind, publicKey: decodePublicKey(key) };
}

/** The id of the world with this key, as we write it. */
export function worldIdOf(publicKey: Uint8Array): string {
  return `medi:world:ed25519:${toBase64Url(publicKey)}`;
}

/** The id of the player with this key, as we write it. */
export function playerIdOf(publicKey: Uint8Array): string {
  return `medi:player:ed25519:${toBase64(publicKey)}`;
}

import { createPrivateKey } from "node:crypto";
import { decodeBytes } from "../../world/encoded-bytes.js";
import { WorldKeyError } from "../../world/keys.js";

/** What is in front of the 32 secret bytes of an ed25519 key in its PKCS #8. */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Reads the 32 secret bytes of an ed25519 key: PEM as OpenSSL writes it, or the bytes themselves in hex, base64 or base64url.
 *
 * Throws {@link WorldKeyError}, which does not hold the key, for everything else.
 */
export function readPrivateKey(text: string): Uint8Array {
  if (!text.includes("-----BEGIN")) {
    const bytes = decodeBytes(text.trim(), [32]);
    if (bytes !== undefined) return bytes;
    throw new WorldKeyError("INVALID_KEY", "the private key is neither PEM nor 32 bytes in hex, base64 or base64url");
  }
  try {
    const key = createPrivateKey(text);
    const { d } = key.export({ format: "jwk" });
    if (key.asymmetricKeyType === "ed25519" && d !== undefined) return new Uint8Array(Buffer.from(d, "base64url"));
  } catch {
    // The cause may quote the key.
    throw new WorldKeyError("INVALID_KEY", "the private key is no PEM that can be read; one with a passphrase cannot");
  }
  throw new WorldKeyError("UNSUPPORTED_KEY_TYPE", "the private key is not an ed25519 key");
}

/** Writes the 32 secret bytes of an ed25519 key as PEM. */
export function writePrivateKey(secret: Uint8Array): string {
  const der = Buffer.concat([pkcs8Head, secret]).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
}

import { getPublicKeyAsync, Point, signAsync, verifyAsync } from "@noble/ed25519";
import { ResoioError } from "@resoio/core";
import { canonicalBytes } from "./canonical-json.js";
import { decodeBytes, toBase64 } from "./encoded-bytes.js";

/** What is wrong with a key: its text is none, or its scheme is not enabled. */
export type WorldKeyErrorCode = "INVALID_KEY" | "UNSUPPORTED_KEY_TYPE";

/** A key that cannot be used. The message does not hold it. */
export class WorldKeyError extends ResoioError {
  readonly code: WorldKeyErrorCode;

  constructor(code: WorldKeyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const keyBytes = 32;
const signatureBytes = 64;
/** What is in front of the 32 bytes of an ed25519 key in its SubjectPublicKeyInfo. */
const spkiHead = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/**
 * Reads an ed25519 public key: PEM, or 32 raw bytes or SPKI DER in hex, base64 or base64url, with a prefix `hex:`, `base64:`,
 * `base64url:` or without.
 *
 * Throws {@link WorldKeyError} for everything else, and for the few keys under which anybody can sign.
 */
export function decodePublicKey(text: string): Uint8Array {
  const bytes = rawKeyOf(text);
  if (bytes === undefined) {
    throw new WorldKeyError("INVALID_KEY", "the key is neither PEM nor 32 bytes or SPKI in hex, base64 or base64url");
  }
  try {
    if (!Point.fromBytes(bytes).isSmallOrder()) return bytes;
  } catch (cause) {
    throw new WorldKeyError("INVALID_KEY", "the bytes of the key are no ed25519 key", { cause });
  }
  throw new WorldKeyError("INVALID_KEY", "the key is one under which anybody can sign");
}

function rawKeyOf(text: string): Uint8Array | undefined {
  const decoded = text.includes("BEGIN PUBLIC KEY")
    ? decodePem(text)
    : decodeBytes(text, [keyBytes, spkiHead.length + keyBytes]);
  if (decoded === undefined || decoded.length === keyBytes) return decoded;
  return spkiHead.every((byte, index) => decoded[index] === byte) ? decoded.subarray(spkiHead.length) : undefined;
}

function decodePem(text: string): Uint8Array | undefined {
  if (text.length > 1_000) return undefined;
  const [, body] = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z\d+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(text) ?? [];
  return body === undefined
    ? undefined
    : decodeBytes(`base64:${body.replace(/\s/g, "")}`, [spkiHead.length + keyBytes]);
}

/** Reads a signature: 64 bytes in hex, base64 or base64url, with a prefix or without. `undefined` for everything else. */
export function decodeSignature(text: string): Uint8Array | undefined {
  return decodeBytes(text, [signatureBytes]);
}

/** Whether `signature` is the one that the owner of `publicKey` made over the canonical JSON of `value`. Never throws. */
export async function verifySignature(value: unknown, signature: string, publicKey: Uint8Array): Promise<boolean> {
  const bytes = decodeSignature(signature);
  if (bytes === undefined) return false;
  try {
    // Strict as RFC 8032: no second encoding of the same signature.
    return await verifyAsync(bytes, canonicalBytes(value), publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Whether there is what signatures are checked with. Browsers have it in pages from https and from this machine only. */
export function canVerify(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** A private key that can only be used, not read: showing or logging it shows nothing secret. */
export interface SigningKey {
  /** The 32 bytes of the public key. */
  readonly publicKey: Uint8Array;
  /** Signs the canonical JSON of a value. Returns base64 with padding. */
  sign(value: unknown): Promise<string>;
}

/**
 * Makes a {@link SigningKey} of the 32 secret bytes (the seed) of an ed25519 key. They are copied.
 *
 * Throws {@link WorldKeyError} when they are not 32.
 */
export async function createSigningKey(secret: Uint8Array): Promise<SigningKey> {
  if (secret.byteLength !== keyBytes) {
    throw new WorldKeyError("INVALID_KEY", `a private key has ${keyBytes} bytes, not ${secret.byteLength}`);
  }
  const seed = secret.slice();
  const publicKey = await getPublicKeyAsync(seed);
  return {
    publicKey,
    sign: async (value) => toBase64(await signAsync(canonicalBytes(value), seed)),
  };
}

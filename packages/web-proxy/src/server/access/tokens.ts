import { type Access, InvalidOptionsError } from "@resoio/core";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { accessClasses, isAccess } from "./access-classes.js";

/** Options of {@link createToken}. */
export interface TokenOptions {
  /** The secret of the proxy that is to accept the token: at least 32 bytes. */
  readonly secret: string | Uint8Array;
  /** What its bearer may do. At least one class. */
  readonly access: readonly Access[];
  /** Who it was made for, as the proxy shows it in its logs and its list of clients. At most 100 characters. Default: no name. */
  readonly name?: string;
  /** How long it is valid, in milliseconds, from a second to ten years. Default 8 hours. */
  readonly expiresInMs?: number;
}

/** What a token says. */
export interface TokenClaims {
  /** What its bearer may do. */
  readonly access: ReadonlySet<Access>;
  /** Who it was made for. */
  readonly name: string | undefined;
  /** When it stops to be valid: Unix time in milliseconds. */
  readonly expiresAt: number;
}

/** A token that is not accepted. The message says why, and never contains the token. */
export class TokenRefusedError extends Error {
  override readonly name = "TokenRefusedError";
}

const hourMs = 3_600_000;
const longestMs = 10 * 365 * 24 * hourMs;
const minSecretBytes = 32;
const maxNameLength = 100;
/** Keeps a token that something else signed with the same secret from counting here. */
const audience = "resoio-proxy";
const algorithm = "HS256";

/**
 * Makes a token, a JWT, that a proxy with the same secret accepts until it expires. There is no list of tokens: to take one back,
 * change the secret.
 *
 * Throws {@link InvalidOptionsError} for a secret that is too short, an empty or unknown access, or a time out of range.
 */
export async function createToken(options: TokenOptions): Promise<string> {
  const { secret, access, name, expiresInMs = 8 * hourMs } = options;
  const key = tokenKey(secret);
  checkAccess(access, "access");
  if (access.length === 0) throw new InvalidOptionsError("access is empty: such a token would be good for nothing");
  if (!(expiresInMs >= 1_000 && expiresInMs <= longestMs)) {
    throw new InvalidOptionsError(`expiresInMs must be from 1000 to ${longestMs}, not ${expiresInMs}`);
  }
  if (name !== undefined && (name === "" || name.length > maxNameLength || /\p{Cc}/u.test(name))) {
    throw new InvalidOptionsError(
      `name must have 1 to ${maxNameLength} printable characters, not ${JSON.stringify(name)}`,
    );
  }
  const nowMs = Date.now();
  const token = new SignJWT({ access: accessClasses.filter((one) => access.includes(one)) })
    .setProtectedHeader({ alg: algorithm })
    .setAudience(audience)
    .setIssuedAt(Math.floor(nowMs / 1_000))
    .setExpirationTime(Math.floor((nowMs + expiresInMs) / 1_000));
  if (name !== undefined) token.setSubject(name);
  return await token.sign(key);
}

/** Reads a token. Throws {@link TokenRefusedError} for one that is forged, expired, or not one of ours. `key` is a {@link tokenKey}. */
export async function verifyToken(token: string, key: Uint8Array): Promise<TokenClaims> {
  let payload: JWTPayload;
  try {
    const rules = { algorithms: [algorithm], audience, requiredClaims: ["exp"] };
    ({ payload } = await jwtVerify(token, key, rules));
  } catch (cause) {
    // What the library says can quote the token, so it is not passed on.
    const isExpired = cause instanceof errors.JWTExpired;
    throw new TokenRefusedError(isExpired ? "the token has expired: ask for a new one" : "the token is not valid here");
  }
  const { access, sub, exp } = payload;
  if (!Array.isArray(access) || access.length === 0 || !access.every(isAccess) || exp === undefined) {
    throw new TokenRefusedError("the token does not say what it is good for");
  }
  return { access: new Set(access), name: sub, expiresAt: exp * 1_000 };
}

/** The key that a secret stands for. Throws {@link InvalidOptionsError} for one that could be guessed. */
export function tokenKey(secret: string | Uint8Array): Uint8Array {
  const key = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  if (key.byteLength < minSecretBytes) {
    throw new InvalidOptionsError(
      `the token secret has ${key.byteLength} bytes and needs ${minSecretBytes}: whoever guesses it may do everything. ` +
        "Make one with `openssl rand -base64 48`.",
    );
  }
  return key;
}

/** Throws {@link InvalidOptionsError} when `access` names a class that does not exist, which only untyped callers can do. */
export function checkAccess(access: readonly string[], option: string): void {
  const unknown = access.find((one) => !isAccess(one));
  if (unknown === undefined) return;
  throw new InvalidOptionsError(
    `${option} must be made of ${accessClasses.join(", ")}, not ${JSON.stringify(unknown)}`,
  );
}

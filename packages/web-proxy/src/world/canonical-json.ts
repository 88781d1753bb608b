import { ResoioError } from "@resoio/core";
import canonicalize from "canonicalize";

/** A value that has no canonical form that every reader agrees about. */
export class NotCanonicalError extends ResoioError {
  readonly code = "NOT_CANONICAL";
}

const maxDepth = 64;

/**
 * Writes a value as canonical JSON (RFC 8785): the bytes that are signed. Fields that are `undefined` are left out.
 *
 * Throws {@link NotCanonicalError} for what VirMesh objects never hold, because readers disagree about it: numbers that are not whole
 * or beyond 2^53-1, lone surrogates, values nested deeper than 64 times, and what is no JSON.
 */
export function canonicalJson(value: unknown): string {
  check(value, 0);
  const text = canonicalize(value);
  if (text === undefined) throw new NotCanonicalError("nothing cannot be written as JSON");
  return text;
}

/** {@link canonicalJson} in UTF-8. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function check(value: unknown, depth: number): void {
  if (depth > maxDepth) throw new NotCanonicalError(`the value is nested deeper than ${maxDepth} times`);
  if (value === null || value === undefined || typeof value === "boolean") return;
  if (typeof value === "string") checkText(value);
  else if (typeof value === "number") checkNumber(value);
  else if (Array.isArray(value)) checkItems(value, depth);
  else checkFields(value, depth);
}

function checkItems(items: readonly unknown[], depth: number): void {
  for (const item of items) {
    if (item === undefined) throw new NotCanonicalError("a list cannot hold nothing");
    check(item, depth + 1);
  }
}

function checkFields(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null)
    throw new NotCanonicalError(`a ${typeof value} cannot be written as JSON`);
  for (const [name, field] of Object.entries(value)) {
    checkText(name);
    check(field, depth + 1);
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw new NotCanonicalError("a text with a lone surrogate cannot be written as UTF-8");
}

function checkNumber(value: number): void {
  if (!Number.isSafeInteger(value)) throw new NotCanonicalError(`${value} is not a whole number up to 2^53-1`);
}

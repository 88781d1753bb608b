import { ConnectError } from "@resoio/core";
import { expect } from "vitest";

/** Waits for `promise` to fail and returns its error. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return expect.fail(`succeeded with ${String(value)} instead of failing`);
}

/** Waits for a call to fail and returns its error, which must be a `ConnectError`, as the library never throws another. */
export async function callFailure(call: PromiseLike<unknown>): Promise<ConnectError> {
  const error = await failureOf(call);
  if (error instanceof ConnectError) return error;
  return expect.fail(`failed with ${String(error)}, which is not a ConnectError`);
}

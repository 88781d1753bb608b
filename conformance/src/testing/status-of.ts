import { Code, ConnectError } from "@resoio/core";

/** The status with which a call fails; `undefined` when it does not. Any other failure is thrown. */
export async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  return (await errorOf(call))?.code;
}

/** The status with which a call fails, as `NotFound: what the mod says`, or `ok`. Any other failure is thrown. */
export async function statusOf(call: Promise<unknown>): Promise<string> {
  const error = await errorOf(call);
  return error === undefined ? "ok" : `${Code[error.code]}: ${error.rawMessage}`;
}

async function errorOf(call: Promise<unknown>): Promise<ConnectError | undefined> {
  return await call.then(
    () => undefined,
    (error: unknown) => (error instanceof ConnectError ? error : Promise.reject(error)),
  );
}

import { InvalidOptionsError } from "@resoio/core";
import { type ProxyAddress, parseProxyAddress } from "./proxy-address.js";

/** Where a connection or a request goes, and with what right. */
export interface ProxyTarget {
  readonly address: ProxyAddress;
  /** `undefined` for none. */
  readonly token: string | undefined;
}

/** Something, or what finds it whenever it is needed. */
export type Findable<T> = T | (() => T | Promise<T>);

/**
 * Makes what finds the target anew for each connection and each request.
 *
 * Throws `InvalidOptionsError`, at once for what is known already and else when it is found, for a url that is none and for a token
 * that cannot be sent.
 */
export function createTargetFinder(
  url: Findable<string>,
  token: Findable<string> | undefined,
): () => Promise<ProxyTarget> {
  const knownAddress = typeof url === "string" ? parseProxyAddress(url) : undefined;
  if (typeof token === "string") checkToken(token);
  return async () => {
    const address = knownAddress ?? parseProxyAddress(await find(url));
    const found = token === undefined ? "" : await find(token);
    checkToken(found);
    return { address, token: found === "" ? undefined : found };
  };
}

async function find(value: Findable<string>): Promise<string> {
  return typeof value === "string" ? value : await value();
}

/** It travels as the name of a subprotocol, which has the characters of a token in HTTP. */
function checkToken(token: string): void {
  // The message must not hold it.
  if (!/^[\w!#$%&'*+.^`|~-]*$/.test(token)) {
    throw new InvalidOptionsError("the token holds characters that no token of a proxy has; was it copied as a whole?");
  }
}

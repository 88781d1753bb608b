import { InvalidOptionsError } from "@resoio/core";
import { isLoopbackName, parseServerUrl } from "../world/server-url.js";

/** What was asked for, and where to ask. */
export interface WorldTarget {
  /** Of the WorldServer, with a slash at its end. */
  readonly server: string;
  /** What the server is asked for: exactly one of them. */
  readonly wanted: { readonly worldId: string } | { readonly address: string };
}

/**
 * Tells an address (`example.com/world`, in a browser's writing also `https://example.com/world`) from the id of a world, and where
 * to ask for it: at `server`, else at the host of the address, by https, or http on this machine. A page that has but an id asks
 * where it comes from.
 *
 * Throws {@link InvalidOptionsError} when that is nowhere, or a place where anybody on the way could answer.
 */
export function parseWorldTarget(addressOrWorldId: string, server: string | undefined): WorldTarget {
  if (addressOrWorldId.startsWith("medi:")) {
    const base = server ?? pageOrigin();
    if (base === undefined) {
      throw new InvalidOptionsError("the id of a world does not tell where it is: give the server too, or an address");
    }
    return { server: parseServer(base), wanted: { worldId: addressOrWorldId } };
  }
  const address = addressOrWorldId.replace(/^https?:\/\//i, "").replace(/\/+$/, "");
  const host = URL.canParse(`https://${address}`) ? new URL(`https://${address}`) : undefined;
  if (host === undefined || host.username !== "" || host.password !== "" || host.search !== "" || host.hash !== "") {
    throw new InvalidOptionsError(
      `${JSON.stringify(addressOrWorldId)} is neither an address like example.com/world nor an id like medi:world:...`,
    );
  }
  const isSecure = /^https:/i.test(addressOrWorldId) || !isLoopbackName(host.hostname);
  if (isSecure && /^http:/i.test(addressOrWorldId)) {
    throw new InvalidOptionsError(
      "a world on another machine must be asked for by https: anybody could answer otherwise",
    );
  }
  // As the user wrote it: `URL` drops the port 443.
  const [authority = ""] = address.split("/", 1);
  return {
    server: parseServer(server ?? `${isSecure ? "https" : "http"}://${authority}/`),
    wanted: { address: address.toLowerCase() },
  };
}

function parseServer(text: string): string {
  const url = parseServerUrl(text);
  if (url === undefined) {
    throw new InvalidOptionsError(
      `the server must be an https: url, or an http: url on this machine, without user, query and fragment, not ${JSON.stringify(text)}`,
    );
  }
  return url.href;
}

function pageOrigin(): string | undefined {
  return "location" in globalThis && /^https?:/.test(globalThis.location.origin)
    ? `${globalThis.location.origin}/`
    : undefined;
}

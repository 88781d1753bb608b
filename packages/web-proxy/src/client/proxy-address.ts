import { InvalidOptionsError } from "@resoio/core";

/** Where a proxy is reached. */
export interface ProxyAddress {
  /** Of the WebSocket: `ws://127.0.0.1:7707/ws`. */
  readonly webSocketUrl: string;
  /** The same for a plain request. */
  readonly probeUrl: string;
  /** In front of the routes of RPCs: `http://127.0.0.1:7707`, or `http://127.0.0.1:7707/engine/second` for a named upstream. */
  readonly rpcUrl: string;
  /** Short, and without anything secret: what messages call it. */
  readonly label: string;
}

/**
 * Takes the address of a proxy apart. With `ws:`, `wss:`, `http:` or `https:`; with `/ws` or `/ws/<upstream>` at its end or without;
 * in a page also relative to it.
 *
 * Throws {@link InvalidOptionsError} when it is none.
 */
export function parseProxyAddress(url: string): ProxyAddress {
  const parsed = parse(url);
  const isSecure = parsed.protocol === "wss:" || parsed.protocol === "https:";
  if (!isSecure && parsed.protocol !== "ws:" && parsed.protocol !== "http:") {
    throw new InvalidOptionsError(`the proxy's url must begin with ws:, wss:, http: or https:, not ${parsed.protocol}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new InvalidOptionsError("the proxy's url must hold no user and password; give a token instead");
  }
  const [webScheme, httpScheme] = isSecure ? ["wss:", "https:"] : ["ws:", "http:"];
  const { path, prefix, upstream } = splitPath(parsed.pathname);
  const place = `//${parsed.host}`;
  return {
    webSocketUrl: `${webScheme}${place}${path}${parsed.search}`,
    probeUrl: `${httpScheme}${place}${path}${parsed.search}`,
    rpcUrl: `${httpScheme}${place}${prefix}${upstream === undefined ? "" : `/engine/${upstream}`}`,
    label: `${webScheme}${place}${path}`,
  };
}

function parse(url: string): URL {
  const base = "location" in globalThis ? globalThis.location.href : undefined;
  if (!URL.canParse(url, base)) throw new InvalidOptionsError(`${JSON.stringify(url)} is not a url`);
  return new URL(url, base);
}

/** Finds the endpoint in a path: what is in front of it is where somebody has put the proxy. */
function splitPath(pathname: string): { path: string; prefix: string; upstream: string | undefined } {
  const [, prefix, upstream] = /^(.*)\/ws(?:\/([^/]+))?\/?$/.exec(pathname) ?? [];
  if (prefix !== undefined) {
    return { path: `${prefix}/ws${upstream === undefined ? "" : `/${upstream}`}`, prefix, upstream };
  }
  const trimmed = pathname.replace(/\/+$/, "");
  return { path: `${trimmed}/ws`, prefix: trimmed, upstream: undefined };
}

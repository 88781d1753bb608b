import type { IncomingMessage } from "node:http";
import { InvalidOptionsError } from "@resoio/core";
import { isLoopbackHost } from "./loopback.js";
import { isEncrypted } from "./reach.js";

/** Options of {@link OriginPolicy}. */
export interface OriginPolicyOptions {
  /** What the proxy listens on; `undefined` where that is somebody else's matter. */
  readonly host: string | undefined;
  /** Further names that the proxy goes by, `name` or `name:port`. */
  readonly allowHosts: readonly string[];
  /** Other origins whose pages may call: `https://name:port`. */
  readonly allowOrigins: readonly string[];
}

interface HostName {
  readonly name: string;
  /** As it is written; `undefined` for none. */
  readonly port: number | undefined;
}

const localNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]", ""]);

/**
 * Tells requests of our own pages from those of other people's. A page that talks to us by a name of its own, which its owner has
 * pointed at this machine (DNS rebinding), betrays itself by `Host`; a page of another site by `Origin`.
 */
export class OriginPolicy {
  /** What the proxy listens on, where that is a name or an address and not every one of them. */
  readonly #listenName: string | undefined;
  readonly #hosts: readonly HostName[];
  readonly #origins: ReadonlySet<string>;

  /** Throws {@link InvalidOptionsError} for names and origins that are none. */
  constructor({ host = "", allowHosts, allowOrigins }: OriginPolicyOptions) {
    this.#listenName = wildcards.has(host) || isLoopbackHost(host) ? undefined : bracketed(host.toLowerCase());
    this.#hosts = allowHosts.map(parseAllowedHost);
    this.#origins = new Set(allowOrigins.map(parseAllowedOrigin));
  }

  /** Whether the request was sent to a name that this proxy goes by. */
  isOwnHost(request: IncomingMessage): boolean {
    const host = parseHost(request.headers.host);
    if (host === undefined) return false;
    const isOwnName = localNames.has(host.name) || host.name === this.#listenName;
    if (isOwnName && isOwnPort(host, request)) return true;
    return this.#hosts.some(({ name, port }) => name === host.name && (port === undefined || port === host.port));
  }

  /** Whether it was sent to this very machine: `localhost`, `127.0.0.1` or `[::1]`, and our port or one that was allowed. */
  isLocalHost(request: IncomingMessage): boolean {
    return localNames.has(parseHost(request.headers.host)?.name ?? "") && this.isOwnHost(request);
  }

  /** Whether the request comes from one of our pages, one of an allowed origin, or no page at all. */
  isOwnOrigin(request: IncomingMessage): boolean {
    const { origin, host } = request.headers;
    const scheme = isEncrypted(request) ? "https" : "http";
    return origin === undefined || this.#origins.has(origin) || origin === `${scheme}://${host?.toLowerCase()}`;
  }
}

/** A Unix domain socket has no port, and whoever speaks to it may have any in mind. */
function isOwnPort({ port }: HostName, request: IncomingMessage): boolean {
  const { localAddress, localPort } = request.socket;
  return localAddress === undefined || (port ?? (isEncrypted(request) ? 443 : 80)) === localPort;
}

function parseHost(text: string | undefined): HostName | undefined {
  const [, name, port] = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?$/i.exec(text ?? "") ?? [];
  return name === undefined
    ? undefined
    : { name: name.toLowerCase(), port: port === undefined ? undefined : Number(port) };
}

function parseAllowedHost(text: string): HostName {
  const host = parseHost(text);
  if (host === undefined || host.name.includes("*")) {
    throw new InvalidOptionsError(
      `allowHosts must be made of names like "my-pc.local" or "my-pc.local:7707", not ${JSON.stringify(text)}`,
    );
  }
  return host;
}

function parseAllowedOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url?.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  if (url === undefined || !isOrigin || !/^https?:$/.test(url.protocol) || url.hostname.includes("*")) {
    throw new InvalidOptionsError(
      `allowOrigins must be made of origins like "http://localhost:5173", not ${JSON.stringify(text)}. ` +
        "There is no wildcard: every page that somebody opens could steer the game.",
    );
  }
  return url.origin;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

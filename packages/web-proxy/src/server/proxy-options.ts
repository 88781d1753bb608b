import { type Access, InvalidOptionsError, type Logger, type ResoniteTransport, silentLogger } from "@resoio/core";
import { maxTimerMs } from "@resoio/core/internal";
import { isLoopbackHost } from "./access/loopback.js";
import { checkAccess, tokenKey } from "./access/tokens.js";
import type { Channel } from "./channels/channel.js";
import type { ClientHooks } from "./client-registry.js";
import { defaultContentSecurityPolicy } from "./http/security-headers.js";
import type { StaticFilesOptions } from "./http/static-files.js";
import { resolveWebSocketLimits, type WebSocketLimits } from "./websocket/websocket-limits.js";
import type { EngineSource } from "./world/engine-source.js";
import type { ProxyWorldOptions } from "./world/proxy-world.js";

/** What clients may take. Times are in milliseconds. */
export interface ProxyLimits extends WebSocketLimits {
  /** How many network connections there may be, of whatever kind. One more is dropped at once. Default 2,000. */
  readonly maxSockets: number;
  /**
   * How many calls a client may make each second, in the long run; twice as many at once. More end with `ResourceExhausted`.
   * HTTP requests are counted by the network that they come from. Default 500.
   */
  readonly acceptedCallsPerSecond: number;
  /**
   * How many attempts at `Auth.Login` may be made each minute, in the long run and at once, from one network and with one token.
   * More end with `ResourceExhausted`. Default 5.
   */
  readonly loginAttemptsPerMinute: number;
  /** How many channels one connection may be in. One more is refused with `ResourceExhausted`. Default 16. */
  readonly maxChannels: number;
  /** How long a client may take to send the headers of an HTTP request. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** How long a client may take to send an HTTP request with its body. Default 30,000. */
  readonly requestTimeoutMs: number;
}

/** A channel of whatever messages. */
export type ServedChannel = Pick<Channel, "name" | "close">;

/** Options of every proxy, whatever it listens on. */
export interface CommonProxyOptions extends ClientHooks {
  /** The mod that clients reach who name none. It is named `default`. */
  readonly upstream?: ResoniteTransport;
  /** Mods by name, at `/ws/<name>` and `/engine/<name>/...`. One named `default` is the same as {@link upstream}. */
  readonly upstreams?: Readonly<Record<string, ResoniteTransport>>;
  /**
   * Mods that come and go. Each is at `/ws/<name>` while it runs. Without {@link upstream} the only one of them is meant where none is
   * named. Their transports stay the source's.
   */
  readonly engines?: EngineSource;
  /**
   * What `createChannel` has made: messages of one's own, for clients of whatever engine. With them there need not be any engine. They
   * stay the caller's: stopping the proxy ends the calls of its clients, not the channels.
   */
  readonly channels?: readonly ServedChannel[];
  /** Shows all mods as instances of a VirMesh world, at `/public/...` and `/private/...`. Default: no world. */
  readonly world?: ProxyWorldOptions;
  /** Whether stopping the proxy closes the transports too. Default false. */
  readonly ownsUpstreams?: boolean;
  /** Further names by which clients reach the proxy: `name` or `name:port`. Default: `localhost`, `127.0.0.1`, `[::1]`, and `host`. */
  readonly allowHosts?: readonly string[];
  /** Other origins whose pages may use the proxy as its own pages do: `http://localhost:5173`. Default none. */
  readonly allowOrigins?: readonly string[];
  /** What tokens are signed with, at least 32 bytes; see `createToken`. Default: no token is accepted. */
  readonly tokenSecret?: string | Uint8Array;
  /**
   * What may be done without a token, by programs on this machine and by pages of the proxy and of {@link allowOrigins} in its
   * browsers. Default `["observe", "control"]`. Empty: nothing.
   */
  readonly anonymousAccess?: readonly Access[];
  /** A folder of files to serve. Default none. */
  readonly staticDirectory?: string;
  /** How they are served. */
  readonly staticFiles?: StaticFilesOptions;
  /** The `Content-Security-Policy` of these files. Default: pages may load what comes from the proxy. Empty: none. */
  readonly contentSecurityPolicy?: string;
  /** What clients may take. */
  readonly limits?: Partial<ProxyLimits>;
  /** Told when clients come and go. Default: silent. */
  readonly logger?: Logger;
}

/** Options of `createProxy`. */
export interface ProxyOptions extends CommonProxyOptions {
  /**
   * The address to listen on. Default `127.0.0.1`: this machine only. For one that others can reach {@link tokenSecret} and
   * {@link tls} must be given.
   */
  readonly host?: string;
  /**
   * The port to listen on. Default 7707. When it is taken, the next one that is free, of the hundred that follow; `WebProxy.port` tells
   * which. 0: any that is free.
   */
  readonly port?: number;
  /** Whether a port that is taken is an error. Default false. */
  readonly strictPort?: boolean;
  /** Certificate and private key, as PEM: speaks HTTPS only. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
}

/** {@link CommonProxyOptions} that were looked at, with what they leave out. */
export interface ResolvedProxyOptions {
  readonly upstreams: ReadonlyMap<string, ResoniteTransport>;
  readonly engines: EngineSource | undefined;
  readonly channels: readonly ServedChannel[];
  readonly world: ProxyWorldOptions | undefined;
  readonly ownsUpstreams: boolean;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
  readonly tokenKey: Uint8Array | undefined;
  readonly anonymousAccess: readonly Access[];
  readonly staticDirectory: string | undefined;
  readonly staticFiles: StaticFilesOptions | undefined;
  readonly contentSecurityPolicy: string;
  readonly limits: ProxyLimits;
  readonly logger: Logger;
  readonly hooks: ClientHooks;
}

/** Where and how a proxy listens. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly strictPort: boolean;
  readonly tls: ProxyOptions["tls"];
}

/** The name of the upstream that clients reach who name none. */
export const defaultUpstreamName = "default";

const defaultLimits: Omit<ProxyLimits, keyof WebSocketLimits> = {
  maxSockets: 2_000,
  acceptedCallsPerSecond: 500,
  loginAttemptsPerMinute: 5,
  maxChannels: 16,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
};

/** Fills in what is left out. Throws {@link InvalidOptionsError}, which says what to do, for what cannot be. */
export function resolveProxyOptions(options: CommonProxyOptions): ResolvedProxyOptions {
  const { tokenSecret, anonymousAccess = ["observe", "control"], allowHosts = [], allowOrigins = [] } = options;
  const { staticDirectory, staticFiles, logger = silentLogger, ownsUpstreams = false } = options;
  const { contentSecurityPolicy = defaultContentSecurityPolicy, onClientConnect, onClientDisconnect } = options;
  checkAccess(anonymousAccess, "anonymousAccess");
  return {
    upstreams: collectUpstreams(options),
    engines: options.engines,
    channels: options.channels ?? [],
    world: options.world,
    ownsUpstreams,
    allowHosts,
    allowOrigins,
    tokenKey: tokenSecret === undefined ? undefined : tokenKey(tokenSecret),
    anonymousAccess,
    staticDirectory,
    staticFiles,
    contentSecurityPolicy,
    limits: resolveLimits(options.limits),
    logger,
    hooks: { onClientConnect, onClientDisconnect },
  };
}

/** The same for where to listen. Also throws for what would not be safe. */
export function resolveListenOptions(options: ProxyOptions): ListenOptions {
  const { host = "127.0.0.1", port = 7707, strictPort = false, tls } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidOptionsError(`port must be a whole number from 0 to 65535, not ${port}`);
  }
  // As a URL writes an address.
  const plainHost = host.replace(/^\[(.*)\]$/, "$1");
  checkReach(plainHost, options);
  return { host: plainHost, port, strictPort, tls };
}

/** Whoever can reach the proxy can steer the game. */
function checkReach(host: string, { tls, tokenSecret }: ProxyOptions): void {
  if (isLoopbackHost(host) || (tls !== undefined && tokenSecret !== undefined)) return;
  const missing = [
    ...(tokenSecret === undefined ? ["a token secret (tokenSecret, --token-secret-file)"] : []),
    ...(tls === undefined ? ["TLS (tls, --tls-cert and --tls-key)"] : []),
  ].join(" and ");
  throw new InvalidOptionsError(
    `the proxy would listen on ${JSON.stringify(host)}, where other machines can reach it and, with it, the game and the account ` +
      `of the player. For that it needs ${missing}. Without, listen on 127.0.0.1 and let something like SSH carry the port.`,
  );
}

/** Throws {@link InvalidOptionsError} for what is a path of its own, or needs to be encoded in one. */
export function checkUpstreamName(name: string): void {
  if (/^[a-z\d][\w.-]{0,63}$/i.test(name)) return;
  const rule = "1 to 64 letters, digits, dots, dashes and underscores, the first a letter or a digit";
  throw new InvalidOptionsError(`${JSON.stringify(name)} cannot be the name of an upstream: it takes ${rule}`);
}

function collectUpstreams(options: CommonProxyOptions): ReadonlyMap<string, ResoniteTransport> {
  const { upstream, upstreams = {}, engines, channels = [] } = options;
  const found = new Map(Object.entries(upstreams));
  for (const name of found.keys()) checkUpstreamName(name);
  if (upstream !== undefined) {
    if (found.has(defaultUpstreamName)) {
      throw new InvalidOptionsError(`upstream and upstreams.${defaultUpstreamName} are the same: give one of them`);
    }
    found.set(defaultUpstreamName, upstream);
  }
  if (found.size === 0 && engines === undefined && channels.length === 0) {
    throw new InvalidOptionsError("there is nothing to serve: give upstream, upstreams, engines or channels");
  }
  return found;
}

function resolveLimits(limits: Partial<ProxyLimits> = {}): ProxyLimits {
  const resolved = { ...defaultLimits, ...limits };
  for (const name of ["maxSockets", "acceptedCallsPerSecond", "loginAttemptsPerMinute", "maxChannels"] as const) {
    checkLimit(name, resolved[name], Number.MAX_SAFE_INTEGER);
  }
  for (const name of ["headersTimeoutMs", "requestTimeoutMs"] as const) checkLimit(name, resolved[name], maxTimerMs);
  return { ...resolved, ...resolveWebSocketLimits(limits) };
}

function checkLimit(name: string, value: number, most: number): void {
  if (value >= 1 && value <= most) return;
  throw new InvalidOptionsError(`limits.${name} must be from 1 to ${most}, not ${value}`);
}

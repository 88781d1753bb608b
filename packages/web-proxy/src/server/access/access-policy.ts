import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Access } from "@resoio/core";
import { tokenSubprotocolPrefix } from "../../wire/protocol.js";
import { isLoopbackAddress } from "./loopback.js";
import type { OriginPolicy } from "./origin-policy.js";
import { isEncrypted, isLocalConnection } from "./reach.js";
import { TokenRefusedError, verifyToken } from "./tokens.js";

/** Who somebody is, and what he may do. */
export interface Granted {
  readonly isGranted: true;
  /** The access classes of the RPCs that he may call. */
  readonly access: ReadonlySet<Access>;
  /** The name in his token; `undefined` without a token. */
  readonly name: string | undefined;
  /** When the grant ends, as Unix time in milliseconds; `undefined` for one that does not. */
  readonly expiresAt: number | undefined;
}

/** Why somebody may do nothing. */
export interface Refusal {
  readonly isGranted: false;
  /** What is wrong: how the request came, the name that it came to, the page that it came from, or its token. */
  readonly cause: "reach" | "host" | "origin" | "token";
  /** The HTTP status: 421 for a name that is not ours, 401 for a token that is missing or not accepted, else 403. */
  readonly status: 401 | 403 | 421;
  /** A sentence that may be shown to whoever asked. */
  readonly message: string;
}

/** Decides who may do what. */
export interface AccessPolicy {
  /** Whether a request comes over a network that it must not come over, to a wrong name or from a foreign page. */
  checkOrigin(request: IncomingMessage): Refusal | undefined;
  /** Decides over a request, by its origin and then its token. */
  authorize(request: IncomingMessage): Promise<Granted | Refusal>;
}

/** Options of {@link createAccessPolicy}. */
export interface AccessPolicyOptions {
  readonly origins: OriginPolicy;
  /** What tokens are signed with. `undefined`: no token is accepted. */
  readonly tokenKey: Uint8Array | undefined;
  /** What may be done without a token, from this machine. Empty: nothing. */
  readonly anonymousAccess: readonly Access[];
}

/** Makes the policy of a proxy. */
export function createAccessPolicy({ origins, tokenKey, anonymousAccess }: AccessPolicyOptions): AccessPolicy {
  const anonymous: Granted = {
    isGranted: true,
    access: new Set(anonymousAccess),
    name: undefined,
    expiresAt: undefined,
  };

  function checkOrigin(request: IncomingMessage): Refusal | undefined {
    const { host, origin } = request.headers;
    if (!isLocalConnection(request) && (tokenKey === undefined || !isEncrypted(request))) {
      return refuse("reach", "this proxy serves other machines only with tokens (tokenSecret) and over TLS");
    }
    if (!origins.isOwnHost(request)) {
      return refuse("host", `this proxy does not go by the name ${quoted(host)}; allowHosts (--allow-host) can add it`);
    }
    if (!origins.isOwnOrigin(request)) {
      return refuse(
        "origin",
        `pages of ${quoted(origin)} may not use this proxy; allowOrigins (--allow-origin) can allow them`,
      );
    }
    return undefined;
  }

  return {
    checkOrigin,
    async authorize(request) {
      const refusal = checkOrigin(request);
      if (refusal !== undefined) return refusal;
      const token = tokenOf(request.headers);
      if (token === undefined) {
        const isTrusted = anonymousAccess.length > 0 && origins.isLocalHost(request) && isFromHere(request);
        return isTrusted ? anonymous : refuse("token", "this needs a token, which `resoio-proxy token` makes");
      }
      if (tokenKey === undefined) return refuse("token", "this proxy takes no tokens, as it has no secret for them");
      try {
        return { isGranted: true, ...(await verifyToken(token, tokenKey)) };
      } catch (error) {
        if (error instanceof TokenRefusedError) return refuse("token", error.message);
        throw error;
      }
    },
  };
}

const statuses = { reach: 403, host: 421, origin: 403, token: 401 } as const;

function refuse(cause: Refusal["cause"], message: string): Refusal {
  return { isGranted: false, cause, status: statuses[cause], message };
}

/** What other proxies put to the requests that they pass on. */
const forwardingHeaders = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/** Whether it was sent by a program on this machine, and not by one that passes on what comes from elsewhere. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  return isLoopbackAddress(socket.remoteAddress) && !forwardingHeaders.some((name) => headers[name] !== undefined);
}

/** Browsers cannot send headers with a WebSocket, so there the token comes among the subprotocols. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization, "sec-websocket-protocol": offered = "" } = headers;
  // Whoever sends something else here means to be somebody, and must not be taken for nobody.
  if (authorization !== undefined) return /^bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? "";
  return offered
    .split(",")
    .map((name) => name.trim())
    .find((name) => name.startsWith(tokenSubprotocolPrefix))
    ?.slice(tokenSubprotocolPrefix.length);
}

/** As it is shown in a message: short, and without what could be taken for a part of it. */
function quoted(text: string | undefined): string {
  return text === undefined ? "nothing" : JSON.stringify(text.slice(0, 100));
}

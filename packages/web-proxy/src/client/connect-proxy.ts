import { type OpenOptions, Resonite } from "@resoio/core";
import { checkVersion } from "@resoio/core/internal";
import { createWebSocketTransport, type WebSocketTransportOptions } from "./create-web-socket-transport.js";

/** Options of {@link connectProxy}. `signal` and `timeoutMs` are for connecting only. */
export interface ConnectProxyOptions extends WebSocketTransportOptions, OpenOptions {}

/**
 * Connects to a resoio proxy. When the connection is lost it comes back by itself, so the same object goes on working;
 * `Resonite.status` tells what happens.
 *
 * With a `logger`, the first connection of a page asks the mod for its version and warns when it is not the one that these
 * packages were made for. It does not wait for that.
 *
 * Throws `InvalidOptionsError` for options that cannot be, and a `ConnectError` when the connection cannot be opened:
 * `Unavailable` when nobody answers, `Unauthenticated` when the token is missing, forged or expired, `PermissionDenied` when the proxy
 * does not let in pages of this origin, `DeadlineExceeded`, `NotFound` when it has no such upstream, and `Unknown` when something
 * else than a proxy answers.
 */
export async function connectProxy(options: ConnectProxyOptions): Promise<Resonite> {
  const { signal, timeoutMs, ...transportOptions } = options;
  const transport = createWebSocketTransport(transportOptions);
  try {
    await transport.open({ signal, timeoutMs });
  } catch (error) {
    await transport.close();
    throw error;
  }
  const { logger } = transportOptions;
  if (logger !== undefined) void checkVersion(transport, logger);
  return new Resonite(transport);
}

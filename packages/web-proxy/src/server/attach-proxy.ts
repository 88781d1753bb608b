import type { Server } from "node:http";
import { Server as SecureServer } from "node:https";
import { InvalidOptionsError } from "@resoio/core";
import { isLoopbackHost } from "./access/loopback.js";
import { localUrl } from "./http/local-url.js";
import { mountOn } from "./http/mounts.js";
import { ProxyCore } from "./proxy-core.js";
import { ProxyHandle } from "./proxy-handle.js";
import { type CommonProxyOptions, type ResolvedProxyOptions, resolveProxyOptions } from "./proxy-options.js";
import type { AttachedProxy } from "./web-proxy.js";

/**
 * Options of {@link attachProxy}. Of the `limits`, those of connections, headers and uploads (`maxSockets`, `headersTimeoutMs`,
 * `requestTimeoutMs`) are the server's matter.
 */
export interface AttachOptions extends CommonProxyOptions {
  /**
   * Where on the server: `/resonite`, `/some/path`. The WebSocket is at `/some/path/ws` then, and so on. What comes there is the
   * proxy's alone, everything else the server's. `/`: everything is the proxy's.
   */
  readonly path: string;
}

/**
 * Puts a proxy on somebody else's server, which may listen already or later, at a port or a Unix domain socket, with TLS or without.
 * Several may be on one, at different paths.
 *
 * The server stays its owner's. {@link RunningProxy.stop} takes the proxy off it; stop it before the server is closed, which waits for
 * its WebSockets otherwise.
 *
 * Who comes from another machine is refused with HTTP 403, unless the server speaks TLS and there is a {@link CommonProxyOptions.tokenSecret}.
 * Names by which the server is reached are in `allowHosts`.
 *
 * Throws {@link InvalidOptionsError} for options that cannot be, and for a path that is taken.
 */
export async function attachProxy(server: Server | SecureServer, options: AttachOptions): Promise<AttachedProxy> {
  const mountPath = parsePath(options.path);
  const common = resolveProxyOptions(options);
  const core = await ProxyCore.create(common, { mountPath });
  const unmount = mountOn(server, {
    path: mountPath,
    onRequest: (request, response, url) => core.handleRequest(request, response, url),
    onWebSocket: (request, socket, head, url) => core.handleWebSocket(request, socket, head, url),
  });
  const warn = (): void => warnOfReach(server, common);
  server.on("listening", warn);
  if (server.listening) warn();
  core.start({
    close() {},
    async release() {
      unmount();
      server.off("listening", warn);
    },
  });
  return new MountedProxy(core, server, mountPath);
}

class MountedProxy extends ProxyHandle implements AttachedProxy {
  readonly path: string;
  readonly #server: Server;

  constructor(core: ProxyCore, server: Server, mountPath: string) {
    super(core);
    this.path = `${mountPath}/`;
    this.#server = server;
  }

  get url(): string | undefined {
    const bound = this.#server.address();
    if (typeof bound !== "object" || bound === null) return undefined;
    const { address, port } = bound;
    const isEncrypted = this.#server instanceof SecureServer;
    return `${localUrl({ host: address, address, port, isEncrypted })}${this.path}`;
  }
}

function parsePath(path: string): string {
  const trimmed = path.replace(/\/$/, "");
  const isPath = /^(\/[\w.~-]+)*$/.test(trimmed) && !/\/\.{1,2}(\/|$)/.test(trimmed);
  if (isPath && path.startsWith("/")) return trimmed;
  throw new InvalidOptionsError(
    `path must be like "/resonite" or "/some/path", of letters, digits, dots, dashes and underscores, not ${JSON.stringify(path)}`,
  );
}

function warnOfReach(server: Server, { tokenKey, logger }: ResolvedProxyOptions): void {
  const bound = server.address();
  if (typeof bound !== "object" || bound === null || isLoopbackHost(bound.address)) return;
  if (tokenKey !== undefined && server instanceof SecureServer) return;
  logger.warn(
    `the server listens on ${bound.address}, where other machines can reach it: they are refused, as the proxy serves them only ` +
      "with a tokenSecret and over TLS",
  );
}

import { OwnServer } from "./http/own-server.js";
import { ProxyCore } from "./proxy-core.js";
import { ProxyHandle } from "./proxy-handle.js";
import { type ProxyOptions, resolveListenOptions, resolveProxyOptions } from "./proxy-options.js";
import type { WebProxy } from "./web-proxy.js";

/**
 * Starts a proxy: on one port a WebSocket at `/ws`, the Connect protocol and gRPC-Web at `/resonite_io.v1.<Service>/<Method>`,
 * `/healthz`, `/metrics`, and static files. Resolves when it listens.
 *
 * Without configuration only programs on this machine can reach it, no foreign page can use it, and neither signing in nor changes
 * that outlive the game are possible.
 *
 * Throws `InvalidOptionsError` for options that cannot be, or would not be safe, and `ListenError` when it cannot listen.
 */
export async function createProxy(options: ProxyOptions): Promise<WebProxy> {
  const common = resolveProxyOptions(options);
  const { tls, ...where } = resolveListenOptions(options);
  const { limits, logger } = common;
  const core = await ProxyCore.create(common, { host: where.host, mountPath: "" });
  const server = new OwnServer({
    tls,
    limits,
    onRequest: (request, response) => core.handleRequest(request, response),
    onWebSocket: (request, socket, head) => core.handleWebSocket(request, socket, head),
    onDrop: () => core.connectionDropped(),
    logger,
  });
  await server.listen(where);
  core.start(server);
  logger.info(`the proxy listens at ${server.url}`);
  return new ListeningProxy(core, server);
}

class ListeningProxy extends ProxyHandle implements WebProxy {
  readonly #server: OwnServer;

  constructor(core: ProxyCore, server: OwnServer) {
    super(core);
    this.#server = server;
  }

  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }
}

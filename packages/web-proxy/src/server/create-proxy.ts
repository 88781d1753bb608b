import { once } from "node:events";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { InvalidOptionsError, type ResoniteTransport } from "@resoio/core";
import { createAccessPolicy } from "./access/access-policy.js";
import { OriginPolicy } from "./access/origin-policy.js";
import { RateLimiter } from "./access/rate-limiter.js";
import { createCallGate } from "./call-gate.js";
import { ClientRegistry, type ConnectedClient } from "./client-registry.js";
import { UpstreamStates } from "./http/health.js";
import { createHttpHandler } from "./http/http-handler.js";
import { createHttpServer } from "./http/http-server.js";
import { ProxyMetrics } from "./http/metrics.js";
import { createStaticFiles, type StaticFiles } from "./http/static-files.js";
import { OpenCalls } from "./open-calls.js";
import type { ProxyClient } from "./proxy-client.js";
import { type ProxyEngine, ProxyEngines } from "./proxy-engines.js";
import {
  checkUpstreamName,
  defaultUpstreamName,
  type ProxyOptions,
  type ResolvedProxyOptions,
  resolveProxyOptions,
} from "./proxy-options.js";
import { createWebSocketEndpoint, type WebSocketEndpoint } from "./websocket/websocket-endpoint.js";
import { createProxyWorld, type ProxyWorld } from "./world/proxy-world.js";

/** Options of {@link WebProxy.stop}. */
export interface StopOptions {
  /** How long calls that are under way may last, in milliseconds. Then they end with `Unavailable`. Default 5,000. 0: not at all. */
  readonly drainMs?: number;
}

/** A proxy that listens. */
export interface WebProxy extends AsyncDisposable {
  /** Where it can be reached from this machine: `http://127.0.0.1:7707`. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /** Those who are connected now. */
  readonly clients: readonly ConnectedClient[];
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;
  /**
   * Stands in front of one more mod from now on, at `/ws/<name>` and `/engine/<name>/...`. One with the same name is removed first.
   * The transport stays the caller's.
   *
   * Throws {@link InvalidOptionsError} for a name that cannot be in a path, and for that of an upstream of the options.
   */
  addUpstream(name: string, transport: ResoniteTransport): void;
  /**
   * Stands in front of a mod no more that {@link addUpstream} brought: calls end with `Unavailable`, WebSockets are closed with 1000;
   * `reason`, a short sentence, is told to all of them. Nothing happens when there is none with this name.
   */
  removeUpstream(name: string, reason: string): void;
  /**
   * Stops: takes no new connections and calls, lets the calls come to an end that are under way, then closes every connection, the
   * WebSockets with 1001. May be called again, as with a shorter time.
   */
  stop(options?: StopOptions): Promise<void>;
  /** The same as {@link stop} with `drainMs: 0`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a proxy: on one port a WebSocket at `/ws`, the Connect protocol and gRPC-Web at `/resonite_io.v1.<Service>/<Method>`,
 * `/healthz`, `/metrics`, and static files. Resolves when it listens.
 *
 * Without configuration only programs on this machine can reach it, no foreign page can use it, and neither signing in nor changes
 * that outlive the game are possible.
 *
 * Throws {@link InvalidOptionsError} for options that cannot be, or would not be safe, and the system's error when it cannot listen.
 */
export async function createProxy(options: ProxyOptions): Promise<WebProxy> {
  const resolved = resolveProxyOptions(options);
  const { staticDirectory } = resolved;
  const staticFiles = staticDirectory === undefined ? undefined : await createStaticFiles(staticDirectory);
  const proxy = new WebProxyImpl(resolved, staticFiles);
  await proxy.listen();
  return proxy;
}

/** How long the last answers may take to leave, in milliseconds, once the calls are over. */
const lingerMs = 1_000;
const stopReason = "the proxy is stopping";

class WebProxyImpl implements WebProxy {
  readonly #options: ResolvedProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #openCalls = new OpenCalls();
  readonly #clients: ClientRegistry;
  readonly #states = new UpstreamStates();
  readonly #metrics: ProxyMetrics;
  readonly #engines: ProxyEngines;
  readonly #world: ProxyWorld | undefined;
  readonly #webSockets: WebSocketEndpoint;
  readonly #cutShort = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #isStopping = false;
  #port = 0;

  constructor(options: ResolvedProxyOptions, staticFiles: StaticFiles | undefined) {
    this.#options = options;
    const { tls, limits, logger, hooks, anonymousAccess, contentSecurityPolicy } = options;
    this.#clients = new ClientRegistry({ hooks, logger });
    this.#metrics = new ProxyMetrics({
      clients: () => this.#clients,
      upstreams: this.#states,
      hubs: () => [...this.#engines.hubs()].map(([name, hub]) => [name, hub.stats()] as const),
    });
    this.#engines = this.#createEngines();
    this.#world =
      options.world &&
      createProxyWorld(options.world, {
        engines: this.#engines.connected,
        isEncrypted: tls !== undefined,
        isInUse: (engine) => this.#engines.isInUse(engine, (name) => this.#engineOf(name)?.name),
        onClosed: (id, reason) => this.#engines.disconnect(id, reason),
        logger,
      });
    const origins = new OriginPolicy({ ...options, isEncrypted: tls !== undefined });
    const policy = createAccessPolicy({ origins, tokenKey: options.tokenKey, anonymousAccess });
    this.#server = createHttpServer({ tls, limits });
    this.#watchConnections();
    this.#server.on(
      "request",
      createHttpHandler({
        policy,
        gateFor: (name) => this.#engineOf(name),
        world: this.#world,
        clients: {
          add: (client) => this.#addClient(client),
          remove: (client, reason) => this.#removeClient(client, reason),
        },
        upstreams: this.#states,
        metrics: this.#metrics,
        staticFiles,
        contentSecurityPolicy,
        maxMessageBytes: limits.maxMessageBytes,
        notReadingTimeoutMs: limits.notReadingTimeoutMs,
        logger,
      }),
    );
    this.#webSockets = createWebSocketEndpoint({
      authorize: async (request) => {
        const decision = await policy.authorize(request);
        if (!decision.isGranted) this.#metrics.refused(decision.status);
        return decision;
      },
      gateFor: (name) => this.#engineOf(name)?.gate,
      defaultUpstream: defaultUpstreamName,
      limits,
      onConnect: (client) => this.#addClient(client),
      onDisconnect: (client, { message }) => this.#removeClient(client, message),
      logger,
    });
    this.#server.on("upgrade", (request, socket, head) => this.#webSockets.handleUpgrade(request, socket, head));
  }

  get url(): string {
    const { host, tls } = this.#options;
    const name = host === "0.0.0.0" || host === "::" || host === "" ? "localhost" : host;
    return `${tls === undefined ? "http" : "https"}://${name.includes(":") ? `[${name}]` : name}:${this.port}`;
  }

  get port(): number {
    return this.#port;
  }

  get clients(): readonly ConnectedClient[] {
    return [...this.#clients];
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Resolves when connections are accepted. */
  async listen(): Promise<void> {
    const { host, port, upstreams, logger } = this.#options;
    this.#server.listen({ host, port });
    // Rejects when an error comes instead.
    await once(this.#server, "listening");
    this.#server.on("error", (error) => logger.warn(`a connection could not be accepted: ${error.message}`));
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
    for (const [name, transport] of upstreams) this.#engines.add(name, transport);
    this.#engines.start();
    this.#world?.server.start();
    logger.info(`the proxy listens at ${this.url}`);
  }

  addUpstream(name: string, transport: ResoniteTransport): void {
    checkUpstreamName(name);
    this.#checkIsNotFixed(name);
    if (!this.#isStopping) this.#engines.add(name, transport);
  }

  removeUpstream(name: string, reason: string): void {
    this.#checkIsNotFixed(name);
    this.#engines.remove(name, reason);
  }

  async stop({ drainMs = 5_000 }: StopOptions = {}): Promise<void> {
    const webSocketsClosed = this.#webSockets.close(stopReason, { drainMs });
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#stopped.resolve(this.#stop(webSocketsClosed));
    }
    const timer = setTimeout(() => this.#cutShort.resolve(), drainMs);
    try {
      await this.#stopped.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ drainMs: 0 });
  }

  #createEngines(): ProxyEngines {
    const { limits, engines: source } = this.#options;
    const { acceptedCallsPerSecond, loginAttemptsPerMinute } = limits;
    const callRate = new RateLimiter({ perSecond: acceptedCallsPerSecond, burst: 2 * acceptedCallsPerSecond });
    const loginRate = new RateLimiter({ perSecond: loginAttemptsPerMinute / 60, burst: loginAttemptsPerMinute });
    const rates = { openCalls: this.#openCalls, callRate, loginRate, observer: this.#metrics };
    return new ProxyEngines({
      createGate: (hub) => createCallGate({ hub, ...rates }),
      states: this.#states,
      clients: () => this.#clients,
      source,
    });
  }

  /** By its own name, or by the id of the instance that runs on it. */
  #engineOf(name: string | undefined): ProxyEngine | undefined {
    const instance = name === undefined ? undefined : this.#world?.server.directory.engineOf(name);
    return this.#engines.find(instance?.name ?? name);
  }

  #checkIsNotFixed(name: string): void {
    if (!this.#options.upstreams.has(name)) return;
    throw new InvalidOptionsError(`the upstream ${JSON.stringify(name)} came with the options and stays`);
  }

  #watchConnections(): void {
    const { tls } = this.#options;
    this.#server.on("drop", () => this.#metrics.connectionDropped());
    // Above TLS, where there is some: what was written there has to go out.
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  #addClient(client: ProxyClient): void {
    this.#metrics.clientConnected(client);
    this.#clients.add(client);
  }

  #removeClient(client: ProxyClient, reason: string): void {
    if (this.#clients.remove(client, reason)) this.#metrics.clientGone(client);
  }

  async #stop(webSocketsClosed: Promise<void>): Promise<void> {
    const { ownsUpstreams, upstreams, logger } = this.#options;
    const serverClosed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const stopping = new ConnectError(stopReason, Code.Unavailable);
    this.#openCalls.refuse(stopping);
    await Promise.race([this.#openCalls.drained(), this.#cutShort.promise]);
    this.#world?.server.stop();
    this.#engines.close(stopping);
    await webSocketsClosed;
    await withinLinger(this.#clients.empty());
    for (const socket of this.#sockets) socket.destroySoon();
    await withinLinger(serverClosed);
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await serverClosed;
    this.#states.stop();
    if (ownsUpstreams) {
      for (const transport of upstreams.values()) await transport[Symbol.asyncDispose]?.();
    }
    logger.info("the proxy has stopped");
  }
}

/** Waits for `event`, but not for long. */
async function withinLinger(event: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lingerMs);
  await Promise.race([event, promise]);
  clearTimeout(timer);
}

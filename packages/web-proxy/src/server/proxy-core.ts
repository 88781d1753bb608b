import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import { InvalidOptionsError, type ResoniteTransport } from "@resoio/core";
import { Channels } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { backgroundClock } from "@resoio/core/internal";
import type { Recording } from "@resoio/recording";
import { createAccessPolicy } from "./access/access-policy.js";
import { OriginPolicy } from "./access/origin-policy.js";
import { RateLimiter } from "./access/rate-limiter.js";
import { type CallTarget, createCallGate } from "./call-gate.js";
import { ChannelHost } from "./channels/channel-host.js";
import { ClientRegistry } from "./client-registry.js";
import { ClientHandle, type ConnectedClient } from "./connected-client.js";
import { UpstreamStates } from "./http/health.js";
import { HttpHandler } from "./http/http-handler.js";
import { ProxyMetrics } from "./http/metrics.js";
import { OpenRequests } from "./http/open-requests.js";
import { createStaticFiles, type StaticFiles } from "./http/static-files.js";
import { OpenCalls } from "./open-calls.js";
import type { ProxyClient } from "./proxy-client.js";
import type { ProxyDoor } from "./proxy-door.js";
import { type ProxyEngine, ProxyEngines } from "./proxy-engines.js";
import { checkUpstreamName, defaultUpstreamName, type ResolvedProxyOptions } from "./proxy-options.js";
import type { ProxyRecordingOptions } from "./recording/proxy-recording-options.js";
import { ProxyRecordings } from "./recording/proxy-recordings.js";
import type { StopOptions } from "./web-proxy.js";
import { createWebSocketEndpoint, type WebSocketEndpoint } from "./websocket/websocket-endpoint.js";
import { createProxyWorld, type ProxyWorld } from "./world/proxy-world.js";

/** How a {@link ProxyCore} is reached. */
export interface ProxyPlace {
  /** The name or address that it listens on; `undefined` where that is somebody else's matter. */
  readonly host?: string;
  /** What is in front of all its paths: empty, or `/some/path`. */
  readonly mountPath: string;
}

/** How long the last answers may take to leave, and hooks to come to their end, in milliseconds, when there is no time left. */
const lingerMs = 1_000;
const stopReason = "the proxy is stopping";

/** All of a proxy but what it listens on. */
export class ProxyCore {
  readonly #options: ResolvedProxyOptions;
  readonly #openCalls = new OpenCalls();
  readonly #openRequests = new OpenRequests();
  readonly #clients: ClientRegistry;
  readonly #states = new UpstreamStates();
  readonly #metrics: ProxyMetrics;
  readonly #engines: ProxyEngines;
  readonly #channels: ChannelHost;
  readonly #recordings: ProxyRecordings;
  readonly #world: ProxyWorld | undefined;
  readonly #http: HttpHandler;
  readonly #webSockets: WebSocketEndpoint;
  readonly #cutShort = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #door: ProxyDoor | undefined;
  #isStopping = false;

  /** Throws {@link InvalidOptionsError} for options that cannot be. */
  static async create(options: ResolvedProxyOptions, place: ProxyPlace): Promise<ProxyCore> {
    const { staticDirectory, staticFiles } = options;
    if (staticDirectory === undefined) return new ProxyCore(options, place, undefined);
    return new ProxyCore(options, place, await createStaticFiles(staticDirectory, staticFiles));
  }

  private constructor(options: ResolvedProxyOptions, place: ProxyPlace, staticFiles: StaticFiles | undefined) {
    this.#options = options;
    const { allowHosts, allowOrigins, limits, logger, hooks, anonymousAccess, contentSecurityPolicy } = options;
    this.#recordings = new ProxyRecordings({ hubs: () => this.#engines.hubs(), channels: options.channels, logger });
    this.#clients = new ClientRegistry({
      hooks,
      logger,
      createHandle: (client) =>
        new ClientHandle(client, (recordingOptions) => this.#recordings.startFor(client, recordingOptions)),
    });
    this.#metrics = new ProxyMetrics({
      clients: () => this.#clients,
      upstreams: this.#states,
      hubs: () => [...this.#engines.hubs()].map(([name, hub]) => [name, hub.stats()] as const),
    });
    this.#channels = new ChannelHost({
      channels: options.channels,
      maxMessageBytes: limits.maxMessageBytes,
      maxChannels: limits.maxChannels,
      clock: backgroundClock,
    });
    this.#engines = this.#createEngines();
    this.#world =
      options.world &&
      createProxyWorld(options.world, {
        engines: this.#engines.connected,
        mountPath: place.mountPath,
        isInUse: (engine) => this.#engines.isInUse(engine, (name) => this.#engineOf(name)?.name),
        onClosed: (id, reason) => this.#engines.disconnect(id, reason),
        logger,
      });
    const origins = new OriginPolicy({ host: place.host, allowHosts, allowOrigins });
    const policy = createAccessPolicy({ origins, tokenKey: options.tokenKey, anonymousAccess });
    const clients = {
      add: (client: ProxyClient) => this.#addClient(client),
      remove: (client: ProxyClient, reason: string) => this.#removeClient(client, reason),
    };
    this.#http = new HttpHandler({
      policy,
      gateFor: (name) => this.#engineOf(name),
      world: this.#world,
      clients,
      openRequests: this.#openRequests,
      upstreams: this.#states,
      metrics: this.#metrics,
      staticFiles,
      contentSecurityPolicy,
      maxMessageBytes: limits.maxMessageBytes,
      notReadingTimeoutMs: limits.notReadingTimeoutMs,
      logger,
    });
    this.#webSockets = createWebSocketEndpoint({
      authorize: async (request) => {
        const decision = await policy.authorize(request);
        if (!decision.isGranted) this.#metrics.refused(decision.status);
        return decision;
      },
      gateFor: (name) => this.#engineOf(name)?.gate,
      defaultUpstream: defaultUpstreamName,
      limits,
      onConnect: clients.add,
      onDisconnect: (client, { message }) => clients.remove(client, message),
      logger,
    });
  }

  /** Those who are connected now. */
  get clients(): readonly ConnectedClient[] {
    return this.#clients.handles;
  }

  /** Resolves when it has stopped. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Answers an HTTP request. `url` is what it has behind the place of the proxy, `/healthz?a=1`. */
  handleRequest(request: IncomingMessage, response: ServerResponse, url = request.url ?? ""): void {
    this.#http.handle(request, response, url);
  }

  /** Answers a request for a WebSocket. */
  handleWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer, url = request.url ?? ""): void {
    this.#webSockets.handleUpgrade(request, socket, head, url);
  }

  /** A connection was one too many. */
  connectionDropped(): void {
    this.#metrics.connectionDropped();
  }

  /** Begins to stand in front of the mods. `door` is closed when it stops. */
  start(door: ProxyDoor): void {
    this.#door = door;
    for (const [name, transport] of this.#options.upstreams) this.#engines.add(name, transport);
    this.#engines.start();
    this.#world?.server.start();
  }

  /** As `RunningProxy.addUpstream`. */
  addUpstream(name: string, transport: ResoniteTransport): void {
    checkUpstreamName(name);
    this.#checkIsNotFixed(name);
    if (!this.#isStopping) this.#engines.add(name, transport);
  }

  /** As `RunningProxy.removeUpstream`. */
  removeUpstream(name: string, reason: string): void {
    this.#checkIsNotFixed(name);
    this.#engines.remove(name, reason);
  }

  /** As `RunningProxy.startRecording`. */
  startRecording(options: ProxyRecordingOptions): Recording {
    return this.#recordings.startAll(options);
  }

  /** As `RunningProxy.stop`. */
  async stop({ drainMs = 5_000 }: StopOptions = {}): Promise<void> {
    // Before the sockets: that they are closed is not what their clients are gone for.
    if (drainMs === 0) void this.#channels.close(stopReason);
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

  #createEngines(): ProxyEngines {
    const { limits, engines: source } = this.#options;
    const { acceptedCallsPerSecond, loginAttemptsPerMinute } = limits;
    const callRate = new RateLimiter({ perSecond: acceptedCallsPerSecond, burst: 2 * acceptedCallsPerSecond });
    const loginRate = new RateLimiter({ perSecond: loginAttemptsPerMinute / 60, burst: loginAttemptsPerMinute });
    const rates = { openCalls: this.#openCalls, callRate, loginRate, observer: this.#metrics };
    const channels = this.#channels;
    return new ProxyEngines({
      createGate: (hub, upstream) =>
        createCallGate({
          hub: withChannels(hub, channels),
          ...rates,
          tap: (call) => this.#recordings.taps.open({ ...call, upstream }),
        }),
      taps: this.#recordings.taps,
      onAdd: (name, hub) => this.#recordings.hubAdded(name, hub),
      states: this.#states,
      clients: () => this.#clients,
      source,
      channels: { gate: createCallGate({ hub: channels, ...rates }), isEmpty: channels.isEmpty },
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

  #addClient(client: ProxyClient): void {
    this.#metrics.clientConnected(client);
    this.#clients.add(client);
  }

  #removeClient(client: ProxyClient, reason: string): void {
    if (this.#clients.remove(client, reason)) this.#metrics.clientGone(client);
  }

  async #stop(webSocketsClosed: Promise<void>): Promise<void> {
    const { ownsUpstreams, upstreams, logger } = this.#options;
    const stopping = new ConnectError(stopReason, Code.Unavailable);
    this.#door?.close();
    this.#openCalls.refuse(stopping);
    void this.#channels.drain(stopReason);
    await Promise.race([this.#openCalls.drained(), this.#cutShort.promise]);
    this.#world?.server.stop();
    this.#engines.close(stopping);
    const channelsClosed = this.#channels.close(stopReason);
    await webSocketsClosed;
    await this.#wait(this.#openRequests.ended());
    this.#openRequests.destroy();
    await this.#wait(this.#clients.settled());
    await channelsClosed;
    await this.#recordings.stop();
    await this.#door?.release();
    this.#states.stop();
    if (ownsUpstreams) {
      for (const transport of upstreams.values()) await transport[Symbol.asyncDispose]?.();
    }
    logger.info("the proxy has stopped");
  }

  /** Waits for `event` as long as there is time, and a little longer. */
  async #wait(event: Promise<void>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    void this.#cutShort.promise.then(() => {
      if (!isOver) timer = setTimeout(resolve, lingerMs);
    });
    await Promise.race([event, late]);
    isOver = true;
    clearTimeout(timer);
  }
}

/** The calls to an engine, and those to the channels, which are the same for all engines. */
function withChannels(engine: CallTarget, channels: CallTarget): CallTarget {
  return {
    createCall: (client, request, listener) =>
      (request.method === Channels.method.join ? channels : engine).createCall(client, request, listener),
  };
}

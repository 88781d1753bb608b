import type { IncomingMessage, ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "@resoio/core";
import type { AccessPolicy, Refusal } from "../access/access-policy.js";
import { plainAddress } from "../access/loopback.js";
import type { CallGate } from "../call-gate.js";
import { callableRpcs } from "../callable-rpcs.js";
import type { ProxyClient } from "../proxy-client.js";
import type { ProxyWorld } from "../world/proxy-world.js";
import { openToEverybody, refuseWorld, serveWorld, worldRoute } from "../world/world-endpoint.js";
import { createConnectEndpoint } from "./connect-endpoint.js";
import type { UpstreamStates } from "./health.js";
import { HttpClient } from "./http-client.js";
import type { ProxyMetrics } from "./metrics.js";
import type { OpenRequests } from "./open-requests.js";
import { answerPreflight, setCorsHeaders, setSecurityHeaders } from "./security-headers.js";
import { sendError } from "./send-error.js";
import type { StaticFiles } from "./static-files.js";

/** Options of {@link HttpHandler}. */
export interface HttpHandlerOptions {
  readonly policy: AccessPolicy;
  /** The gate in front of an upstream, by its name; `undefined` stands for the default one. */
  readonly gateFor: (upstream: string | undefined) => { readonly name: string; readonly gate: CallGate } | undefined;
  /** Told of each request that carries a call, and of its end. */
  readonly clients: {
    readonly add: (client: ProxyClient) => void;
    readonly remove: (client: ProxyClient, reason: string) => void;
  };
  /** Answers at `/public/`, `/private/` and `/ws-sync/`; `undefined`: nobody does. */
  readonly world?: ProxyWorld | undefined;
  /** Every request is in there while it is answered. */
  readonly openRequests: OpenRequests;
  readonly upstreams: UpstreamStates;
  readonly metrics: ProxyMetrics;
  readonly staticFiles: StaticFiles | undefined;
  readonly contentSecurityPolicy: string;
  readonly maxMessageBytes: number;
  /** How long a client may take nothing of what is sent to it, in milliseconds. */
  readonly notReadingTimeoutMs: number;
  readonly logger: Logger;
}

const engineRoute = /^\/engine\/([^/]+)(\/[^/]+\/[^/]+)$/;
const webSocketRoute = /^\/ws(?:\/([^/]+))?$/;

/** Answers every HTTP request that is no WebSocket. */
export class HttpHandler {
  readonly #options: HttpHandlerOptions;
  readonly #serveCall = createConnectEndpoint();
  #clientCount = 0;

  constructor(options: HttpHandlerOptions) {
    this.#options = options;
  }

  /** Answers a request. `url` is what it has behind the place of the proxy: with a slash at its front, or empty but for a query. */
  handle(request: IncomingMessage, response: ServerResponse, url: string): void {
    const { openRequests, logger } = this.#options;
    const over = openRequests.add(request, response);
    this.#answer(request, response, url, over).catch((error: unknown) => {
      logger.warn(`an HTTP request failed: ${String(error)}`);
      sendError(response, 500, new ConnectError("the proxy failed; its log says why", Code.Internal));
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: string, over: Promise<void>): Promise<void> {
    const { policy, contentSecurityPolicy } = this.#options;
    setSecurityHeaders(response, contentSecurityPolicy);
    this.#dropIfNotReading(response);
    if (await this.#serveWorld(request, response, url)) return;
    const refusal = policy.checkOrigin(request);
    if (refusal !== undefined) return this.#refuse(response, refusal);
    setCorsHeaders(request, response);
    if (/^(\?|$)/.test(url)) return redirectIntoFolder(request, response, url);
    // A request to another server, as an HTTP proxy would get it.
    if (!url.startsWith("/")) {
      return sendError(response, 400, new ConnectError("this is no HTTP proxy", Code.InvalidArgument));
    }
    if (request.method === "OPTIONS") return answerPreflight(request, response);
    const [pathname = "/"] = url.split(/[?#]/, 1);
    if (pathname === "/healthz") return await this.#serveHealth(request, response);
    if (pathname === "/metrics") return await this.#serveMetrics(request, response);
    const webSocket = webSocketRoute.exec(pathname);
    if (webSocket !== null) return await this.#explainWebSocket(request, response, webSocket[1]);
    const [, engine, path = pathname] = engineRoute.exec(pathname) ?? [];
    if (engine !== undefined || callableRpcs.has(path) || request.method === "POST") {
      return await this.#serveRpc(request, response, { engine, path, over });
    }
    await this.#serveFile(request, response, pathname);
  }

  /** Whether it was for the WorldServer. What is public every page may read; by a foreign name nobody may. */
  async #serveWorld(request: IncomingMessage, response: ServerResponse, url: string): Promise<boolean> {
    const { policy, world, metrics } = this.#options;
    const family = world && worldRoute(url)?.family;
    if (world === undefined || family === undefined) return false;
    const isOpen = family === "public" && world.isOpenToAllOrigins;
    const refusal = policy.checkOrigin(request);
    if (refusal !== undefined && !(isOpen && refusal.cause === "origin")) {
      metrics.refused(refusal.status);
      refuseWorld(request, response, refusal);
      return true;
    }
    if (isOpen) openToEverybody(response);
    else setCorsHeaders(request, response);
    if (request.method === "OPTIONS") answerPreflight(request, response);
    else await serveWorld(request, response, { server: world.server, url, baseUrl: world.baseUrlOf(request) });
    return true;
  }

  async #serveRpc(
    request: IncomingMessage,
    response: ServerResponse,
    {
      engine,
      path,
      over,
    }: { readonly engine: string | undefined; readonly path: string; readonly over: Promise<void> },
  ): Promise<void> {
    const { policy, gateFor, clients, maxMessageBytes } = this.#options;
    const granted = await policy.authorize(request);
    if (!granted.isGranted) return this.#refuse(response, granted);
    const rpc = callableRpcs.get(path);
    const upstream = gateFor(engine);
    if (rpc === undefined || upstream === undefined) {
      const what = upstream === undefined ? unknownUpstream(engine) : "there is no RPC with this path";
      return sendError(response, 404, new ConnectError(what, Code.Unimplemented));
    }
    const address = plainAddress(request.socket.remoteAddress ?? "");
    const id = `http-${++this.#clientCount}`;
    const client = new HttpClient({ id, granted, address, upstream: upstream.name });
    // It may be gone since, and then nothing would tell.
    if (request.socket.destroyed) return;
    let reason = "the client went away";
    response.once("finish", () => {
      reason = "the call is over";
    });
    clients.add(client);
    void over.then(() => {
      client.end(new ConnectError(reason, Code.Canceled));
      clients.remove(client, reason);
    });
    await this.#serveCall({ request, response, client, gate: upstream.gate, rpc, maxMessageBytes });
  }

  async #serveHealth(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { policy, upstreams } = this.#options;
    if (!isRead(request)) return methodNotAllowed(response);
    const { isGranted } = await policy.authorize(request);
    // Which engines there are is told only to those who may use them.
    sendJson(response, { status: "ok", ...(isGranted ? { upstreams: Object.fromEntries(upstreams.states) } : {}) });
  }

  async #serveMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { policy, metrics } = this.#options;
    if (!isRead(request)) return methodNotAllowed(response);
    const granted = await policy.authorize(request);
    if (!granted.isGranted) return this.#refuse(response, granted);
    if (!granted.access.has("observe")) {
      return sendError(response, 403, new ConnectError(`metrics need the right "observe"`, Code.PermissionDenied));
    }
    const { contentType, text } = await metrics.render();
    response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" }).end(text);
  }

  /** Browsers do not tell a page why a WebSocket was refused, so that it asks again like this. */
  async #explainWebSocket(request: IncomingMessage, response: ServerResponse, name: string | undefined): Promise<void> {
    // A page that may not read the answer may still know that there is one.
    response.setHeader("cross-origin-resource-policy", "cross-origin");
    const granted = await this.#options.policy.authorize(request);
    if (!granted.isGranted) return this.#refuse(response, granted);
    if (this.#options.gateFor(name) === undefined) {
      return sendError(response, 404, new ConnectError(unknownUpstream(name), Code.NotFound));
    }
    response.setHeader("upgrade", "websocket");
    sendError(response, 426, new ConnectError("this is for WebSockets", Code.FailedPrecondition));
  }

  async #serveFile(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    if (!isRead(request)) return methodNotAllowed(response);
    if ((await this.#options.staticFiles?.(request, response, pathname)) === true) return;
    const text = "Nothing is here. RPCs are called with POST, or over the WebSocket at /ws.\n";
    response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(text);
  }

  #refuse(response: ServerResponse, { status, message }: Refusal): void {
    this.#options.metrics.refused(status);
    if (status === 401) response.setHeader("www-authenticate", "Bearer");
    sendError(
      response,
      status,
      new ConnectError(message, status === 401 ? Code.Unauthenticated : Code.PermissionDenied),
    );
  }

  /** The socket's timer starts again with everything that is taken. */
  #dropIfNotReading(response: ServerResponse): void {
    response.setTimeout(this.#options.notReadingTimeoutMs, () => {
      if ((response.socket?.writableLength ?? 0) > 0) response.destroy();
    });
  }
}

function unknownUpstream(name: string | undefined): string {
  return name === undefined
    ? "this proxy has no default engine: name one, as in /engine/<name>/... and /ws/<name>"
    : `there is no engine named ${JSON.stringify(name.slice(0, 100))}`;
}

/** Relative addresses in a page need the slash at the end of where it is. Relative itself, as something in front may call us otherwise. */
function redirectIntoFolder(request: IncomingMessage, response: ServerResponse, query: string): void {
  const [path = ""] = (request.url ?? "").split("?", 1);
  response.writeHead(308, { location: `${path.slice(path.lastIndexOf("/") + 1)}/${query}` }).end();
}

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

function methodNotAllowed(response: ServerResponse): void {
  response.setHeader("allow", "GET, HEAD");
  sendError(response, 405, new ConnectError("only GET and HEAD are possible here", Code.Unimplemented));
}

function sendJson(response: ServerResponse, value: object): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(body);
}

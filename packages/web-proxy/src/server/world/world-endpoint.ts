import type { IncomingMessage, ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { plainAddress } from "../access/loopback.js";
import { readBody } from "../http/read-body.js";
import { type WorldAnswer, WorldRefusal } from "./world-refusal.js";
import type { ActionFamily, WorldServer } from "./world-server.js";

/** The greatest body that is read, in bytes. */
const maxBodyBytes = 64 * 1024;

const families: Readonly<Record<string, ActionFamily>> = { public: "public", private: "private", "ws-sync": "ws-sync" };

/** Which family of actions the path of a request belongs to, and which action; `undefined` when it is none of a WorldServer's. */
export function worldRoute(url: string): { readonly family: ActionFamily; readonly action: string } | undefined {
  const [, name = "", action = ""] = /^\/([a-z-]+)\/([^?#]*)/.exec(url) ?? [];
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  return family === undefined ? undefined : { family, action };
}

/** Lets every page ask and read what is public, which is what it is for. Nothing in it depends on who asks. */
export function openToEverybody(response: ServerResponse): void {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("cross-origin-resource-policy", "cross-origin");
}

/** Answers a request that comes to a wrong name, or from a foreign page. */
export function refuseWorld(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message }: { readonly status: number; readonly message: string },
): void {
  const name = status === 421 ? "http.host_not_allowed" : "http.origin_not_allowed";
  send(request, response, new WorldRefusal(name, message).toAnswer());
}

/** Options of {@link serveWorld}. */
export interface ServeWorldOptions {
  readonly server: WorldServer;
  /** Path and query of the request, behind the place of this server. */
  readonly url: string;
  /** The URL by which this server was asked, with a slash at its end. */
  readonly baseUrl: string;
}

/** Answers an HTTP request whose path is one of {@link worldRoute}. */
export async function serveWorld(
  request: IncomingMessage,
  response: ServerResponse,
  { server, url, baseUrl }: ServeWorldOptions,
): Promise<void> {
  const { method = "GET" } = request;
  // As it came: dots in it must not lead from one family to another.
  const route = worldRoute(url);
  const query = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
  if (route === undefined) return send(request, response, notFound());
  let body: Uint8Array | undefined;
  if (method === "POST") {
    try {
      body = await readBody(request, maxBodyBytes);
    } catch (error) {
      const refusal = bodyRefusal(error);
      if (refusal === undefined) return;
      // The rest is not read.
      response.setHeader("connection", "close");
      return send(request, response, refusal.toAnswer());
    }
  }
  const address = plainAddress(request.socket.remoteAddress ?? "");
  send(request, response, await server.answer({ method, ...route, query, body, baseUrl, address }));
}

/** Why a body was not read; `undefined` when nobody is there any more to be told. */
function bodyRefusal(error: unknown): WorldRefusal | undefined {
  const { code, rawMessage } = ConnectError.from(error);
  if (code === Code.Canceled) return undefined;
  if (code === Code.ResourceExhausted) return new WorldRefusal("http.payload_too_large", rawMessage);
  return new WorldRefusal("json.invalid_json", rawMessage);
}

function notFound(): WorldAnswer {
  return new WorldRefusal("action.not_found", "there is no such action").toAnswer();
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, body }: WorldAnswer): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "content-length": bytes.byteLength,
  });
  response.end(method === "HEAD" ? undefined : bytes);
}

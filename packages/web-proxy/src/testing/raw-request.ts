import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";

/** An answer, read to its end. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** What to send; nothing is put right, as `fetch` would do. */
export interface RawRequest {
  readonly method?: string;
  /** Exactly as it is sent. Default `/`. */
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Sends a request to the server at `url` and reads the answer. */
export async function rawRequest(url: string, options: RawRequest = {}): Promise<RawAnswer> {
  const { method = "GET", path = "/", headers = {}, body } = options;
  const { hostname, port } = new URL(url);
  const sent = request({ host: hostname.replace(/^\[|\]$/g, ""), port, method, path, headers, agent: false });
  sent.end(body);
  const [response] = await once(sent, "response");
  return await readAnswer(response);
}

/** Calls an RPC with a JSON message, as `curl` would. */
export async function callJson(
  url: string,
  path: string,
  message: object = {},
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  return await rawRequest(url, {
    method: "POST",
    path,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(message),
  });
}

async function readAnswer(response: IncomingMessage): Promise<RawAnswer> {
  const body = await buffer(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString() };
}

import { rawRequest } from "./raw-request.js";

/** What a WorldServer answered. */
export interface WorldReply {
  readonly http: number;
  /** Without what all statuses begin with. */
  readonly status: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects.
  readonly payload: any;
}

/** Asks a WorldServer as `curl` would. */
export async function askWorld(url: string, path: string, query: Record<string, string> = {}): Promise<WorldReply> {
  const search = new URLSearchParams(query).toString();
  return toReply(await rawRequest(url, { path: search === "" ? path : `${path}?${search}` }));
}

/** Posts a text to a WorldServer. */
export async function postWorld(url: string, path: string, body: string | Uint8Array): Promise<WorldReply> {
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
  return toReply(await rawRequest(url, { method: "POST", path, body, headers }));
}

function toReply({ status: http, text }: { readonly status: number; readonly text: string }): WorldReply {
  const { status, payload } = JSON.parse(text);
  return { http, status: String(status).replace(/^status\+me\.virmesh\./, ""), payload };
}

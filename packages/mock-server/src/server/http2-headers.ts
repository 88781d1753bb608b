import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";

/** Header fields as they came over HTTP/2, without the pseudo fields. */
export function toHeaders(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) headers.append(name, item);
  }
  return headers;
}

/** Header fields as HTTP/2 takes them. */
export function fromHeaders(headers: Headers): OutgoingHttpHeaders {
  return Object.fromEntries(headers);
}

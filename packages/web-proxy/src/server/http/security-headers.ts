import type { IncomingMessage, ServerResponse } from "node:http";

/** What pages that the proxy serves may load and do: what comes from the proxy itself. */
export const defaultContentSecurityPolicy = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Says what a browser may not do with any answer of the proxy. */
export function setSecurityHeaders(response: ServerResponse, contentSecurityPolicy: string): void {
  if (contentSecurityPolicy !== "") response.setHeader("content-security-policy", contentSecurityPolicy);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.setHeader("cross-origin-resource-policy", "same-origin");
}

/** Lets a page of another origin, which was allowed before, read the answers. Without an `Origin` there is nothing to allow. */
export function setCorsHeaders({ headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader("vary", "Origin");
  if (headers.origin === undefined) return;
  response.setHeader("access-control-allow-origin", headers.origin);
  response.setHeader("access-control-expose-headers", "*");
}

/** Answers a browser that asks whether a page may send a request. */
export function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  const wanted = headers["access-control-request-headers"];
  response.setHeader("access-control-allow-methods", "GET, HEAD, POST");
  if (wanted !== undefined) response.setHeader("access-control-allow-headers", wanted);
  if (headers["access-control-request-private-network"] === "true") {
    response.setHeader("access-control-allow-private-network", "true");
  }
  response.setHeader("access-control-max-age", "7200");
  response.writeHead(204).end();
}

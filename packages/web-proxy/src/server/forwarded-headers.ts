/** What belongs to one connection, to HTTP, to a protocol of calls, or to the proxy: it means nothing, or harm, on the other side. */
const ownNames: ReadonlySet<string> = new Set([
  ...["accept-encoding", "accept-language", "accept", "age", "alt-svc", "authorization", "cache-control"],
  ...["clear-site-data", "connection", "cookie", "cookie2", "date", "dnt", "etag", "expect", "expires", "forwarded"],
  ...["host", "http2-settings", "keep-alive", "last-modified", "link", "location", "origin", "pragma", "priority"],
  ...[
    "range",
    "referer",
    "referrer-policy",
    "refresh",
    "server",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
  ],
  ...["sourcemap", "strict-transport-security", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary"],
  ...["upgrade-insecure-requests", "via", "www-authenticate", "x-content-type-options", "x-frame-options"],
  ...["x-grpc-web", "x-powered-by", "x-real-ip", "x-requested-with", "x-user-agent"],
]);
const ownPrefixes = [
  ...["access-control-", "connect-", "content-", "cross-origin-", "grpc-", "proxy-", "sec-", "trailer-"],
  ...["x-forwarded-", "x-resoio-"],
];

/** The headers, or trailers, of a call that may pass the proxy: those that the caller or the mod added by himself. */
export function forwardedHeaders(headers: Headers, keep?: string): Headers {
  const forwarded = new Headers();
  headers.forEach((value, name) => {
    if (name === keep || isForwarded(name)) forwarded.append(name, value);
  });
  return forwarded;
}

function isForwarded(name: string): boolean {
  return !ownNames.has(name) && !ownPrefixes.some((prefix) => name.startsWith(prefix));
}

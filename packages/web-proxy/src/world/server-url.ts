const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a host, as `URL.hostname` writes it, is this machine. */
export function isLoopbackName(hostname: string): boolean {
  return loopbackNames.test(hostname);
}

/**
 * Reads the URL of a server: `https:`, or `http:` on this machine only, without user, query and fragment. It ends with a slash.
 * `undefined` for everything else.
 */
export function parseServerUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isProtected = url.protocol === "https:" || (url.protocol === "http:" && isLoopbackName(url.hostname));
  if (!isProtected || url.username !== "" || url.password !== "" || /[?#]/.test(text)) return undefined;
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Whether two URLs name the same server; a slash at the end does not count. */
export function isSameServer(one: string, other: string): boolean {
  const first = parseServerUrl(one);
  return first !== undefined && first.href === parseServerUrl(other)?.href;
}

/** Whether a WebSocket may be opened there: `wss:`, or `ws:` on this machine only. */
export function isProtectedSocketUri(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "wss:" || (protocol === "ws:" && isLoopbackName(hostname));
}

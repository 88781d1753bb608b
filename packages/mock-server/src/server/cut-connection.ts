import type { Http2Session } from "node:http2";

/**
 * Breaks a connection as a process does that dies: what was sent still arrives, but neither a goodbye nor the end of a call.
 * `Http2Session.destroy` instead ends every stream in good order, which clients take for a malformed answer.
 */
export function cutConnection(session: Http2Session): void {
  if (!session.destroyed) session.socket.destroySoon();
}

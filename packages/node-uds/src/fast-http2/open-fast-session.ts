import type { Session, SessionOptions } from "../http2/session.js";
import { FastSession } from "./fast-session.js";

/** Opens a {@link Session} on the HTTP/2 of our own. */
export function openFastSession(options: SessionOptions): Session {
  return new FastSession(options);
}

import type { HeaderField } from "../http2/session.js";

/** Names of HTTP/1 that say something about the connection. HTTP/2 has its own means, and no place for them. */
const connectionFields = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** A name, in lower case (RFC 9113, section 8.2.1). */
const namePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** What no value may hold; blanks belong to it only between other characters. */
const wrongValuePattern = /[\0\r\n]|^[ \t]|[ \t]$/;

/** Whether a name speaks of the connection, so that it must not be sent or taken. */
export function isConnectionField(name: string): boolean {
  return connectionFields.has(name);
}

/** Whether these can be the headers or the trailers of an answer: names and values are valid, and `:status` is where it belongs. */
export function isWellFormed(fields: readonly HeaderField[], kind: "answer" | "trailers"): boolean {
  const first = kind === "answer" ? 1 : 0;
  if (first === 1) {
    const [name, value = ""] = fields[0] ?? [];
    if (name !== ":status" || !/^\d{3}$/.test(value)) return false;
  }
  for (let position = first; position < fields.length; position++) {
    const [name, value] = fields[position] ?? ["", ""];
    if (!namePattern.test(name) || wrongValuePattern.test(value) || isConnectionField(name)) return false;
  }
  return true;
}

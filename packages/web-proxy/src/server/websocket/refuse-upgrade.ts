import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** How long a refused client has to take its answer, in milliseconds. */
const lingerMs = 1_000;

/** Answers a request to open a WebSocket with an HTTP status and a sentence, and closes its socket. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  const body = `${message}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 401 ? ["WWW-Authenticate: Bearer"] : []),
  ];
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once("close", () => clearTimeout(timer));
  socket.once("end", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // A socket that is closed with something unread in it is reset, and the answer may be lost.
  socket.resume();
}

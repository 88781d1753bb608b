import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { isLoopbackAddress } from "./loopback.js";

/** Whether nobody on the way could read or change a request. */
export function isEncrypted({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket;
}

/**
 * Whether a request came to a place where only this machine reaches: one of its own addresses, or a Unix domain socket, of which
 * the file system decides who may use it.
 */
export function isLocalConnection({ socket: { localAddress } }: IncomingMessage): boolean {
  return localAddress === undefined || isLoopbackAddress(localAddress);
}

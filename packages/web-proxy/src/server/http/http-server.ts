import { createServer, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { InvalidOptionsError } from "@resoio/core";
import type { ProxyLimits, ProxyOptions } from "../proxy-options.js";

/** Options of {@link createHttpServer}. */
export interface HttpServerOptions {
  readonly tls: ProxyOptions["tls"];
  readonly limits: ProxyLimits;
}

/**
 * Makes the server of a proxy, with limits for clients that are slow on purpose. It does not listen yet.
 *
 * Throws {@link InvalidOptionsError} for a certificate or key that is none.
 */
export function createHttpServer({ tls, limits }: HttpServerOptions): Server {
  const { headersTimeoutMs, requestTimeoutMs } = limits;
  const shortestMs = Math.min(headersTimeoutMs, requestTimeoutMs);
  const options: ServerOptions = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: Math.max(headersTimeoutMs, requestTimeoutMs),
    // How late the two above may be noticed.
    connectionsCheckingInterval: Math.ceil(Math.min(shortestMs / 2, 5_000)),
    keepAliveTimeout: 5_000,
    noDelay: true,
  };
  const server = tls === undefined ? createServer(options) : createSecureServer(options, tls, headersTimeoutMs);
  server.maxConnections = limits.maxSockets;
  return server;
}

function createSecureServer(
  options: ServerOptions,
  { cert, key }: NonNullable<ProxyOptions["tls"]>,
  handshakeTimeout: number,
): Server {
  try {
    return createTlsServer({ ...options, cert: toPem(cert), key: toPem(key), handshakeTimeout });
  } catch (cause) {
    throw new InvalidOptionsError("tls.cert and tls.key are not a certificate and its private key, as PEM", { cause });
  }
}

function toPem(text: string | Uint8Array): string | Buffer {
  return typeof text === "string" ? text : Buffer.from(text);
}

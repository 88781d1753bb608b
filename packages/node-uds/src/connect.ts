import { Resonite } from "@resoio/core";
import { createUdsTransport, type UdsTransportOptions } from "./create-uds-transport.js";
import { type FindSocketOptions, findSocket } from "./discovery/find-socket.js";

/** Options of {@link connect}. */
export interface ConnectOptions extends FindSocketOptions, Omit<UdsTransportOptions, "socketPath"> {
  /** How long finding and opening the connection may take, in milliseconds. Default: `connectTimeoutMs` alone limits it. */
  readonly timeoutMs?: number;
  /** Gives up connecting. It has no effect on the connection once it is open. */
  readonly signal?: AbortSignal;
}

/**
 * Finds the running mod and connects to it.
 *
 * The socket is the option `socketPath`, else `RESONITE_IO_SOCKET`, else the only one of a living process in
 * `RESONITE_IO_SOCKET_DIR` or `~/.resonite-io`. When the mod is restarted the socket is looked for again, so the same
 * object goes on working.
 *
 * Throws `SocketNotFoundError`, `AmbiguousSocketError`, `InvalidEnvironmentError` or `InvalidOptionsError` when there is
 * nothing to connect to, and a `ConnectError` when the connection cannot be opened: `Unavailable` when nobody listens,
 * `PermissionDenied`, `DeadlineExceeded` when the other end keeps silent, `Unknown` when it is no gRPC server.
 */
export async function connect(options: ConnectOptions = {}): Promise<Resonite> {
  const { socketPath, pid, environment, timeoutMs, signal, ...transportOptions } = options;
  const transport = createUdsTransport({
    ...transportOptions,
    socketPath: () => findSocket({ socketPath, pid, environment }),
  });
  try {
    await transport.open({ timeoutMs, signal });
  } catch (error) {
    await transport.close();
    throw error;
  }
  return new Resonite(transport);
}

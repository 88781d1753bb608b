import { Resonite } from "@resoio/core";
import { checkVersion } from "@resoio/core/internal";
import { createUdsTransport, type UdsTransportOptions } from "./create-uds-transport.js";
import { type FindSocketOptions, findSocket } from "./discovery/find-socket.js";
import { waitForReady } from "./wait-for-ready.js";

/** Options of {@link connect}. */
export interface ConnectOptions extends FindSocketOptions, Omit<UdsTransportOptions, "socketPath"> {
  /**
   * Whether to wait while there is no mod yet, or it is still starting, instead of failing at once. Default false. See
   * {@link waitForReady}.
   */
  readonly waitForReady?: boolean;
  /**
   * How long finding and opening the connection may take, in milliseconds. Default: `connectTimeoutMs` alone limits it. With
   * `waitForReady` how long to wait for the mod, by default 120,000.
   */
  readonly timeoutMs?: number;
  /**
   * Gives up connecting, with `Canceled`, or with the signal's own reason while `waitForReady` waits. It has no effect on the
   * connection once it is open.
   */
  readonly signal?: AbortSignal;
}

/**
 * Finds the running mod and connects to it.
 *
 * The socket is the option `socketPath`, else `RESONITE_IO_SOCKET`, else the only one of a living process in
 * `RESONITE_IO_SOCKET_DIR` or `~/.resonite-io`. When the mod is restarted the socket is looked for again, so the same
 * object goes on working; `Resonite.status` tells what happens.
 *
 * With a `logger`, the first connection of a process asks the mod for its version and warns when it is not the one that these
 * packages were made for. It does not wait for that.
 *
 * Throws `SocketNotFoundError`, `AmbiguousSocketError`, `InvalidEnvironmentError` or `InvalidOptionsError` when there is
 * nothing to connect to, and a `ConnectError` when the connection cannot be opened: `Unavailable` when nobody listens,
 * `PermissionDenied`, `DeadlineExceeded` when the other end keeps silent, `Unknown` when it is no gRPC server. With
 * `waitForReady` it is `ReadyTimeoutError` when no mod came in time.
 */
export async function connect(options: ConnectOptions = {}): Promise<Resonite> {
  const {
    socketPath,
    pid,
    environment,
    waitForReady: isToWait = false,
    timeoutMs,
    signal,
    ...transportOptions
  } = options;
  const target = { socketPath, pid, environment };
  const transport = createUdsTransport({ ...transportOptions, socketPath: () => findSocket(target) });
  try {
    if (isToWait) await waitForReady({ ...target, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    // A mod that has just answered is there: what is left of the time may be nothing, and must not make it fail.
    await transport.open({ timeoutMs: isToWait ? undefined : timeoutMs, signal });
  } catch (error) {
    await transport.close();
    throw error;
  }
  const { logger } = transportOptions;
  if (logger !== undefined) void checkVersion(transport, logger);
  return new Resonite(transport);
}

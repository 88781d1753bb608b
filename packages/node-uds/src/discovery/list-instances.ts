import { ConnectError, InfoClient, type ServerInfo } from "@resoio/core";
import { createUdsTransport } from "../create-uds-transport.js";
import { type ListSocketsOptions, listSockets, type SocketEntry } from "./list-sockets.js";

/** Options of {@link listInstances}. */
export interface ListInstancesOptions extends ListSocketsOptions {
  /** How long each mod may take to answer, in milliseconds. Default 2,000. */
  readonly timeoutMs?: number;
  /** Gives up, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A socket of a living process, and what its mod says about itself. */
export interface Instance {
  /** For `connect({ socketPath })`. */
  readonly socketPath: string;
  /** The engine's process id, for `connect({ pid })`; `undefined` when the socket's name carries none. */
  readonly pid: number | undefined;
  /** What the mod answered, or `undefined` when it did not: then {@link error} says why. */
  readonly info: ServerInfo | undefined;
  /** Why the mod gave no answer: nobody listens, it hangs, or it is older than `Info.GetServerInfo`. */
  readonly error: ConnectError | undefined;
}

/**
 * Asks every mod on this machine who it is, all at the same time, and returns them in the order of their sockets' names.
 * Sockets whose process is gone are left out.
 *
 * Throws what {@link listSockets} throws, and the signal's reason when that is aborted. A mod that does not answer is not an
 * error of the whole: see {@link Instance.error}.
 */
export async function listInstances(options: ListInstancesOptions = {}): Promise<readonly Instance[]> {
  const { timeoutMs = 2_000, signal, ...where } = options;
  const living = listSockets(where).filter(({ alive }) => alive);
  const instances = await Promise.all(living.map((socket) => askInstance(socket, timeoutMs, signal)));
  signal?.throwIfAborted();
  return instances;
}

async function askInstance(
  { path, pid }: SocketEntry,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Instance> {
  await using transport = createUdsTransport({ socketPath: path, connectTimeoutMs: timeoutMs });
  const call = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
  try {
    const info = await new InfoClient(transport).getServerInfo(call);
    return { socketPath: path, pid, info, error: undefined };
  } catch (error) {
    return { socketPath: path, pid, info: undefined, error: ConnectError.from(error) };
  }
}

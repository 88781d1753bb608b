import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { SocketNotFoundError } from "../errors/socket-not-found-error.js";
import { isProcessAlive } from "./is-process-alive.js";
import { type SocketEnvironment, socketDirectory } from "./socket-directory.js";

/** A file in the socket folder that is named like a mod's socket. */
export interface SocketEntry {
  readonly path: string;
  /** The engine's process id, from the name `resonite-<pid>.sock`; `undefined` when the name carries none. */
  readonly pid: number | undefined;
  /** False when the process is gone. A name without a process id counts as alive: it cannot be told. */
  readonly alive: boolean;
}

/** Options of {@link listSockets}. */
export interface ListSocketsOptions {
  /** The folder to look in. Default: `RESONITE_IO_SOCKET_DIR`, or else `~/.resonite-io`. */
  readonly directory?: string;
  /** Where to read the variables from. Default `process.env`. */
  readonly environment?: SocketEnvironment;
}

/**
 * Lists the sockets of this machine's mods, sorted by name, those of dead processes included. A folder that does not exist
 * holds none. Nothing is opened: whether somebody listens shows only when connecting.
 *
 * Throws {@link InvalidEnvironmentError} for a `RESONITE_IO_SOCKET_DIR` that is not a folder, and
 * {@link SocketNotFoundError}, with the system's error as its cause, for a folder that cannot be read.
 */
export function listSockets(options: ListSocketsOptions = {}): readonly SocketEntry[] {
  const { directory = socketDirectory(options.environment ?? process.env) } = options;
  return namesIn(resolve(directory))
    .filter((name) => name.startsWith("resonite-") && name.endsWith(".sock"))
    .sort()
    .map((name) => {
      const pid = pidInName(name);
      return { path: join(resolve(directory), name), pid, alive: pid === undefined || isProcessAlive(pid) };
    });
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new SocketNotFoundError({ directory, skipped: [], cause: error });
  }
}

function pidInName(name: string): number | undefined {
  const digits = /^resonite-(\d+)\.sock$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidOptionsError } from "@resoio/core";
import { AmbiguousSocketError } from "../errors/ambiguous-socket-error.js";
import { InvalidEnvironmentError } from "../errors/invalid-environment-error.js";
import { SocketNotFoundError } from "../errors/socket-not-found-error.js";
import { listSockets } from "./list-sockets.js";
import { type SocketEnvironment, socketDirectory } from "./socket-directory.js";

/** Which mod is meant. */
export interface FindSocketOptions {
  /** The socket itself. Default: found as described at {@link findSocket}. */
  readonly socketPath?: string | undefined;
  /** The engine's process id, to choose one of several. Default: there must be only one. */
  readonly pid?: number | undefined;
  /** Where to read the variables from. Default `process.env`. */
  readonly environment?: SocketEnvironment | undefined;
}

/** The longest path that the kernel takes for a Unix domain socket: 107 bytes on Linux, 103 on macOS. */
const maxPathBytes = process.platform === "darwin" ? 103 : 107;

/**
 * Finds the socket of the running mod. In this order: the option `socketPath`; `RESONITE_IO_SOCKET`; the only socket of a
 * living process in `RESONITE_IO_SOCKET_DIR`; the only one in `~/.resonite-io`. An option or variable that is empty counts
 * as absent, and a `pid` looks in the folder at once.
 *
 * Throws {@link SocketNotFoundError} or {@link AmbiguousSocketError} when the folder has none or several,
 * {@link InvalidEnvironmentError} for a variable that cannot lead to a socket, and {@link InvalidOptionsError} for a path
 * that is too long or given together with a `pid`. Whether somebody listens shows only when connecting.
 */
export function findSocket(options: FindSocketOptions = {}): string {
  const { socketPath = "", pid, environment = process.env } = options;
  if (socketPath !== "") {
    if (pid !== undefined) throw new InvalidOptionsError("socketPath and pid exclude each other");
    const problem = pathProblem(socketPath);
    if (problem !== undefined) throw new InvalidOptionsError(`socketPath ${JSON.stringify(socketPath)} ${problem}`);
    return resolve(socketPath);
  }
  const named = environment.RESONITE_IO_SOCKET ?? "";
  if (named !== "" && pid === undefined) return checkNamedSocket(named);
  return findInDirectory(socketDirectory(environment), pid);
}

function findInDirectory(directory: string, pid: number | undefined): string {
  const entries = listSockets({ directory }).filter((entry) => pid === undefined || entry.pid === pid);
  const [first, ...others] = entries.filter(({ alive }) => alive);
  if (first === undefined) {
    const skipped = entries.flatMap((entry) => (entry.pid === undefined ? [] : [{ path: entry.path, pid: entry.pid }]));
    const wanted = pid === undefined ? {} : { wanted: `Resonite IO socket of process ${pid}` };
    throw new SocketNotFoundError({ directory, skipped, ...wanted });
  }
  if (others.length > 0) throw new AmbiguousSocketError([first, ...others].map(({ path }) => path));
  return first.path;
}

/** A variable that names a socket is a claim that it is there, so a wrong one is told apart from a mod that is not up. */
function checkNamedSocket(value: string): string {
  const path = resolve(value);
  const problem = pathProblem(path);
  if (problem !== undefined) throw new InvalidEnvironmentError("RESONITE_IO_SOCKET", value, `which ${problem}`);
  let isSocket: boolean;
  try {
    isSocket = statSync(path).isSocket();
  } catch (cause) {
    throw new InvalidEnvironmentError("RESONITE_IO_SOCKET", value, "where no socket is", cause);
  }
  if (!isSocket) throw new InvalidEnvironmentError("RESONITE_IO_SOCKET", value, "which is not a socket");
  return path;
}

function pathProblem(path: string): string | undefined {
  if (path.includes("\0")) return "contains a null character";
  const bytes = Buffer.byteLength(resolve(path));
  return bytes > maxPathBytes ? `has ${bytes} bytes; a socket's path can have at most ${maxPathBytes}` : undefined;
}

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The environment variables that say where the mod puts its socket. Empty ones count as unset. */
export interface SocketFileEnvironment {
  readonly RESONITE_IO_SOCKET?: string | undefined;
  readonly RESONITE_IO_SOCKET_DIR?: string | undefined;
  readonly HOME?: string | undefined;
}

/**
 * Where the mod puts its socket: `RESONITE_IO_SOCKET`, else `resonite-<pid>.sock` in `RESONITE_IO_SOCKET_DIR`, else in
 * `.resonite-io` in `HOME`. Throws when none of them is set, as the mod does.
 */
export function modSocketPath(environment: SocketFileEnvironment, pid: number = process.pid): string {
  const { RESONITE_IO_SOCKET: path = "", RESONITE_IO_SOCKET_DIR: directory = "", HOME: home = "" } = environment;
  if (path !== "") return resolve(path);
  if (directory !== "") return join(resolve(directory), socketFileName(pid));
  if (home !== "") return join(resolve(home), ".resonite-io", socketFileName(pid));
  throw new Error("no place for the socket: set RESONITE_IO_SOCKET, RESONITE_IO_SOCKET_DIR or HOME");
}

/** The name of the socket of the engine with this process id. */
export function socketFileName(pid: number = process.pid): string {
  return `resonite-${pid}.sock`;
}

/**
 * Prepares the place for a socket, as the mod does before it listens: makes the folder, removes from it the sockets of
 * processes that are gone and of this one, and removes whatever is at `socketPath`. Names without a process id stay.
 *
 * Throws the system's error when the folder cannot be made or read. What cannot be removed stays.
 */
export function prepareSocketFile(socketPath: string): void {
  const directory = dirname(socketPath);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory)) {
    const pid = pidInName(name);
    if (pid !== undefined && (pid === process.pid || !isProcessAlive(pid))) removeSocketFile(join(directory, name));
  }
  removeSocketFile(socketPath);
}

/** Removes a socket. Does nothing when it is gone already, or is none that can be removed. */
export function removeSocketFile(socketPath: string): void {
  try {
    rmSync(socketPath, { force: true });
  } catch {
    // A folder of that name, or no right to it: listening there fails, which says more.
  }
}

const maxPid = 0x7fffffff;

function pidInName(name: string): number | undefined {
  const digits = /^resonite-([+-]?\d+)\.sock$/.exec(name)?.[1];
  const pid = Number(digits);
  return digits === undefined || Math.abs(pid) > maxPid ? undefined : pid;
}

function isProcessAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

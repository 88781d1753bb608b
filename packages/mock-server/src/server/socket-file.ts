import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** The environment variables that say where the mod puts its socket. Empty ones count as unset. */
export interface SocketFileEnvironment {
  readonly RESONITE_IO_SOCKET?: string | undefined;
  readonly RESONITE_IO_SOCKET_DIR?: string | undefined;
}

/**
 * Where the mod puts its socket: `RESONITE_IO_SOCKET`, else `resonite-<pid>.sock` in `RESONITE_IO_SOCKET_DIR`, else in
 * `~/.resonite-io`.
 */
export function modSocketPath(environment: SocketFileEnvironment, pid: number = process.pid): string {
  const { RESONITE_IO_SOCKET: path = "", RESONITE_IO_SOCKET_DIR: directory = "" } = environment;
  if (path !== "") return resolve(path);
  return join(directory === "" ? join(homedir(), ".resonite-io") : resolve(directory), socketFileName(pid));
}

/** The name of the socket of the engine with this process id. */
export function socketFileName(pid: number = process.pid): string {
  return `resonite-${pid}.sock`;
}

/**
 * Prepares the place for a socket, as the mod does before it listens: makes the folder, removes from it the sockets of
 * processes that are gone and of this one, and removes whatever is at `socketPath`. Names without a process id stay.
 */
export function prepareSocketFile(socketPath: string): void {
  const directory = dirname(socketPath);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory)) {
    const pid = pidInName(name);
    if (pid !== undefined && (pid === process.pid || !isProcessAlive(pid)))
      rmSync(join(directory, name), { force: true });
  }
  rmSync(socketPath, { force: true });
}

/** Removes the socket. Does nothing when it is gone already. */
export function removeSocketFile(socketPath: string): void {
  rmSync(socketPath, { force: true });
}

function pidInName(name: string): number | undefined {
  const digits = /^resonite-([+-]?\d+)\.sock$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isProcessAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

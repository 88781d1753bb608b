import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidEnvironmentError } from "../errors/invalid-environment-error.js";

/** The environment variables that say where sockets are. Empty ones count as unset. */
export interface SocketEnvironment {
  /** Path of the one socket to use. */
  readonly RESONITE_IO_SOCKET?: string | undefined;
  /** Folder to look for sockets in, instead of `~/.resonite-io`. */
  readonly RESONITE_IO_SOCKET_DIR?: string | undefined;
}

/**
 * Returns the folder in which mods put their sockets: `RESONITE_IO_SOCKET_DIR`, or else `~/.resonite-io`.
 *
 * Throws {@link InvalidEnvironmentError} when the variable names something that is not a folder.
 */
export function socketDirectory(environment: SocketEnvironment): string {
  const value = environment.RESONITE_IO_SOCKET_DIR;
  if (value === undefined || value === "") return join(homedir(), ".resonite-io");
  const directory = resolve(value);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(directory).isDirectory();
  } catch (cause) {
    throw new InvalidEnvironmentError("RESONITE_IO_SOCKET_DIR", value, "which cannot be read as a folder", cause);
  }
  if (!isDirectory) throw new InvalidEnvironmentError("RESONITE_IO_SOCKET_DIR", value, "which is not a folder");
  return directory;
}

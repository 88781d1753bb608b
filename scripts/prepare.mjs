// Installs and builds what is missing, and only that. Runs on the machine's own Node, before anything is installed, so it
// uses nothing but what Node 20 has.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export const root = join(import.meta.dirname, "..");
const binFolder = join(root, "node_modules", ".bin");
const installedMark = join(root, "node_modules", ".installed-lock");

/** The environment of everything that is started: Node 24 and the tools from `node_modules` come first. */
export const environment = {
  ...process.env,
  PATH: `${binFolder}${delimiter}${process.env.PATH ?? ""}`,
  NX_DAEMON: "false",
  // The summary of a task run is for people; these scripts print their own.
  NX_TUI: "false",
};

/** Runs a command in the root of the repository and returns its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: environment,
    stdio: "inherit",
    shell: process.platform === "win32",
    ...options,
  });
  if (error !== undefined) throw new Error(`${command} could not be started`, { cause: error });
  return status ?? 1;
}

/** Installs the dependencies unless those of the current lock file are there. Ends the process when that fails. */
export function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(installedMark) && readFileSync(installedMark, "utf8") === lock) return;
  console.log("Installing dependencies ...");
  const code = run("npm", ["ci", "--loglevel=error"]);
  if (code !== 0) process.exit(code);
  writeFileSync(installedMark, lock);
}

/** Runs an nx target in all packages; unchanged ones come from the cache. Returns the exit code. */
export function runTarget(...targets) {
  return run("nx", ["run-many", "-t", ...targets, "--outputStyle=static"]);
}

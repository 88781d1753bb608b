import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, posix } from "node:path";
import { parse } from "yaml";
import { CheckError } from "./check-error.js";
import { type GeneratedFiles, readFilesBelow } from "./generated-files.js";

/** What the generators make of the `.proto` files now. */
export interface FreshFiles {
  readonly files: GeneratedFiles;
  /** The folders that they are written to, relative to the root. */
  readonly folders: readonly string[];
  /** The generators whose files are all among these. */
  readonly generators: readonly string[];
}

/**
 * Runs `buf generate` with the application's template, into a folder that is gone afterwards.
 *
 * Throws {@link CheckError} when there is no buf, when the template cannot be used, and when buf fails; buf has said why on stderr.
 */
export function generateWithBuf(root: string, template: string): FreshFiles {
  const folders = readOutputFolders(root, template);
  const scratch = mkdtempSync(join(tmpdir(), "resoio-channel-"));
  try {
    const [command, ...args] = findBuf(root);
    const { PATH = "" } = process.env;
    const { status, error } = spawnSync(command, [...args, "generate", "--template", template, "--output", scratch], {
      cwd: root,
      env: { ...process.env, PATH: [...binFoldersAbove(root), PATH].join(delimiter) },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (error !== undefined)
      throw new CheckError("buf could not be started: install it with `npm install -D @bufbuild/buf`");
    if (status !== 0) throw new CheckError(`\`buf generate --template ${template}\` failed, as said above`);
    const files = new Map(folders.flatMap((folder) => [...readFilesBelow(join(scratch, folder), folder)]));
    return { files, folders, generators: ["protoc-gen-es", "protoc-gen-resoio-channel"] };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The folders that the plugins of a template write to. One outside of the root would be written to for real, so it is refused. */
function readOutputFolders(root: string, template: string): readonly string[] {
  const path = join(root, template);
  if (!existsSync(path)) throw new CheckError(`there is no ${path}: say with --template what \`buf generate\` takes`);
  const content: unknown = parse(readFileSync(path, "utf8"));
  const plugins = content !== null && typeof content === "object" && "plugins" in content ? content.plugins : undefined;
  if (!Array.isArray(plugins)) throw new CheckError(`${path} has no list of plugins`);
  const folders = plugins.map((plugin: unknown) => {
    const out = plugin !== null && typeof plugin === "object" && "out" in plugin ? plugin.out : undefined;
    if (typeof out !== "string")
      throw new CheckError(`a plugin in ${path} does not say where it writes to: give it \`out\``);
    const folder = posix.normalize(out.replaceAll("\\", "/")).replace(/\/$/, "");
    if (posix.isAbsolute(folder) || folder.startsWith("..") || /^[A-Za-z]:/.test(folder)) {
      throw new CheckError(
        `a plugin in ${path} writes to ${out}, outside of ${root}: run this where its output is, with --root`,
      );
    }
    return folder === "." ? "" : folder;
  });
  return [...new Set(folders)];
}

/** The npm package where there is one, else what the shell finds. */
function findBuf(root: string): readonly [string, ...string[]] {
  try {
    const manifest = createRequire(join(root, "package.json")).resolve("@bufbuild/buf/package.json");
    return [process.execPath, join(dirname(manifest), "bin", "buf")];
  } catch {
    return ["buf"];
  }
}

/** Where npm puts the commands of the packages that are installed: buf looks for plugins on the path. */
function binFoldersAbove(root: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    folders.push(join(folder, "node_modules", ".bin"));
    if (folder === dirname(folder)) return folders;
  }
}

import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, relative, resolve, sep } from "node:path";
import { InvalidOptionsError } from "@resoio/core";
import sirv from "sirv";

/** Serves files of a folder. False when there is no file for the request: nothing has been answered then. */
export type StaticFiles = (request: IncomingMessage, response: ServerResponse, pathname: string) => Promise<boolean>;

/** What stands for a path that names no file. */
const endings = ["", ".html", "/index.html"];

/**
 * Serves what is in `directory`, and nothing else: no file whose name, or whose folder's name, begins with a dot, and none that a
 * symbolic link fetches from elsewhere. Files are looked up each time, so they may change while the proxy runs.
 *
 * Throws {@link InvalidOptionsError} when `directory` is no folder.
 */
export async function createStaticFiles(directory: string): Promise<StaticFiles> {
  const root = await realFolder(directory);
  // `dev` means: look at the disk each time. Which file that may be is not left to it.
  const send = sirv(root, { dev: true, etag: true, extensions: [] });

  async function findFile(pathname: string): Promise<string | undefined> {
    const parts = pathParts(pathname);
    if (parts === undefined) return undefined;
    const path = join(root, ...parts);
    for (const ending of endings) {
      const file = await readableFile(path + ending);
      if (file?.startsWith(root + sep) === true && !hasDotName(relative(root, file))) return file;
    }
    return undefined;
  }

  return async (request, response, pathname) => {
    const file = await findFile(pathname);
    if (file === undefined) return false;
    request.url = `/${relative(root, file).split(sep).map(encodeURIComponent).join("/")}`;
    if (!isSimpleRange(request.headers.range)) delete request.headers.range;
    // Nobody else does it: a client that goes away would leave the file open, and a file that cannot be read end the process.
    response.on("pipe", (source) => {
      response.on("close", () => source.destroy());
      source.on("error", () => response.destroy());
    });
    send(request, response, () => {
      response.destroy();
    });
    return true;
  };
}

async function realFolder(directory: string): Promise<string> {
  const path = resolve(directory);
  try {
    if ((await stat(path)).isDirectory()) return await realpath(path);
  } catch (cause) {
    throw new InvalidOptionsError(`the folder of static files, ${path}, cannot be read`, { cause });
  }
  throw new InvalidOptionsError(`${path} is no folder, so no static files can be served from it`);
}

/** The names in a path, or `undefined` for a path that is none, or tries to leave. */
function pathParts(pathname: string): string[] | undefined {
  const parts: string[] = [];
  for (const encoded of pathname.split("/")) {
    let name: string;
    try {
      name = decodeURIComponent(encoded);
    } catch {
      return undefined;
    }
    if (name === "") continue;
    if (name.startsWith(".") || /[/\\\0]/.test(name)) return undefined;
    parts.push(name);
  }
  return parts;
}

/** Where a file really is, if it is one and may be read. */
async function readableFile(path: string): Promise<string | undefined> {
  try {
    const file = await realpath(path);
    if (!(await stat(file)).isFile()) return undefined;
    await access(file, constants.R_OK);
    return file;
  } catch {
    // Whatever is wrong with it, it is not served; which file exists is nobody's business.
    return undefined;
  }
}

function hasDotName(path: string): boolean {
  return path.split(sep).some((name) => name.startsWith("."));
}

/** Whether it is one range of bytes that runs forward, the only kind that is answered as such. */
function isSimpleRange(range: string | undefined): boolean {
  const [, start, end = ""] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range ?? "") ?? [];
  return start !== undefined && (end === "" || Number(end) >= Number(start));
}

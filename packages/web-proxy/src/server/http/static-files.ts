import { constants } from "node:fs";
import { access, lstat, realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, extname, join, relative, resolve, sep } from "node:path";
import { InvalidOptionsError } from "@resoio/core";
import { contentType } from "mime-types";
import Negotiator from "negotiator";
import send from "send";

/** How files are served. */
export interface StaticFilesOptions {
  /**
   * The file, in the folder, that answers to a page's address for which there is none, as single-page applications want: `index.html`.
   * Only what a browser wants to show gets it, not a script or picture that is missing. Default: HTTP 404.
   */
  readonly fallback?: string;
  /**
   * Which files never change, by their path in the folder, so that browsers keep them for a year: for all others they ask each time
   * whether they have. Default: those whose name ends with a hash in the folder `assets`, as Vite names them: `assets/index-BxY3k2P1.js`.
   */
  readonly immutable?: RegExp;
  /** Further headers for a file, by its path in the folder: `index.html`, `assets/index-BxY3k2P1.js`. Default none. */
  readonly headers?: (path: string) => Readonly<Record<string, string>>;
}

/** Serves files of a folder. False when there is no file for the request: nothing has been answered then. */
export type StaticFiles = (request: IncomingMessage, response: ServerResponse, pathname: string) => Promise<boolean>;

/** What stands for a path that names no file. */
const endings = ["", ".html", "/index.html"];

/** At the end of its name eight characters or more that are no word and no date: a digit, or a capital within, and a letter. */
const hashedName = /^assets\/.*[-.](?=\w*[A-Za-z])(?=\w*\d|\w+[A-Z])\w{8,}(\.\w+){1,2}$/;

/** What a file may be beside itself, smaller, in the order in which it is chosen. */
const compressedForms = [
  { ending: ".br", encoding: "br" },
  { ending: ".gz", encoding: "gzip" },
];

const unchangedForAYear = "public, max-age=31536000, immutable";
const askEachTime = "no-cache";

/**
 * Serves what is in `directory`, and nothing else: no file whose name, or whose folder's name, begins with a dot, and none that a
 * symbolic link fetches from elsewhere. Files are looked up each time, so they may change while the proxy runs. Of `app.js` what is in
 * `app.js.br` and `app.js.gz` is sent to those who take it.
 *
 * Throws {@link InvalidOptionsError} when `directory` is no folder, and when the fallback is no file in it.
 */
export async function createStaticFiles(directory: string, options: StaticFilesOptions = {}): Promise<StaticFiles> {
  const { immutable = hashedName, headers } = options;
  const root = await realFolder(directory);
  const fallback = options.fallback === undefined ? undefined : await fallbackFile(root, options.fallback);

  async function findFile(pathname: string): Promise<string | undefined> {
    const parts = pathParts(pathname);
    if (parts === undefined) return undefined;
    const path = join(root, ...parts);
    for (const ending of endings) {
      const file = await servableFile(root, path + ending);
      if (file !== undefined) return file;
    }
    return undefined;
  }

  return async (request, response, pathname) => {
    const file = (await findFile(pathname)) ?? (wantsPage(request, pathname) ? fallback : undefined);
    if (file === undefined) return false;
    const path = relative(root, file).split(sep).join("/");
    for (const [name, value] of Object.entries(headers?.(path) ?? {})) response.setHeader(name, value);
    if (!response.hasHeader("cache-control")) {
      response.setHeader("cache-control", path.search(immutable) < 0 ? askEachTime : unchangedForAYear);
    }
    const { sent, encoding } = await chooseForm(request, response, file);
    if (encoding !== undefined) {
      response.setHeader("content-encoding", encoding);
      response.setHeader("content-type", contentType(extname(file)) || "application/octet-stream");
    }
    sendFile(request, response, root, sent);
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

async function fallbackFile(root: string, name: string): Promise<string> {
  const file = await servableFile(root, join(root, name));
  if (file !== undefined) return file;
  throw new InvalidOptionsError(
    `the fallback ${JSON.stringify(name)} is no file in ${root} that may be served, as index.html would be`,
  );
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

/** Where a file really is, if it is one, may be read, and is inside `root` without anything on the way that begins with a dot. */
async function servableFile(root: string, path: string): Promise<string | undefined> {
  try {
    const file = await realpath(path);
    if (!file.startsWith(root + sep) || hasDotName(relative(root, file)) || !(await stat(file)).isFile())
      return undefined;
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

/** Whether a browser wants to show what is there, and not to use it in a page. */
function wantsPage({ headers }: IncomingMessage, pathname: string): boolean {
  return headers.accept?.includes("text/html") === true && extname(basename(pathname)) === "";
}

/** Whichever of a file and its compressed forms suits the client. One that is older than the file is not its form any more. */
async function chooseForm(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
): Promise<{ readonly sent: string; readonly encoding?: string }> {
  const forms: { readonly sent: string; readonly encoding: string }[] = [];
  for (const { ending, encoding } of compressedForms) {
    if (await isNewer(file + ending, file)) forms.push({ sent: file + ending, encoding });
  }
  if (forms.length === 0) return { sent: file };
  response.appendHeader("vary", "Accept-Encoding");
  const accepted = new Negotiator(request).encodings([...forms.map(({ encoding }) => encoding), "identity"]);
  return forms.find(({ encoding }) => accepted.includes(encoding)) ?? { sent: file };
}

async function isNewer(form: string, file: string): Promise<boolean> {
  try {
    // Not through a symbolic link, which might lead anywhere.
    const found = await lstat(form);
    return found.isFile() && found.mtimeMs >= (await stat(file)).mtimeMs;
  } catch {
    return false;
  }
}

/** Sends a file, as a whole or the part that was asked for, or tells a browser that it has it already. */
function sendFile(request: IncomingMessage, response: ServerResponse, root: string, file: string): void {
  const path = relative(root, file).split(sep).map(encodeURIComponent).join("/");
  const sending = send(request, path, { root, index: false, cacheControl: false, dotfiles: "deny" });
  sending.on("error", ({ status }: { readonly status: number }) => {
    // It vanished meanwhile, cannot be read to its end, or has not the part that was asked for.
    if (response.headersSent) {
      response.destroy();
    } else {
      response.removeHeader("cache-control");
      response.writeHead(status, { "content-length": "0" }).end();
    }
  });
  sending.pipe(response);
}

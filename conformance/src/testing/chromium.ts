import { once } from "node:events";
import { accessSync, constants, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import sirv from "sirv";

/** Where the system's Chromium is. */
const { CHROMIUM_PATH: executablePath = "/usr/bin/chromium", CI } = process.env;

/**
 * Why there is no Chromium here; `undefined` when there is. Without it the tests in a page are skipped, except where `CI` is set:
 * there they fail.
 */
export function missingChromium(): string | undefined {
  try {
    accessSync(executablePath, constants.X_OK);
    return undefined;
  } catch {
    return CI === undefined
      ? `no Chromium at ${executablePath}: install it, or set CHROMIUM_PATH, to run this in a page`
      : undefined;
  }
}

let launched: Promise<Browser> | undefined;

/** The one browser of this test process. It ends with the process. */
export async function sharedBrowser(): Promise<Browser> {
  launched ??= chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return await launched;
}

let shared: Promise<SharedPage> | undefined;

/** A page that many tests use, and where it comes from: proxies must allow its origin. */
export interface SharedPage {
  readonly page: Page;
  readonly origin: string;
}

/** The one page of this test process, with `pageCalls` in it. */
export async function sharedPage(): Promise<SharedPage> {
  shared ??= openSharedPage();
  return await shared;
}

async function openSharedPage(): Promise<SharedPage> {
  const serve = sirv(await pageFolder());
  const server = createServer((request, response) => serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // It ends with the process.
  server.unref();
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server of the page has no port");
  const origin = `http://127.0.0.1:${address.port}`;
  return { page: await openPage(origin), origin };
}

/** Opens a page at `url`, which must serve what is in {@link pageFolder}. */
export async function openPage(url: string): Promise<Page> {
  const browser = await sharedBrowser();
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => "pageCalls" in globalThis);
  return page;
}

let folder: Promise<string> | undefined;

/** A folder with the page of the tests: HTML, and a script that makes `pageCalls`. */
export async function pageFolder(): Promise<string> {
  folder ??= makePageFolder();
  return await folder;
}

async function makePageFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "resoio-page-"));
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  await writeFile(
    join(path, "index.html"),
    '<!doctype html><meta charset="utf-8"><title>a page</title><script type="module" src="page.js"></script>',
  );
  await build({
    entryPoints: [join(import.meta.dirname, "page/page.ts")],
    outfile: join(path, "page.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
  });
  return path;
}

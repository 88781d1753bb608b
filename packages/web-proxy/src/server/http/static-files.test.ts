import { mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidOptionsError } from "@resoio/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenProxy, openProxy } from "../../testing/open-proxy.js";
import { rawRequest } from "../../testing/raw-request.js";

let folder: string;
let root: string;
let open: OpenProxy;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "resoio-static-")));
  root = join(folder, "site");
  await mkdir(join(root, "sub", ".private"), { recursive: true });
  await mkdir(join(folder, "site-beside"));
  await writeFile(join(folder, "secret.txt"), "secret");
  await writeFile(join(folder, "site-beside", "secret.txt"), "secret");
  await writeFile(join(root, "index.html"), "<h1>home</h1>");
  await writeFile(join(root, "about.html"), "about");
  await writeFile(join(root, "sub", "index.html"), "sub");
  await writeFile(join(root, "sub", "a b.js"), "script");
  await writeFile(join(root, ".env"), "secret");
  await writeFile(join(root, "sub", ".private", "secret.txt"), "secret");
  await writeFile(join(root, "numbers"), "0123456789");
  await writeFile(join(root, "huge"), Buffer.alloc(50_000_000));
  await symlink(join(folder, "secret.txt"), join(root, "link.txt"));
  await symlink(folder, join(root, "up"));
  await symlink(join(root, "about.html"), join(root, "inner.html"));
  await symlink(join(root, ".env"), join(root, "env.txt"));
  await symlink(join(root, "loop"), join(root, "loop"));
  open = await openProxy({ staticDirectory: root });
});

afterEach(async () => {
  await open[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe("static files", () => {
  it.each([
    ["/", "<h1>home</h1>", "text/html;charset=utf-8"],
    ["/index.html", "<h1>home</h1>", "text/html;charset=utf-8"],
    ["/?a=1#b", "<h1>home</h1>", "text/html;charset=utf-8"],
    ["/about", "about", "text/html;charset=utf-8"],
    ["/sub", "sub", "text/html;charset=utf-8"],
    ["/sub/", "sub", "text/html;charset=utf-8"],
    ["//sub//a%20b.js", "script", "text/javascript"],
    ["/inner.html", "about", "text/html;charset=utf-8"],
  ])("at %s are served", async (path, body, contentType) => {
    const answer = await rawRequest(open.url, { path });
    expect(answer).toMatchObject({ status: 200, text: body, headers: { "content-type": contentType } });
    expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("are not sent again to a browser that has them, and in the part that is asked for", async () => {
    const { headers } = await rawRequest(open.url, { path: "/numbers" });
    const etag = String(headers.etag);
    expect((await rawRequest(open.url, { path: "/numbers", headers: { "if-none-match": etag } })).status).toBe(304);
    const part = await rawRequest(open.url, { path: "/numbers", headers: { range: "bytes=2-4" } });
    expect(part).toMatchObject({ status: 206, text: "234" });
  });

  it.each(["bytes=5-2", "bytes=-3", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=99999999999999999999-"])(
    "are sent as a whole for the range %s",
    async (range) => {
      const { status, text } = await rawRequest(open.url, { path: "/numbers", headers: { range } });
      expect([status, text]).toEqual([200, "0123456789"]);
    },
  );

  it.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub/../../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/../site-beside/secret.txt",
    "/site-beside/secret.txt",
    "/.env",
    "/%2eenv",
    "/sub/.private/secret.txt",
    "/link.txt",
    "/up/secret.txt",
    "/env.txt",
    "/loop",
    "/secret.txt%00.html",
    "/%00",
    "/%ff",
    "/%",
    "/sub/nothing.js",
    "/etc/passwd",
    "//etc/passwd",
  ])("are not found at %s", async (path) => {
    const { status, text } = await rawRequest(open.url, { path });
    // Going up within the site is no way out of it, but no way in either.
    expect(status).toBe(404);
    expect(text).not.toContain("secret");
  });

  it("only go out", async () => {
    expect((await rawRequest(open.url, { method: "PUT", path: "/index.html", body: "x" })).status).toBe(405);
    expect((await rawRequest(open.url, { method: "DELETE", path: "/index.html" })).status).toBe(405);
  });

  it.skipIf(process.platform !== "linux")("are closed when the client goes away", async () => {
    await new Promise<void>((resolve) => {
      get(`${open.url}/huge`, { agent: false }, (response) => {
        response.once("data", () => {
          response.once("close", resolve);
          response.destroy();
        });
      });
    });
    while ((await openFiles()).includes(join(root, "huge"))) await new Promise(setImmediate);
  });

  it("are looked up each time", async () => {
    await writeFile(join(root, "new.txt"), "new");
    expect((await rawRequest(open.url, { path: "/new.txt" })).text).toBe("new");
    await rm(join(root, "new.txt"));
    expect((await rawRequest(open.url, { path: "/new.txt" })).status).toBe(404);
  });

  it.each([
    ["is not there", () => join(folder, "nowhere")],
    ["is a file", () => join(root, "numbers")],
  ])("cannot come from a folder that %s", async (_, path) => {
    await expect(openProxy({ staticDirectory: path() })).rejects.toThrow(InvalidOptionsError);
  });
});

/** The files that this process has open. */
async function openFiles(): Promise<readonly string[]> {
  const names = await readdir("/proc/self/fd");
  return await Promise.all(names.map((name) => readlink(join("/proc/self/fd", name)).catch(() => "")));
}

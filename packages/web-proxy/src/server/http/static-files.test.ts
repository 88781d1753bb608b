import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { get, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { createRouterTransport } from "@connectrpc/connect";
import { InvalidOptionsError, type ResoniteTransport } from "@resoio/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localhostCert, localhostKey } from "../../testing/localhost-certificate.js";
import { type PlacedProxy, proxyPlaces } from "../../testing/proxy-places.js";
import { type RawAnswer, type RawRequest, rawRequest } from "../../testing/raw-request.js";
import { subprotocol } from "../../wire/protocol.js";
import { createProxy } from "../create-proxy.js";
import type { StaticFilesOptions } from "./static-files.js";

const upstream: ResoniteTransport = createRouterTransport(() => {});
let folder: string;
let root: string;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  folder = await realpath(await mkdtemp(join(tmpdir(), "resoio-static-")));
  root = join(folder, "site");
  await mkdir(join(root, "sub", ".private"), { recursive: true });
  await mkdir(join(root, "assets"));
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
  await symlink(join(folder, "secret.txt"), join(root, "link.txt"));
  await symlink(folder, join(root, "up"));
  await symlink(join(root, "about.html"), join(root, "inner.html"));
  await symlink(join(root, ".env"), join(root, "env.txt"));
  await symlink(join(root, "loop"), join(root, "loop"));
});

afterEach(async () => {
  await stack.disposeAsync();
  await rm(folder, { recursive: true });
});

describe.each(proxyPlaces)("oracle 14: static files on $place", ({ open }) => {
  let placed: PlacedProxy;

  const serve = async (staticFiles: StaticFilesOptions = {}): Promise<void> => {
    placed = await open(stack, { upstream, staticDirectory: root, staticFiles });
  };
  const ask = (path: string, request: RawRequest = {}): Promise<RawAnswer> =>
    rawRequest(placed.origin, { ...request, path: placed.path + path });

  it.each([
    ["/", "<h1>home</h1>", "text/html; charset=utf-8"],
    ["/index.html", "<h1>home</h1>", "text/html; charset=utf-8"],
    ["/?a=1#b", "<h1>home</h1>", "text/html; charset=utf-8"],
    ["/about", "about", "text/html; charset=utf-8"],
    ["/sub", "sub", "text/html; charset=utf-8"],
    ["/sub/", "sub", "text/html; charset=utf-8"],
    ["//sub//a%20b.js", "script", "text/javascript; charset=utf-8"],
    ["/inner.html", "about", "text/html; charset=utf-8"],
  ])("at %s are served", async (path, body, contentType) => {
    await serve();
    const answer = await ask(path);
    expect(answer).toMatchObject({ status: 200, text: body, headers: { "content-type": contentType } });
    expect(answer.headers["content-length"]).toBe(String(body.length));
    expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub/../../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "/sub/.%2e/%2e./secret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/sub\\..\\..\\secret.txt",
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
    await serve({ fallback: "index.html" });
    const { status, text } = await ask(path);
    // Going up within the site is no way out of it, but no way in either.
    expect(status).toBe(404);
    expect(text).not.toContain("secret");
  });

  it("only go out", async () => {
    await serve();
    expect((await ask("/index.html", { method: "PUT", body: "x" })).status).toBe(405);
    expect((await ask("/index.html", { method: "DELETE" })).status).toBe(405);
  });

  it("are described without being sent to who asks with HEAD", async () => {
    await serve();
    const { status, headers, text } = await ask("/numbers", { method: "HEAD" });
    expect([status, headers["content-length"], headers["content-type"], text]).toEqual([
      ...[200, "10", "application/octet-stream", ""],
    ]);
    expect((await ask("/nothing", { method: "HEAD" })).status).toBe(404);
  });

  it("are not sent again to a browser that has them", async () => {
    await serve();
    const { headers } = await ask("/numbers");
    const etag = String(headers.etag);
    for (const match of [etag, `"other", ${etag}`, "*"]) {
      const { status, text } = await ask("/numbers", { headers: { "if-none-match": match } });
      expect([match, status, text]).toEqual([match, 304, ""]);
    }
    const since = { "if-modified-since": String(headers["last-modified"]) };
    expect((await ask("/numbers", { headers: since })).status).toBe(304);
    await writeFile(join(root, "numbers"), "changed, and longer");
    expect((await ask("/numbers", { headers: { "if-none-match": etag } })).text).toBe("changed, and longer");
  });

  it.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
    ["bytes=10-", 416, "", "bytes */10"],
    ["bytes=5-2", 416, "", "bytes */10"],
    ["bytes=99999999999999999999-", 416, "", "bytes */10"],
    ["bytes=0-1,3-4", 200, "0123456789", undefined],
    ["lines=1-2", 200, "0123456789", undefined],
    ["nonsense", 200, "0123456789", undefined],
  ])("are sent in the part that is asked for: %s gives %i", async (range, status, text, contentRange) => {
    await serve();
    const answer = await ask("/numbers", { headers: { range } });
    expect([answer.status, answer.text, answer.headers["content-range"]]).toEqual([status, text, contentRange]);
    expect(answer.headers["cache-control"]).toBe(status === 416 ? undefined : "no-cache");
  });

  it("are sent as a whole when they have changed since the first part", async () => {
    await serve();
    const etag = String((await ask("/numbers")).headers.etag);
    const range = "bytes=0-1";
    expect((await ask("/numbers", { headers: { range, "if-range": etag } })).status).toBe(206);
    expect((await ask("/numbers", { headers: { range, "if-range": `W/"other"` } })).status).toBe(200);
  });

  it("are asked for each time, but those with a hash in their name never again", async () => {
    await serve();
    const cached = async (path: string): Promise<string | undefined> => {
      await writeFile(join(root, path), "x");
      return (await ask(`/${path}`)).headers["cache-control"];
    };
    const forever = "public, max-age=31536000, immutable";
    for (const path of ["index-BxY3k2P1.js", "index.4f2a91bc.css", "index-BxY3k2P1.js.map", "a-b_C3d4E5f6.woff2"]) {
      expect([path, await cached(`assets/${path}`)]).toEqual([path, forever]);
    }
    for (const path of [
      ...["index.html", "index-BxY3k2P1.js", "assets/index.js", "assets/photo-20240101.png"],
      ...["assets/white-elephant.png", "assets/white-Elephant.png", "assets/a-Bc1.js"],
    ]) {
      expect([path, await cached(path)]).toEqual([path, "no-cache"]);
    }
  });

  it("may be given other rules and headers", async () => {
    await serve({
      immutable: /^sub\//g,
      headers: (path): Record<string, string> =>
        path === "index.html" ? { "x-robots-tag": "none", "cache-control": "no-store" } : {},
    });
    expect((await ask("/")).headers).toMatchObject({ "x-robots-tag": "none", "cache-control": "no-store" });
    for (let time = 0; time < 2; time++) {
      const { headers } = await ask("/sub/a%20b.js");
      expect([headers["x-robots-tag"], headers["cache-control"]]).toEqual([
        ...[undefined, expect.stringContaining("immutable")],
      ]);
    }
  });

  it("are replaced by the fallback where a page has none, and only if there is one", async () => {
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    await serve({ fallback: "index.html" });
    const page = await ask("/rooms/17", { headers: { accept } });
    expect([page.status, page.text, page.headers["cache-control"]]).toEqual([200, "<h1>home</h1>", "no-cache"]);
    expect((await ask("/about", { headers: { accept } })).text).toBe("about");
    expect((await ask("/missing.js", { headers: { accept } })).status).toBe(404);
    expect((await ask("/rooms/17", { headers: { accept: "*/*" } })).status).toBe(404);
    expect((await ask("/ws", { headers: { accept } })).status).toBe(426);
  });

  it("are not replaced by anything without being told to", async () => {
    await serve();
    expect((await ask("/rooms/17", { headers: { accept: "text/html" } })).status).toBe(404);
  });

  it("are sent in the compressed form that is beside them, to those who take it", async () => {
    const script = "a script ".repeat(100);
    await writeFile(join(root, "app.js"), script);
    await writeFile(join(root, "app.js.gz"), gzipSync(script));
    await writeFile(join(root, "app.js.br"), brotliCompressSync(script));
    await writeFile(join(root, "page.css"), "a");
    await writeFile(join(root, "page.css.gz"), gzipSync("a"));
    await serve();
    const encodingFor = async (accept: string, path = "/app.js"): Promise<string | undefined> => {
      const { status, headers, body } = await ask(path, { headers: { "accept-encoding": accept } });
      expect([status, headers.vary]).toEqual([200, "Origin, Accept-Encoding"]);
      if (headers["content-encoding"] === "gzip") gunzipSync(body);
      return headers["content-encoding"];
    };
    expect(await encodingFor("gzip, deflate, br")).toBe("br");
    expect(await encodingFor("gzip")).toBe("gzip");
    expect(await encodingFor("GZIP;q=0.1")).toBe("gzip");
    expect(await encodingFor("gzip;q=0")).toBeUndefined();
    expect(await encodingFor("br;q=0, gzip;q=0, *")).toBeUndefined();
    expect(await encodingFor("br;q=0.0, *;q=0.5")).toBe("gzip");
    expect(await encodingFor("notgzip")).toBeUndefined();
    expect(await encodingFor("br, gzip", "/page.css")).toBe("gzip");
    const gzipped = await ask("/app.js", { headers: { "accept-encoding": "gzip" } });
    expect(gzipped.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(String(gunzipSync(gzipped.body))).toBe(script);
    const head = await ask("/app.js", { method: "HEAD", headers: { "accept-encoding": "gzip" } });
    expect(head.headers["content-length"]).toBe(String(gzipped.body.byteLength));
    const match = { "if-none-match": String(gzipped.headers.etag), "accept-encoding": "gzip" };
    expect((await ask("/app.js", { headers: match })).status).toBe(304);
    expect((await ask("/app.js")).text).toBe(script);
    // Asked for by its own name it is a file like every other.
    const file = await ask("/app.js.gz", { headers: { "accept-encoding": "gzip" } });
    expect([file.headers["content-encoding"], file.headers["content-type"]]).toEqual([undefined, "application/gzip"]);
  });

  it("are sent as they are when their compressed form is old, or leads elsewhere", async () => {
    await writeFile(join(root, "app.js"), "new");
    await writeFile(join(root, "app.js.gz"), gzipSync("old"));
    await utimes(join(root, "app.js.gz"), 1_000, 1_000);
    await symlink(join(folder, "secret.txt"), join(root, "app.js.br"));
    await utimes(join(folder, "secret.txt"), 4_000_000_000, 4_000_000_000);
    await serve();
    const answer = await ask("/app.js", { headers: { "accept-encoding": "br, gzip" } });
    expect([answer.text, answer.headers["content-encoding"]]).toEqual(["new", undefined]);
  });

  it.each(["websocket", "WebSocket", "WEBSOCKET"])("do not answer who asks for a WebSocket as %s", async (upgrade) => {
    await serve();
    const sent = httpRequest(`${placed.origin}${placed.path}/ws`, {
      agent: false,
      headers: {
        connection: "Upgrade",
        upgrade,
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
        "sec-websocket-protocol": subprotocol,
      },
    });
    sent.end();
    const [response, socket] = await once(sent, "upgrade");
    expect(response.statusCode).toBe(101);
    socket.destroy();
  });

  it.skipIf(process.platform !== "linux")("are closed when the client goes away", async () => {
    await writeFile(join(root, "huge"), Buffer.alloc(50_000_000));
    await serve();
    await new Promise<void>((resolve) => {
      get(`${placed.origin}${placed.path}/huge`, { agent: false }, (response) => {
        response.once("data", () => {
          response.once("close", resolve);
          response.destroy();
        });
      });
    });
    while ((await openFiles()).includes(join(root, "huge"))) await new Promise(setImmediate);
  });

  it("are looked up each time", async () => {
    await serve();
    await writeFile(join(root, "new.txt"), "new");
    expect((await ask("/new.txt")).text).toBe("new");
    await rm(join(root, "new.txt"));
    expect((await ask("/new.txt")).status).toBe(404);
  });

  it.each([
    ["is not there", () => join(folder, "nowhere")],
    ["is a file", () => join(root, "numbers")],
  ])("cannot come from a folder that %s", async (_, path) => {
    await expect(open(stack, { upstream, staticDirectory: path() })).rejects.toThrow(InvalidOptionsError);
  });

  it.each(["nowhere.html", "sub", "../secret.txt", "link.txt", ".env"])(
    "cannot have the fallback %s",
    async (fallback) => {
      await expect(serve({ fallback })).rejects.toThrow(InvalidOptionsError);
    },
  );
});

it("oracle 14: static files go over TLS", async () => {
  const tls = { cert: localhostCert, key: localhostKey };
  const proxy = stack.use(await createProxy({ upstream, port: 0, tls, staticDirectory: root }));
  const answer = await new Promise<Buffer>((resolve, reject) => {
    httpsRequest(`${proxy.url}/about`, { ca: localhostCert, agent: false }, (response) => resolve(buffer(response)))
      .on("error", reject)
      .end();
  });
  expect(String(answer)).toBe("about");
});

/** The files that this process has open. */
async function openFiles(): Promise<readonly string[]> {
  const names = await readdir("/proc/self/fd");
  return await Promise.all(names.map((name) => readlink(join("/proc/self/fd", name)).catch(() => "")));
}

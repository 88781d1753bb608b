import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createMockMod } from "@resoio/mock-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { localhostCert, localhostKey } from "../testing/localhost-certificate.js";
import { worldId, worldKey } from "../testing/world-vectors.js";
import { subprotocol, tokenSubprotocolPrefix } from "../wire/protocol.js";
import { createToken } from "./access/tokens.js";
import { createProxy } from "./create-proxy.js";
import { createWorldIdentity } from "./world/world-identity.js";

const documentation = join(import.meta.dirname, "../../../../docs/reverse-proxy.md");
const tokenSecret = "a secret of more than thirty-two bytes";
const origin = "https://stage.example";
/** Finds the site by its name, and takes whatever certificate it has. */
const agent = new Agent({ servername: "stage.example", rejectUnauthorized: false });

/** Something that is in front of the proxy, if this machine has it. */
interface ReverseProxy {
  readonly name: string;
  /** The language of its block in the documentation. */
  readonly language: string;
  readonly version: readonly string[];
  /** What is written into a file, and how that is run. */
  readonly adapt: (block: string, place: Place) => string;
  readonly run: (file: string, place: Place) => readonly string[];
  /** What it says when it listens. */
  readonly ready: string;
}

interface Place {
  readonly folder: string;
  readonly port: number;
  /** Where the proxy is: `127.0.0.1:<port>`. */
  readonly behind: string;
}

const reverseProxies: readonly ReverseProxy[] = [
  {
    name: "nginx",
    language: "nginx",
    version: ["nginx", "-v"],
    adapt: (block, { folder, port, behind }) => {
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
      const server = block
        .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
        .replaceAll("/etc/ssl/stage.example", join(folder, "cert"))
        .replace("127.0.0.1:7707", behind);
      return `daemon off; master_process off; pid ${folder}/pid; error_log stderr notice; events {}
        http { access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}\n${server} }`;
    },
    run: (file, { folder }) => ["nginx", "-p", folder, "-c", file],
    ready: "event method",
  },
  {
    name: "Caddy",
    language: "caddyfile",
    version: ["caddy", "version"],
    adapt: (block, { folder, port, behind }) => {
      const site = block
        .replace(
          "stage.example {",
          `stage.example:${port} {\n  bind 127.0.0.1\n  tls ${folder}/cert.pem ${folder}/cert.key`,
        )
        .replace("127.0.0.1:7707", behind);
      const servers = "servers {\n    protocols h1\n  }";
      return `{
  admin off
  auto_https off
  storage file_system ${folder}
  ${servers}
}
${site}`;
    },
    run: (file) => ["caddy", "run", "--config", file, "--adapter", "caddyfile"],
    ready: "serving initial configuration",
  },
];

describe.each(reverseProxies)("behind $name, as documented, a proxy", (reverseProxy) => {
  const [command = "", ...args] = reverseProxy.version;
  const isThere = spawnSync(command, args).status === 0;
  let stack: AsyncDisposableStack;
  let place: Place;

  beforeAll(async () => {
    if (!isThere) return;
    stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "resoio-behind-"));
    stack.defer(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "cert.pem"), localhostCert);
    await writeFile(join(folder, "cert.key"), localhostKey);
    await writeFile(join(folder, "index.html"), "<h1>home</h1>");
    const mod = stack.use(createMockMod());
    const identities = [createWorldIdentity(await worldKey(), { slug: "world", name: "Lab" })];
    const proxy = stack.use(
      await createProxy({
        upstream: mod.transport(),
        port: 0,
        tokenSecret,
        anonymousAccess: [],
        staticDirectory: folder,
        allowHosts: ["stage.example"],
        allowOrigins: [origin],
        world: { identities, publicUrl: `${origin}/resonite/` },
      }),
    );
    place = { folder, port: await freePort(), behind: `127.0.0.1:${proxy.port}` };
    const file = join(folder, "configuration");
    await writeFile(file, reverseProxy.adapt(await blockOf(reverseProxy.language), place));
    const child = run(reverseProxy.run(file, place), folder);
    stack.defer(() => end(child));
    let said = "";
    for await (const line of createInterface(child.stderr)) {
      said += `${line}\n`;
      if (line.includes(reverseProxy.ready)) return;
    }
    expect.fail(`it does not start: ${said}`);
  });
  afterAll(async () => {
    await stack?.disposeAsync();
  });

  const itWhereItIs = it.skipIf(!isThere);

  itWhereItIs("answers calls to those who have a token, and nobody else", async () => {
    const token = await createToken({ secret: tokenSecret, access: ["observe"] });
    const path = "/resonite/resonite_io.v1.Connection/Ping";
    const headers = { "content-type": "application/json", origin };
    expect((await ask("POST", path, headers, "{}")).status).toBe(401);
    const answer = await ask("POST", path, { ...headers, authorization: `Bearer ${token}` }, `{"message":"hello"}`);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { message: "hello", serverUnixNanos: expect.anything() },
    ]);
  });

  itWhereItIs("opens WebSockets of its own pages, and no others", async () => {
    const token = await createToken({ secret: tokenSecret, access: ["observe"] });
    expect(await openWebSocket(token, origin)).toBe(101);
    expect(await openWebSocket(token, "https://evil.example")).toBe(403);
    expect(await openWebSocket("nonsense", origin)).toBe(401);
  });

  itWhereItIs("is not reached by another name", async () => {
    const { text } = await ask("GET", "/resonite/healthz", { host: "evil.example" });
    expect(text).not.toContain(`"ok"`);
  });

  itWhereItIs("streams without anything that waits for more", async () => {
    const token = await createToken({ secret: tokenSecret, access: ["observe"] });
    const headers = { "content-type": "application/connect+proto", authorization: `Bearer ${token}` };
    const sent = send("POST", "/resonite/resoio.web.v1.Picture/Watch", headers);
    sent.end(Buffer.alloc(5));
    const [response] = await once(sent, "response");
    // The first picture is smaller than any buffer.
    await once(response, "data");
    expect(response.statusCode).toBe(200);
    sent.destroy();
  });

  itWhereItIs("serves files, and says where its world is", async () => {
    expect((await ask("GET", "/resonite/")).text).toBe("<h1>home</h1>");
    expect((await ask("GET", "/resonite")).headers.location).toMatch(/\/resonite\/$/);
    const query = `worldId=${encodeURIComponent(worldId)}`;
    const asked = await ask("GET", `/resonite/public/me.virmesh.world.resolveWorld?${query}`);
    expect(JSON.parse(asked.text).payload.manifest.endpoint).toBe(`${origin}/resonite/`);
  });

  function send(method: string, path: string, headers: Record<string, string> = {}) {
    const { port } = place;
    return httpsRequest({
      host: "127.0.0.1",
      port,
      agent,
      method,
      path,
      headers: { host: "stage.example", ...headers },
    });
  }

  async function ask(method: string, path: string, headers?: Record<string, string>, body?: string) {
    const sent = send(method, path, headers);
    sent.end(body);
    const [response] = await once(sent, "response");
    return { status: response.statusCode, headers: response.headers, text: String(await buffer(response)) };
  }

  async function openWebSocket(token: string, from: string): Promise<number> {
    const protocols = [subprotocol, `${tokenSubprotocolPrefix}${token}`];
    const socket = new WebSocket(`wss://127.0.0.1:${place.port}/resonite/ws`, protocols, {
      agent,
      headers: { host: "stage.example", origin: from },
    });
    socket.on("error", () => {});
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.on("open", () => resolve(101));
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    const status = await promise;
    socket.terminate();
    return status;
  }
});

async function blockOf(language: string): Promise<string> {
  const text = await readFile(documentation, "utf8");
  const [, block] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(text) ?? [];
  if (block === undefined) throw new Error(`${documentation} has no block of ${language}`);
  return block;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function run([command = "", ...args]: readonly string[], home: string): ChildProcessByStdio<null, null, Readable> {
  const env = { ...process.env, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
  return spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

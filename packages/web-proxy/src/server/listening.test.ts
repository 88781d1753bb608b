import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { createRouterTransport } from "@connectrpc/connect";
import { InvalidOptionsError, type Logger, type ResoniteTransport } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { localhostCert, localhostKey } from "../testing/localhost-certificate.js";
import { rawRequest } from "../testing/raw-request.js";
import { createProxy } from "./create-proxy.js";
import { ListenError } from "./listen-error.js";
import type { ProxyOptions } from "./proxy-options.js";

const upstream: ResoniteTransport = createRouterTransport(() => {});
/** What a proxy needs that others can reach. */
const forOthers = {
  tls: { cert: localhostCert, key: localhostKey },
  tokenSecret: "a secret of more than thirty-two bytes",
};

/** Takes ports, one after the other. Those that something else has taken are as good. */
async function takePorts(first: number, count: number) {
  const servers: Server[] = [];
  for (let port = first; port < first + count; port++) {
    const server = createServer();
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening").then(
      () => servers.push(server),
      () => {},
    );
  }
  return {
    [Symbol.dispose]() {
      for (const server of servers) server.close();
    },
  };
}

/** The first of some ports that nothing is at, below those that the system gives away. */
async function findPorts(count: number): Promise<number> {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * (20_000 - count));
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host: "127.0.0.1", port });
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

async function failureOf(options: Partial<ProxyOptions>): Promise<unknown> {
  try {
    await using proxy = await createProxy({ upstream, ...options });
    return expect.fail(`it listens at ${proxy.url}`);
  } catch (error) {
    return error;
  }
}

describe("oracle 13: listening", () => {
  it("at a port that is taken happens at the next one that is free; url and port say which", async () => {
    const port = await findPorts(3);
    using _taken = await takePorts(port, 2);
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (message) => void warnings.push(message) };
    await using proxy = await createProxy({ upstream, port, logger });
    expect([proxy.port, proxy.url]).toEqual([port + 2, `http://127.0.0.1:${port + 2}`]);
    expect((await rawRequest(proxy.url, { path: "/healthz" })).status).toBe(200);
    expect(warnings).toEqual([`port ${port} is taken: ${port + 2} it is instead`]);
  });

  it("gives up after a hundred further ports that are taken", async () => {
    const port = await findPorts(101);
    using _taken = await takePorts(port, 101);
    expect(await failureOf({ port })).toMatchObject({
      code: "PORT_TAKEN",
      host: "127.0.0.1",
      port,
      message: expect.stringContaining(`ports ${port} to ${port + 100} of 127.0.0.1 are all taken`),
    });
  });

  it("gives up at the last port there is", async () => {
    using _taken = await takePorts(65_535, 1);
    const error = await failureOf({ port: 65_535 });
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: "PORT_TAKEN", message: expect.stringContaining("port 65535 of 127.0.0.1") });
  });

  it("at a port that is taken fails at once with strictPort", async () => {
    const port = await findPorts(2);
    using _taken = await takePorts(port, 1);
    expect(await failureOf({ port, strictPort: true })).toMatchObject({
      code: "PORT_TAKEN",
      port,
      cause: { code: "EADDRINUSE" },
      message: expect.stringContaining("without strictPort"),
    });
    // And at one that is free it takes exactly that.
    await using proxy = await createProxy({ upstream, port: port + 1, strictPort: true });
    expect(proxy.port).toBe(port + 1);
  });

  it("at port 0 tells the real one", async () => {
    await using proxy = await createProxy({ upstream, port: 0 });
    expect(proxy.port).toBeGreaterThan(0);
    expect(proxy.url).toBe(`http://127.0.0.1:${proxy.port}`);
    expect((await rawRequest(proxy.url, { path: "/healthz" })).status).toBe(200);
  });

  it.each([
    ["a name that nobody has", "nowhere.invalid", "UNKNOWN_HOST"],
    ["an address of somebody else", "192.0.2.1", "HOST_NOT_HERE"],
  ])("on %s is refused", async (_, host, code) => {
    const error = await failureOf({ ...forOthers, host, port: 0 });
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code, host, message: expect.stringContaining(host) });
  });

  it.each([-1, 65_536, 1.5, Number.NaN])("at port %d is refused before anything is tried", async (port) => {
    expect(await failureOf({ port })).toBeInstanceOf(InvalidOptionsError);
  });

  it.skipIf(firstFreePort() !== 1024)("at a port of the system's own is refused, and no other is tried", async () => {
    using _nobody = becomeNobody();
    // The next one would be allowed.
    expect(await failureOf({ port: 1023 })).toMatchObject({
      code: "LISTENING_NOT_PERMITTED",
      message: expect.stringContaining("choose a port from 1024 on"),
    });
  });

  it.each([
    ["0.0.0.0", "localhost"],
    ["::", "localhost"],
    ["0", "localhost"],
    ["[::]", "localhost"],
    ["::1", "[::1]"],
    ["[::1]", "[::1]"],
  ])("on %s gives a url that leads somewhere", async (host, name) => {
    const proxy = await createProxy({ upstream, ...forOthers, host, port: 0 }).catch((error: unknown) => {
      // This machine may not have the newer kind of addresses.
      if (error instanceof ListenError && error.code === "HOST_NOT_HERE") return undefined;
      throw error;
    });
    if (proxy === undefined) return;
    await using running = proxy;
    expect(running.url).toBe(`https://${name}:${running.port}`);
  });
});

/** The lowest port that everybody may listen at, where the system tells. */
function firstFreePort(): number | undefined {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  } catch {
    return undefined;
  }
}

/** Whoever may do everything here gives that up for a while. */
function becomeNobody() {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  return {
    [Symbol.dispose]() {
      if (isRoot) process.seteuid?.(0);
    },
  };
}

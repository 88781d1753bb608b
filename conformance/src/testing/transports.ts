import { Resonite } from "@resoio/core";
import { createMockMod, type MockMod, type MockModOptions, startMockServer } from "@resoio/mock-server";
import { connect, createUdsTransport, type UdsTransport } from "@resoio/node-uds";
import { createProxy, type WebProxy } from "@resoio/web-proxy";
import { connectProxy } from "@resoio/web-proxy/client";
import { BrowserTransport } from "./browser-transport.ts";
import { missingChromium, sharedPage } from "./chromium.ts";

/** A simulated mod with our own client on one of the transports. */
export interface ConnectedMod extends AsyncDisposable {
  readonly mod: MockMod;
  readonly resonite: Resonite;
}

/** What a case may need that not every transport can carry. */
export type Ability =
  /** A connection that breaks under its calls. */
  | "brokenConnections"
  /** A call to the mod for each camera stream that asks for one. */
  | "callsOfOnesOwn"
  /** Tens of megabytes, or thousands of calls, in the time that a test has. */
  | "bulk";

/** One way to reach a mod. */
export interface TestTransport {
  readonly name: string;
  /** What it cannot carry, and why. The cases that need it are skipped with this reason; see `skipUnlessCarried`. */
  readonly cannot?: Readonly<Partial<Record<Ability, string>>>;
  /** Why it cannot be had on this machine at all. All its cases are skipped then. */
  readonly missing?: string | undefined;
  /** Starts a simulated mod and connects to it. Disposing of the result ends both. */
  open(options?: MockModOptions): Promise<ConnectedMod>;
}

const readOnce = "the proxy reads the camera once, for all who watch";

/** Every way to reach the simulated mod. A new one is one more entry. */
export const allTransports: readonly TestTransport[] = [
  {
    name: "the in-process transport",
    cannot: { brokenConnections: "calls within a process have no connection that could break" },
    async open(options) {
      const mod = createMockMod(options);
      return connected(mod, new Resonite(mod.transport()));
    },
  },
  {
    name: "a Unix domain socket",
    async open(options) {
      const mod = await startMockServer(options);
      return connected(mod, await connect({ socketPath: mod.socketPath }));
    },
  },
  {
    name: "a web proxy",
    cannot: { callsOfOnesOwn: readOnce },
    async open(options) {
      const mod = await startMockServer(options);
      const proxy = await openProxy(createUdsTransport({ socketPath: mod.socketPath }));
      return connected(mod, await connectProxy({ url: proxy.url }), proxy);
    },
  },
  {
    name: "a web proxy, from a page in Chromium",
    cannot: {
      callsOfOnesOwn: readOnce,
      bulk: "what a page gets and gives crosses into the test as text, piece by piece",
    },
    missing: missingChromium(),
    async open(options) {
      const { page, origin } = await sharedPage();
      const mod = await startMockServer(options);
      const proxy = await openProxy(createUdsTransport({ socketPath: mod.socketPath }), [origin]);
      return connected(mod, new Resonite(await BrowserTransport.open(page, proxy.url)), proxy);
    },
  },
];

/** Those that this machine has, for `describe.each`. */
export const transports = allTransports.filter(({ missing }) => missing === undefined);

/** A proxy that lets everybody do everything, as often as they like. */
async function openProxy(upstream: UdsTransport, allowOrigins: readonly string[] = []): Promise<WebProxy> {
  return await createProxy({
    upstream,
    ownsUpstreams: true,
    port: 0,
    allowOrigins,
    anonymousAccess: ["observe", "control", "write", "admin", "secret"],
    limits: {
      acceptedCallsPerSecond: 1_000_000,
      callsPerSecond: 1_000_000,
      framesPerSecond: 10_000_000,
      loginAttemptsPerMinute: 1_000_000,
      maxCalls: 1_000,
      maxMessageBytes: 64 * 1024 * 1024,
    },
  });
}

function connected(mod: MockMod, resonite: Resonite, proxy?: WebProxy): ConnectedMod {
  return {
    mod,
    resonite,
    async [Symbol.asyncDispose]() {
      await resonite.close();
      await proxy?.stop({ drainMs: 0 });
      await mod.close();
    },
  };
}

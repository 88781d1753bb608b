import { createMockMod, type MockMod, type MockModOptions } from "@resoio/mock-server";
import { createProxy } from "../server/create-proxy.js";
import type { ProxyOptions } from "../server/proxy-options.js";
import type { WebProxy } from "../server/web-proxy.js";

/** A proxy in front of a simulated mod. */
export interface OpenProxy extends AsyncDisposable {
  readonly proxy: WebProxy;
  readonly mod: MockMod;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
}

/** Options of {@link openProxy}. */
export interface OpenProxyOptions extends ProxyOptions {
  /** How the simulated mod is made. */
  readonly mock?: MockModOptions;
}

/** Starts a simulated mod and a proxy in front of it, at any port. */
export async function openProxy({ mock, ...options }: OpenProxyOptions = {}): Promise<OpenProxy> {
  const mod = createMockMod(mock);
  const proxy = await createProxy({ upstream: mod.transport(), port: 0, ...options });
  return {
    proxy,
    mod,
    url: proxy.url,
    async [Symbol.asyncDispose]() {
      await proxy.stop({ drainMs: 0 });
      await mod.close();
    },
  };
}

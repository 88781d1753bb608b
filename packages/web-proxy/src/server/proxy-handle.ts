import type { ResoniteTransport } from "@resoio/core";
import type { ConnectedClient } from "./client-registry.js";
import type { ProxyCore } from "./proxy-core.js";
import type { RunningProxy, StopOptions } from "./web-proxy.js";

/** What a program gets of a proxy that it has started. */
export class ProxyHandle implements RunningProxy {
  readonly #core: ProxyCore;

  constructor(core: ProxyCore) {
    this.#core = core;
  }

  get clients(): readonly ConnectedClient[] {
    return this.#core.clients;
  }

  get stopped(): Promise<void> {
    return this.#core.stopped;
  }

  addUpstream(name: string, transport: ResoniteTransport): void {
    this.#core.addUpstream(name, transport);
  }

  removeUpstream(name: string, reason: string): void {
    this.#core.removeUpstream(name, reason);
  }

  async stop(options?: StopOptions): Promise<void> {
    await this.#core.stop(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ drainMs: 0 });
  }
}

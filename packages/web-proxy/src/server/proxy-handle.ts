import type { ResoniteTransport } from "@resoio/core";
import type { Recording } from "@resoio/recording";
import type { ConnectedClient } from "./connected-client.js";
import type { ProxyCore } from "./proxy-core.js";
import type { ProxyRecordingOptions } from "./recording/proxy-recording-options.js";
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

  startRecording(options: ProxyRecordingOptions): Recording {
    return this.#core.startRecording(options);
  }

  async stop(options?: StopOptions): Promise<void> {
    await this.#core.stop(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ drainMs: 0 });
  }
}

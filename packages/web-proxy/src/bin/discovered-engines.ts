import { basename } from "node:path";
import type { Logger } from "@resoio/core";
import { createUdsTransport, listSockets, type SocketEnvironment, type UdsTransport } from "@resoio/node-uds";
import { EngineList } from "../server/world/engine-list.js";
import type { EngineEvent, EngineSource } from "../server/world/engine-source.js";

/** Options of {@link DiscoveredEngines}. */
export interface DiscoveredEnginesOptions {
  /** Sockets that are somebody else's matter. Default none. */
  readonly except?: readonly string[];
  /** How often to look, in milliseconds. Default 500. */
  readonly intervalMs?: number;
  /** Where to read the variables from. Default `process.env`. */
  readonly environment?: SocketEnvironment;
  readonly logger: Logger;
}

/** The engines whose sockets are on this machine: each has a transport of its own, which is closed when its process is gone. */
export class DiscoveredEngines implements EngineSource, AsyncDisposable {
  readonly #options: DiscoveredEnginesOptions;
  readonly #list = new EngineList();
  /** By the path of the socket. */
  readonly #found = new Map<string, { readonly name: string; readonly transport: UdsTransport }>();
  readonly #closing = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #failure: string | undefined;

  constructor(options: DiscoveredEnginesOptions) {
    this.#options = options;
    this.refresh();
    this.#timer = setInterval(() => this.refresh(), options.intervalMs ?? 500);
    this.#timer.unref();
  }

  /** How many run now. */
  get count(): number {
    return this.#found.size;
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    return this.#list.subscribe(listener);
  }

  /** Looks at once. What cannot be read counts as empty, and is warned of once. */
  refresh(): void {
    const living = this.#livingSockets();
    for (const [path, { name, transport }] of this.#found) {
      if (living.has(path)) continue;
      this.#found.delete(path);
      this.#options.logger.info(`engine ${name} is gone`);
      this.#list.remove(name, "its process has ended, or has removed its socket");
      this.#close(transport);
    }
    for (const path of living) {
      if (this.#found.has(path)) continue;
      const name = this.#nameFor(path);
      const transport = createUdsTransport({ socketPath: path });
      this.#found.set(path, { name, transport });
      this.#options.logger.info(`engine ${name} has come`);
      this.#list.add({ name, transport });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const { transport } of this.#found.values()) this.#close(transport);
    this.#found.clear();
    await Promise.all(this.#closing);
  }

  #livingSockets(): ReadonlySet<string> {
    const { environment = process.env, except = [], logger } = this.#options;
    try {
      const living = listSockets({ environment }).filter(({ path, alive }) => alive && !except.includes(path));
      this.#failure = undefined;
      return new Set(living.map(({ path }) => path));
    } catch (error) {
      const failure = String(error);
      if (failure !== this.#failure) logger.warn(`engines cannot be looked for: ${failure}`);
      this.#failure = failure;
      return new Set();
    }
  }

  /** `resonite-4711` for `resonite-4711.sock`: a name that can be in a path. */
  #nameFor(path: string): string {
    const base = basename(path, ".sock")
      .replace(/[^\w.-]/g, "_")
      .slice(0, 60);
    let name = base;
    for (let count = 2; this.#list.engines.has(name); count++) name = `${base}-${count}`;
    return name;
  }

  #close(transport: UdsTransport): void {
    const closed = transport.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

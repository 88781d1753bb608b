import type { Logger } from "@resoio/core";
import type { ClientCounters, ProxyClient } from "./proxy-client.js";

/** A client, as a program that runs a proxy sees it: one WebSocket connection, or one HTTP request. */
export interface ConnectedClient extends Omit<ProxyClient, "counters"> {
  /** What it has done so far. */
  readonly counters: ClientCounters;
}

/** What a program may want to know of its clients. No client waits for a hook, and none notices when one fails. */
export interface ClientHooks {
  /** A client has connected: a WebSocket, or an HTTP request with a call. */
  readonly onClientConnect?: ((client: ConnectedClient) => void | Promise<void>) | undefined;
  /** A client is gone; `reason` is a short sentence. Called when {@link onClientConnect} is through with it. */
  readonly onClientDisconnect?: ((client: ConnectedClient, reason: string) => void | Promise<void>) | undefined;
}

/** Options of {@link ClientRegistry}. */
export interface ClientRegistryOptions {
  readonly hooks: ClientHooks;
  readonly logger: Logger;
}

/** The clients that are connected. */
export class ClientRegistry implements Iterable<ProxyClient> {
  /** With what ends when `onClientConnect` is through. */
  readonly #clients = new Map<ProxyClient, Promise<void>>();
  readonly #hooks: ClientHooks;
  readonly #logger: Logger;
  #becameEmpty: PromiseWithResolvers<void> | undefined;

  constructor({ hooks, logger }: ClientRegistryOptions) {
    this.#hooks = hooks;
    this.#logger = logger;
  }

  [Symbol.iterator](): Iterator<ProxyClient> {
    return this.#clients.keys();
  }

  /** A client has connected. */
  add(client: ProxyClient): void {
    this.#clients.set(
      client,
      this.#run("onClientConnect", () => this.#hooks.onClientConnect?.(client)),
    );
  }

  /** A client is gone. False when it was gone already. */
  remove(client: ProxyClient, reason: string): boolean {
    const greeted = this.#clients.get(client);
    if (greeted === undefined) return false;
    this.#clients.delete(client);
    void greeted.then(() => this.#run("onClientDisconnect", () => this.#hooks.onClientDisconnect?.(client, reason)));
    if (this.#clients.size === 0) this.#becameEmpty?.resolve();
    return true;
  }

  /** Resolves when no client is left. */
  async empty(): Promise<void> {
    if (this.#clients.size === 0) return;
    this.#becameEmpty ??= Promise.withResolvers();
    await this.#becameEmpty.promise;
  }

  async #run(name: keyof ClientHooks, hook: () => void | Promise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#logger.warn(`${name} failed: ${String(error)}`);
    }
  }
}

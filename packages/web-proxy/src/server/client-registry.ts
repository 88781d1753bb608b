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
  /** With what tells that they are gone, and why. */
  readonly #clients = new Map<ProxyClient, (reason: string) => void>();
  /** From the beginning of `onClientConnect` to the end of `onClientDisconnect`. */
  readonly #lives = new Set<Promise<void>>();
  readonly #hooks: ClientHooks;
  readonly #logger: Logger;

  constructor({ hooks, logger }: ClientRegistryOptions) {
    this.#hooks = hooks;
    this.#logger = logger;
  }

  [Symbol.iterator](): Iterator<ProxyClient> {
    return this.#clients.keys();
  }

  /** A client has connected. */
  add(client: ProxyClient): void {
    const { promise: gone, resolve } = Promise.withResolvers<string>();
    this.#clients.set(client, resolve);
    const life = this.#accompany(client, gone).finally(() => this.#lives.delete(life));
    this.#lives.add(life);
  }

  /** A client is gone. False when it was gone already. */
  remove(client: ProxyClient, reason: string): boolean {
    this.#clients.get(client)?.(reason);
    return this.#clients.delete(client);
  }

  /** Resolves when no client is left, and all hooks are through with those that there were. */
  async settled(): Promise<void> {
    while (this.#lives.size > 0) await Promise.all(this.#lives);
  }

  async #accompany(client: ProxyClient, gone: Promise<string>): Promise<void> {
    await this.#run("onClientConnect", () => this.#hooks.onClientConnect?.(client));
    const reason = await gone;
    await this.#run("onClientDisconnect", () => this.#hooks.onClientDisconnect?.(client, reason));
  }

  async #run(name: keyof ClientHooks, hook: () => void | Promise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#logger.warn(`${name} failed: ${String(error)}`);
    }
  }
}

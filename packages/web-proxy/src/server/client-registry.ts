import type { Logger } from "@resoio/core";
import type { ConnectedClient } from "./connected-client.js";
import type { ProxyClient } from "./proxy-client.js";

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
  /** What a program sees of a client. */
  readonly createHandle: (client: ProxyClient) => ConnectedClient;
  readonly logger: Logger;
}

/** What is known of a client that is connected. */
interface Entry {
  readonly handle: ConnectedClient;
  /** Tells that it is gone, and why. */
  readonly onGone: (reason: string) => void;
}

/** The clients that are connected. */
export class ClientRegistry implements Iterable<ProxyClient> {
  readonly #clients = new Map<ProxyClient, Entry>();
  /** From the beginning of `onClientConnect` to the end of `onClientDisconnect`. */
  readonly #lives = new Set<Promise<void>>();
  readonly #options: ClientRegistryOptions;

  constructor(options: ClientRegistryOptions) {
    this.#options = options;
  }

  /** The clients, as a program sees them. */
  get handles(): readonly ConnectedClient[] {
    return [...this.#clients.values()].map(({ handle }) => handle);
  }

  [Symbol.iterator](): Iterator<ProxyClient> {
    return this.#clients.keys();
  }

  /** A client has connected. */
  add(client: ProxyClient): void {
    const { promise: gone, resolve: onGone } = Promise.withResolvers<string>();
    const handle = this.#options.createHandle(client);
    this.#clients.set(client, { handle, onGone });
    const life = this.#accompany(handle, gone).finally(() => this.#lives.delete(life));
    this.#lives.add(life);
  }

  /** A client is gone. False when it was gone already. */
  remove(client: ProxyClient, reason: string): boolean {
    this.#clients.get(client)?.onGone(reason);
    return this.#clients.delete(client);
  }

  /** Resolves when no client is left, and all hooks are through with those that there were. */
  async settled(): Promise<void> {
    while (this.#lives.size > 0) await Promise.all(this.#lives);
  }

  async #accompany(client: ConnectedClient, gone: Promise<string>): Promise<void> {
    const { hooks } = this.#options;
    await this.#run("onClientConnect", () => hooks.onClientConnect?.(client));
    const reason = await gone;
    await this.#run("onClientDisconnect", () => hooks.onClientDisconnect?.(client, reason));
  }

  async #run(name: keyof ClientHooks, hook: () => void | Promise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#options.logger.warn(`${name} failed: ${String(error)}`);
    }
  }
}

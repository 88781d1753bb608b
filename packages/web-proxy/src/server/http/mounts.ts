import { IncomingMessage, type Server, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { InvalidOptionsError } from "@resoio/core";
import { declineUpgrade, wantsWebSocket } from "./decline-upgrade.js";

/** Somebody who answers what comes to a part of a server. */
export interface Mount {
  /** In front of the paths that are his, without a slash at its end: `/some/path`, or empty for all. */
  readonly path: string;
  /** A request; `url` is what it has behind {@link path}, which may be nothing. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, url: string) => void;
  /** A request for a WebSocket. */
  readonly onWebSocket: (request: IncomingMessage, socket: Duplex, head: Buffer, url: string) => void;
}

const mountsOf = new WeakMap<Server, Mounts>();

/**
 * Gives what comes to `mount.path` to `mount`, and nothing of it to the server's own listeners. What comes to other paths stays theirs,
 * whenever they were or will be added. Returns what ends it.
 *
 * Throws {@link InvalidOptionsError} when somebody has this path already.
 */
export function mountOn(server: Server, mount: Mount): () => void {
  const mounts = mountsOf.get(server) ?? new Mounts(server);
  mountsOf.set(server, mounts);
  mounts.add(mount);
  return () => mounts.remove(mount);
}

/**
 * The parts of one server that are somebody else's. A listener can neither keep an event from the others nor leave it to those that
 * come later, and most that are there answer whatever comes: so it is caught where it is emitted.
 */
class Mounts {
  readonly #server: Server;
  /** The longest path first. */
  #mounts: readonly Mount[] = [];
  #restore: (() => void) | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  add(mount: Mount): void {
    if (this.#mounts.some(({ path }) => path === mount.path)) {
      throw new InvalidOptionsError(`there is a proxy at ${mount.path}/ of this server already`);
    }
    this.#mounts = [...this.#mounts, mount].sort((a, b) => b.path.length - a.path.length);
    this.#restore ??= this.#intercept();
  }

  remove(mount: Mount): void {
    this.#mounts = this.#mounts.filter((other) => other !== mount);
    if (this.#mounts.length > 0) return;
    this.#restore?.();
    this.#restore = undefined;
  }

  /** Puts itself in front of the server's listeners. Returns what takes it away. */
  #intercept(): () => void {
    const server = this.#server;
    const { emit: before } = server;
    const emit = (...event: readonly unknown[]): unknown => this.#take(event) || Reflect.apply(before, server, event);
    Object.defineProperty(server, "emit", { value: emit, configurable: true, writable: true });
    // Without anybody who wants upgrades, Node tells of none.
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (server.listenerCount("upgrade") === 1) declineUpgrade(server, request, socket, head);
    };
    server.on("upgrade", onUpgrade);
    return () => {
      server.off("upgrade", onUpgrade);
      // Somebody may have put himself in front of us. We are not in his way.
      if (Object.is(server.emit, emit)) Reflect.deleteProperty(server, "emit");
    };
  }

  /** Whether an event is for one of the parts, which then has it. */
  #take([event, request, answer, head]: readonly unknown[]): boolean {
    if (!(request instanceof IncomingMessage)) return false;
    const found = this.#find(request.url ?? "");
    if (found === undefined) return false;
    const { mount, url } = found;
    if (event === "upgrade" && answer instanceof Duplex && head instanceof Buffer) {
      if (wantsWebSocket(request)) mount.onWebSocket(request, answer, head, url);
      else declineUpgrade(this.#server, request, answer, head);
      return true;
    }
    if ((event !== "request" && event !== "checkContinue") || !(answer instanceof ServerResponse)) return false;
    if (event === "checkContinue") answer.writeContinue();
    mount.onRequest(request, answer, url);
    return true;
  }

  #find(url: string): { readonly mount: Mount; readonly url: string } | undefined {
    for (const mount of this.#mounts) {
      const rest = url.slice(mount.path.length);
      if (url.startsWith(mount.path) && /^([/?]|$)/.test(rest)) return { mount, url: rest };
    }
    return undefined;
  }
}

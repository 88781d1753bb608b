import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The HTTP requests that are being answered. */
export class OpenRequests {
  /** With what tells each request of a connection that it is over. Connections stay until they are closed. */
  readonly #connections = new Map<Socket, Set<() => void>>();
  #count = 0;
  #ended: PromiseWithResolvers<void> | undefined;

  /** One more. Resolves when it was answered, or whoever asked is gone. */
  async add({ socket }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const requests = this.#connections.get(socket) ?? this.#follow(socket);
    requests.add(resolve);
    this.#count++;
    response.once("close", resolve);
    await promise;
    requests.delete(resolve);
    this.#count--;
    if (this.#count === 0) this.#ended?.resolve();
  }

  /** Resolves when there is none. */
  async ended(): Promise<void> {
    if (this.#count === 0) return;
    this.#ended ??= Promise.withResolvers();
    await this.#ended.promise;
  }

  /** Closes the connections of those that are left. */
  destroy(): void {
    for (const [socket, requests] of this.#connections) {
      if (requests.size > 0) socket.destroy();
    }
  }

  /** In older releases of Node a response that waits behind another one does not learn that its connection is gone. */
  #follow(socket: Socket): Set<() => void> {
    const requests = new Set<() => void>();
    this.#connections.set(socket, requests);
    socket.once("close", () => {
      this.#connections.delete(socket);
      for (const end of requests) end();
    });
    return requests;
  }
}

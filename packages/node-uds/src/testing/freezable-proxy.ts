import * as net from "node:net";
import { startNetServer } from "./net-server.js";

/** Stands between a client and a server, and can behave as if the server were frozen. */
export interface FreezableProxy extends AsyncDisposable {
  readonly socketPath: string;
  /** From now on nothing is read from either side; connections are still accepted, as the kernel does for a frozen process. */
  freeze(): void;
  /** Hands on what has come in the meantime, and what comes. */
  thaw(): void;
}

export async function startFreezableProxy(targetPath: string): Promise<FreezableProxy> {
  const sockets = new Set<net.Socket>();
  let isFrozen = false;
  const server = await startNetServer((client) => {
    const target = net.connect({ path: targetPath });
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => {
        // One side has broken the connection; the other is told by the close.
      });
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (isFrozen) from.pause();
    }
  });
  return {
    socketPath: server.socketPath,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

import { once } from "node:events";
import { rename } from "node:fs/promises";
import * as net from "node:net";
import { makeTempFolder } from "./temp-folder.js";

/** A peer that accepts connections and speaks whatever the test makes it speak. */
export interface NetServer extends AsyncDisposable {
  readonly socketPath: string;
}

export async function startNetServer(
  onConnection: (socket: net.Socket) => void,
  options: { readonly socketPath?: string } = {},
): Promise<NetServer> {
  const folder = options.socketPath === undefined ? await makeTempFolder() : undefined;
  const socketPath = options.socketPath ?? folder?.file("peer.sock") ?? "";
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {
      // The client hung up, which is often what is tested.
    });
    onConnection(socket);
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      await folder?.[Symbol.asyncDispose]();
    },
  };
}

/** Leaves a socket file on which nobody listens any more, as a killed mod does. */
export async function makeDeadSocket(path: string): Promise<void> {
  const server = net.createServer();
  server.listen(`${path}.live`);
  await once(server, "listening");
  // Under another name the file is not found, and so not removed, when the server closes.
  await rename(`${path}.live`, path);
  server.close();
  await once(server, "close");
}

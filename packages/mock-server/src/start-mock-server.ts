import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createMockParts, type MockMod, type MockModOptions } from "./create-mock-mod.js";
import { listenGrpc } from "./server/grpc-server.js";
import { prepareSocketFile, removeSocketFile, socketFileName } from "./server/socket-file.js";

/** Options of {@link startMockServer}. */
export interface MockServerOptions extends MockModOptions {
  /**
   * Where to put the socket. Default: in a new private folder, so that many servers can run at once and no client finds one
   * by accident. `modSocketPath(process.env)` is where the real mod would put it.
   */
  readonly socketPath?: string;
}

/** A simulated mod that listens on a Unix domain socket. */
export interface MockServer extends MockMod {
  /** The socket, for `connect({ socketPath })`. */
  readonly socketPath: string;
  /** How many calls are being answered over the socket. */
  readonly openCalls: number;
}

/**
 * Starts a simulated mod on a socket, by the real mod's rules: the folder is made when it is missing, sockets of dead
 * processes are removed from it, and when this resolves connections are accepted. Closing it removes the socket.
 *
 * Rejects with the system's error when the socket cannot be made.
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const { socketPath: wantedPath, ...modOptions } = options;
  const privateFolder = wantedPath === undefined ? await mkdtemp(join(tmpdir(), "resoio-mock-")) : undefined;
  const socketPath = resolve(wantedPath ?? join(privateFolder ?? "", socketFileName()));
  const { mod, routes } = createMockParts(modOptions);

  const cleanUp = async (): Promise<void> => {
    await mod.close();
    removeSocketFile(socketPath);
    if (privateFolder !== undefined) await rm(privateFolder, { recursive: true, force: true });
  };

  try {
    prepareSocketFile(socketPath);
    const server = await listenGrpc({ socketPath, routes });
    const close = async (): Promise<void> => {
      await server.close();
      await cleanUp();
    };
    return {
      engine: mod.engine,
      transport: mod.transport,
      socketPath,
      get openCalls() {
        return server.openCalls;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

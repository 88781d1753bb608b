import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  createMockParts,
  type MockMod,
  type MockModOptions,
  type MockParts,
  type Playing,
  shutdownGraceMs,
} from "./create-mock-mod.js";
import { sleep } from "./engine/sleep.js";
import { type OpenedPlay, openPlay } from "./playback/open-play.js";
import type { PlayFileOptions } from "./playback/play-options.js";
import { listenGrpc } from "./server/grpc-server.js";
import { prepareSocketFile, removeSocketFile, socketFileName } from "./server/socket-file.js";
import { makeStaleSockets } from "./server/stale-sockets.js";

/** Options of {@link startMockServer}. */
export interface MockServerOptions extends Omit<MockModOptions, "play"> {
  /**
   * A recording that answers in place of the simulation: camera, speaker, and the calls that were recorded. A path stands for
   * `{ recording: path }`. Default: none.
   */
  readonly play?: string | PlayFileOptions | undefined;
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
  /** Resolves when it has been closed, by `close` or because a caller shut the simulated game down. */
  readonly closed: Promise<void>;
}

/**
 * Starts a simulated mod on a socket, by the real mod's rules: the folder is made when it is missing, sockets of dead
 * processes are removed from it, and when this resolves connections are accepted. Closing it removes the socket.
 *
 * `Lifecycle.Shutdown` closes it too, once the calls have ended that are under way; those that do not end by themselves are
 * cut after 30 seconds.
 *
 * Rejects with the system's error when the socket cannot be made, or the recording not be opened, and for a recording also with
 * `UnplayableRecordingError`, `PictureDecoderMissingError` and `InvalidOptionsError`.
 */
export function startMockServer(
  options: MockServerOptions & { readonly play: string | PlayFileOptions },
): Promise<Playing<MockServer>>;
export function startMockServer(options?: MockServerOptions): Promise<MockServer>;
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const { socketPath: wantedPath, play, ...modOptions } = options;
  const opened = await openPlay(play);
  const { mod, routes, ready } = await makeParts(modOptions, opened);
  const privateFolder = wantedPath === undefined ? await mkdtemp(join(tmpdir(), "resoio-mock-")) : undefined;
  const socketPath = resolve(wantedPath ?? join(privateFolder ?? "", socketFileName()));
  let stalePaths: readonly string[] = [];

  const cleanUp = async (): Promise<void> => {
    await mod.close();
    for (const path of [socketPath, ...stalePaths]) removeSocketFile(path);
    if (privateFolder !== undefined) await rm(privateFolder, { recursive: true, force: true });
    await opened.close();
  };

  try {
    await ready;
    prepareSocketFile(socketPath);
    stalePaths = await makeStaleSockets(socketPath, mod.faults.plan.staleSockets);
    const server = await listenGrpc({ socketPath, routes });
    const closed = Promise.withResolvers<void>();
    const closing = new AbortController();
    const close = async (): Promise<void> => {
      // Only once: by the second time another server may have its socket there.
      if (!closing.signal.aborted) {
        closing.abort();
        await server.close();
        closed.resolve(cleanUp());
      }
      await closed.promise;
    };
    mod.engine.lifecycle.onStage((stage) => {
      if (stage !== "host") return;
      const isTooLate = sleep(mod.engine.clock, shutdownGraceMs, closing.signal).catch(() => {});
      // Whoever awaits `closed` learns of a failure; the engine has nobody to tell.
      void Promise.race([server.drain(), isTooLate])
        .then(close, close)
        .catch(() => {});
    });
    return {
      engine: mod.engine,
      faults: mod.faults,
      playback: mod.playback,
      transport: mod.transport,
      socketPath,
      get openCalls() {
        return server.openCalls;
      },
      closed: closed.promise,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function makeParts(options: Omit<MockModOptions, "play">, opened: OpenedPlay): Promise<MockParts> {
  try {
    return createMockParts({ ...options, play: opened.options }, opened.name);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

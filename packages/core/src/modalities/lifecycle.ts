import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { Lifecycle } from "../gen/resonite_io/v1/lifecycle_pb.js";
import { InfoClient } from "./info.js";

/** The answer to a shutdown. */
export interface ShutdownResult {
  /** True when this call made the engine quit, false when it was already about to. */
  readonly accepted: boolean;
}

/** Ends the game, for every program that talks to it. */
export class LifecycleClient implements Covers<typeof Lifecycle> {
  readonly #rpc: Client<typeof Lifecycle>;
  readonly #info: InfoClient;

  constructor(transport: Transport) {
    this.#rpc = createClient(Lifecycle, transport);
    this.#info = new InfoClient(transport);
  }

  /**
   * Asks the engine to quit and does not wait for it. Streams end and connections break soon after the answer, or before it
   * arrives. That the process ends is not certain: on Linux the engine often hangs on its way out.
   *
   * Fails with `Unavailable` when the mod has no lifecycle bridge or the connection broke, and with `Unknown` when the
   * bridge throws.
   */
  async shutdown(options?: CallOptions): Promise<ShutdownResult> {
    const { accepted } = await this.#rpc.shutdown({}, options);
    return { accepted };
  }

  /**
   * Asks the game to quit if it runs, and returns the process id to wait for, of the host that the game runs on.
   * `undefined` when the mod does not know the id, and when it could not be reached, in which case there was nothing to ask.
   *
   * No failure of the mod or the connection is thrown: a game that quits takes both with it. Only the caller's own `signal`
   * makes this fail, with `Canceled`. `timeoutMs` is for each of the two calls.
   */
  async shutdownGame(options?: CallOptions): Promise<number | undefined> {
    const info = await unlessCanceled(this.#info.getServerInfo(options), options);
    if (info === undefined) return undefined;
    await unlessCanceled(this.shutdown(options), options);
    return info.resonitePid === 0 ? undefined : info.resonitePid;
  }
}

/** The result of `call`, or `undefined` when it fails for any reason but that the caller gave up. */
async function unlessCanceled<T>(call: Promise<T>, options: CallOptions | undefined): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (options?.signal?.aborted === true) throw error;
    return undefined;
  }
}

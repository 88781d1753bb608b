import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { Connection } from "../gen/resonite_io/v1/connection_pb.js";

/** The answer to a ping. */
export interface Pong {
  /** The text that was sent, unchanged. */
  readonly message: string;
  /** The mod's clock when it handled the ping: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly serverUnixNanos: bigint;
}

/** Tells whether the mod is alive. */
export class ConnectionClient implements Covers<typeof Connection> {
  readonly #rpc: Client<typeof Connection>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Connection, transport);
  }

  /**
   * Sends `message`, `"ping"` by default, and returns what came back. It works as soon as the mod listens, also while the
   * engine is still starting.
   *
   * Fails only as any call can: `Unavailable` without a connection, `DeadlineExceeded`, `Canceled`.
   */
  async ping(message = "ping", options?: CallOptions): Promise<Pong> {
    const response = await this.#rpc.ping({ message }, options);
    return { message: response.message, serverUnixNanos: response.serverUnixNanos };
  }
}

import type { Transport } from "@connectrpc/connect";
import { createRpcClients, type RpcClients } from "./gen/rpc-clients.js";
import { CameraClient } from "./modalities/camera.js";
import { ConnectionClient } from "./modalities/connection.js";
import { InfoClient } from "./modalities/info.js";
import { WorldClient } from "./modalities/world.js";

/** Any Connect transport. One that holds a connection also has `Symbol.asyncDispose`, which closes it. */
export type ResoniteTransport = Transport & Partial<AsyncDisposable>;

/**
 * A running Resonite, by modality: `resonite.camera`, `resonite.world`, ...
 *
 * The same over every transport. It owns the transport that it was given: closing it, or leaving an `await using` block,
 * closes the transport.
 */
export class Resonite implements AsyncDisposable {
  readonly connection: ConnectionClient;
  readonly info: InfoClient;
  readonly world: WorldClient;
  readonly camera: CameraClient;
  /** The generated clients of all services, for what the modalities above do not cover. They speak in wire messages. */
  readonly rpc: RpcClients;
  /** What carries the calls, for clients of one's own: `new WorldClient(resonite.transport)`. */
  readonly transport: ResoniteTransport;
  #closed: Promise<void> | undefined;

  constructor(transport: ResoniteTransport) {
    this.transport = transport;
    this.connection = new ConnectionClient(transport);
    this.info = new InfoClient(transport);
    this.world = new WorldClient(transport);
    this.camera = new CameraClient(transport);
    this.rpc = createRpcClients(transport);
  }

  /** Closes the transport; calls in flight fail with `Canceled`. May be called more than once. */
  close(): Promise<void> {
    this.#closed ??= this.#disposeTransport();
    return this.#closed;
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #disposeTransport(): Promise<void> {
    await this.transport[Symbol.asyncDispose]?.();
  }
}

import type { DescMethod } from "@bufbuild/protobuf";
import type { CallOptions, Transport } from "@connectrpc/connect";
import type { ConnectionStatus, StatusOptions } from "./connection/connection-status.js";
import { StatusFeed } from "./connection/status-feed.js";
import type { RpcId } from "./gen/registry.js";
import { createRpcClients, type RpcClients } from "./gen/rpc-clients.js";
import { AuthClient } from "./modalities/auth.js";
import { CameraClient } from "./modalities/camera.js";
import { ConnectionClient } from "./modalities/connection.js";
import { ContactClient } from "./modalities/contact.js";
import { ContextMenuClient } from "./modalities/context-menu.js";
import { CursorClient } from "./modalities/cursor.js";
import { DashClient } from "./modalities/dash.js";
import { DisplayClient } from "./modalities/display.js";
import { GrabberClient } from "./modalities/grabber.js";
import { InfoClient } from "./modalities/info.js";
import { InventoryClient } from "./modalities/inventory.js";
import { LifecycleClient } from "./modalities/lifecycle.js";
import { LocomotionClient } from "./modalities/locomotion.js";
import { MicrophoneClient } from "./modalities/microphone.js";
import { SessionClient } from "./modalities/session.js";
import { SpeakerClient } from "./modalities/speaker.js";
import { WorldClient } from "./modalities/world.js";
import { RpcSupport } from "./rpc-support.js";

/** Any Connect transport, with what ours can do beside. */
export interface ResoniteTransport extends Transport, Partial<AsyncDisposable> {
  /** What the connection is doing now, then every change. Missing where there is no connection that could be lost. */
  status?(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus>;
  /** Whether the mod has an RPC, asked without calling it. Missing where that cannot be done. */
  supports?(method: DescMethod, options?: CallOptions): Promise<boolean>;
}

/**
 * A running Resonite, by modality: `resonite.camera`, `resonite.world`, ...
 *
 * The same over every transport. It owns the transport that it was given: closing it, or leaving an `await using` block,
 * closes the transport.
 */
export class Resonite implements AsyncDisposable {
  readonly auth: AuthClient;
  readonly camera: CameraClient;
  readonly connection: ConnectionClient;
  readonly contact: ContactClient;
  readonly contextMenu: ContextMenuClient;
  readonly cursor: CursorClient;
  readonly dash: DashClient;
  readonly display: DisplayClient;
  readonly grabber: GrabberClient;
  readonly info: InfoClient;
  readonly inventory: InventoryClient;
  readonly lifecycle: LifecycleClient;
  readonly locomotion: LocomotionClient;
  readonly microphone: MicrophoneClient;
  readonly session: SessionClient;
  readonly speaker: SpeakerClient;
  readonly world: WorldClient;
  /** The generated clients of all services, which speak in wire messages. */
  readonly rpc: RpcClients;
  /** What carries the calls, for clients of one's own: `new WorldClient(resonite.transport)`. */
  readonly transport: ResoniteTransport;
  readonly #support: RpcSupport;
  /** For transports that know nothing of connections. */
  readonly #ownStatus = new StatusFeed({ state: "connected" });
  #closed: Promise<void> | undefined;

  constructor(transport: ResoniteTransport) {
    this.transport = transport;
    this.auth = new AuthClient(transport);
    this.camera = new CameraClient(transport);
    this.connection = new ConnectionClient(transport);
    this.contact = new ContactClient(transport);
    this.contextMenu = new ContextMenuClient(transport);
    this.cursor = new CursorClient(transport);
    this.dash = new DashClient(transport);
    this.display = new DisplayClient(transport);
    this.grabber = new GrabberClient(transport);
    this.info = new InfoClient(transport);
    this.inventory = new InventoryClient(transport);
    this.lifecycle = new LifecycleClient(transport);
    this.locomotion = new LocomotionClient(transport);
    this.microphone = new MicrophoneClient(transport);
    this.session = new SessionClient(transport);
    this.speaker = new SpeakerClient(transport);
    this.world = new WorldClient(transport);
    this.rpc = createRpcClients(transport);
    this.#support = new RpcSupport(transport);
  }

  /**
   * Tells what the connection is doing: what it does now, then every change, until it is closed or the loop is left. Any number of
   * loops may listen; one that lags more than 64 changes behind misses the oldest.
   */
  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus> {
    return this.transport.status?.(options) ?? this.#ownStatus.read(options);
  }

  /**
   * Tells whether the mod has an RPC: `await resonite.supports("grabber.use")`. Nothing happens in the game: what is sent cannot be
   * decoded, and only a mod that lacks the RPC answers `Unimplemented` to it. Answers are remembered until the connection is
   * lost. The two RPCs that take a stream cannot be asked about like that; every released mod has them, and the answer is true.
   *
   * Fails with `Unavailable` when the mod cannot be reached, and throws {@link CannotAskError} over transports that cannot ask
   * without calling.
   */
  async supports(rpc: RpcId, options?: CallOptions): Promise<boolean> {
    return await this.#support.has(rpc, options);
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
    this.#ownStatus.publish({ state: "closed" });
    this.#support.close();
    await this.transport[Symbol.asyncDispose]?.();
  }
}

import type { Transport } from "@connectrpc/connect";
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

/** Any Connect transport. One that holds a connection also has `Symbol.asyncDispose`, which closes it. */
export type ResoniteTransport = Transport & Partial<AsyncDisposable>;

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

import type { Client, Transport } from "@connectrpc/connect";
import { createClient } from "@connectrpc/connect";
import { Auth } from "./resonite_io/v1/auth_pb.js";
import { Camera } from "./resonite_io/v1/camera_pb.js";
import { Connection } from "./resonite_io/v1/connection_pb.js";
import { Contact } from "./resonite_io/v1/contact_pb.js";
import { ContextMenu } from "./resonite_io/v1/context_menu_pb.js";
import { Cursor } from "./resonite_io/v1/cursor_pb.js";
import { Dash } from "./resonite_io/v1/dash_pb.js";
import { Display } from "./resonite_io/v1/display_pb.js";
import { Grabber } from "./resonite_io/v1/grabber_pb.js";
import { Info } from "./resonite_io/v1/info_pb.js";
import { Inventory } from "./resonite_io/v1/inventory_pb.js";
import { Lifecycle } from "./resonite_io/v1/lifecycle_pb.js";
import { Locomotion } from "./resonite_io/v1/locomotion_pb.js";
import { Microphone } from "./resonite_io/v1/microphone_pb.js";
import { Session } from "./resonite_io/v1/session_pb.js";
import { Speaker } from "./resonite_io/v1/speaker_pb.js";
import { World } from "./resonite_io/v1/world_pb.js";

// Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit.

/** The generated client of every service, by modality. */
export interface RpcClients {
  /** Signs the running engine in and out of its cloud account. */
  readonly auth: Client<typeof Auth>;
  /** Streams what the game's desktop window shows, overlay interface included, as raw pixels. */
  readonly camera: Client<typeof Camera>;
  /** Echoes a message, so that a client can check that the mod is alive and measure the round trip and the clock offset. */
  readonly connection: Client<typeof Connection>;
  /** Drives what the in-game contacts tab offers: the engine's cached contact list with presence, the cloud's user search, and changes of the contact list. */
  readonly contact: Client<typeof Contact>;
  /** Drives the radial menu that the T key opens in the focused world. */
  readonly contextMenu: Client<typeof ContextMenu>;
  /** Moves and holds the cursor of the game's desktop window. */
  readonly cursor: Client<typeof Cursor>;
  /** Drives the dash, the overlay that the Esc key opens, with its tab bar and the buttons and scroll areas of the current tab. */
  readonly dash: Client<typeof Dash>;
  /** Reads and sets the resolution of the game's window and the frame rate cap that applies while it is not focused. */
  readonly display: Client<typeof Display>;
  /** Grabs and releases objects with the hands of the local user, presses their buttons and equips tools. */
  readonly grabber: Client<typeof Grabber>;
  /** Describes the running mod and engine. */
  readonly info: Client<typeof Info>;
  /** Shows the cloud inventory of the signed-in user as a tree of paths, with operations like those of a file system. */
  readonly inventory: Client<typeof Inventory>;
  /** Ends the running engine gracefully. */
  readonly lifecycle: Client<typeof Lifecycle>;
  /** Drives the avatar of the local user. */
  readonly locomotion: Client<typeof Locomotion>;
  /** Feeds a virtual microphone, which other users in the world hear as the voice of the local user. */
  readonly microphone: Client<typeof Microphone>;
  /** Drives what the in-game session dialogue offers for the focused world: its settings, the moderation of its users, and its roles. */
  readonly session: Client<typeof Session>;
  /** Streams the engine's final mix of its primary audio output: world, voices and interface. */
  readonly speaker: Client<typeof Speaker>;
  /** Drives what the in-game worlds tab offers, without its user interface: live sessions and saved world records of the cloud, the worlds that are open locally, and thumbnails. */
  readonly world: Client<typeof World>;
}

/** Makes the generated client of every service over one transport. */
export function createRpcClients(transport: Transport): RpcClients {
  return {
    auth: createClient(Auth, transport),
    camera: createClient(Camera, transport),
    connection: createClient(Connection, transport),
    contact: createClient(Contact, transport),
    contextMenu: createClient(ContextMenu, transport),
    cursor: createClient(Cursor, transport),
    dash: createClient(Dash, transport),
    display: createClient(Display, transport),
    grabber: createClient(Grabber, transport),
    info: createClient(Info, transport),
    inventory: createClient(Inventory, transport),
    lifecycle: createClient(Lifecycle, transport),
    locomotion: createClient(Locomotion, transport),
    microphone: createClient(Microphone, transport),
    session: createClient(Session, transport),
    speaker: createClient(Speaker, transport),
    world: createClient(World, transport),
  };
}

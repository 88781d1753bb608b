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
import type { DescMethod } from "@bufbuild/protobuf";

// Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit.

/** The right that a caller needs for an RPC; see `proto/resoio/access/v1/access.proto` for their meaning. */
export type Access = "observe" | "control" | "write" | "admin" | "secret";

/** Every service of the mod, by modality. */
export const services = {
  /** Signs the running engine in and out of its cloud account. */
  auth: Auth,
  /** Streams what the game's desktop window shows, overlay interface included, as raw pixels. */
  camera: Camera,
  /** Echoes a message, so that a client can check that the mod is alive and measure the round trip and the clock offset. */
  connection: Connection,
  /** Drives what the in-game contacts tab offers: the engine's cached contact list with presence, the cloud's user search, and changes of the contact list. */
  contact: Contact,
  /** Drives the radial menu that the T key opens in the focused world. */
  contextMenu: ContextMenu,
  /** Moves and holds the cursor of the game's desktop window. */
  cursor: Cursor,
  /** Drives the dash, the overlay that the Esc key opens, with its tab bar and the buttons and scroll areas of the current tab. */
  dash: Dash,
  /** Reads and sets the resolution of the game's window and the frame rate cap that applies while it is not focused. */
  display: Display,
  /** Grabs and releases objects with the hands of the local user, presses their buttons and equips tools. */
  grabber: Grabber,
  /** Describes the running mod and engine. */
  info: Info,
  /** Shows the cloud inventory of the signed-in user as a tree of paths, with operations like those of a file system. */
  inventory: Inventory,
  /** Ends the running engine gracefully. */
  lifecycle: Lifecycle,
  /** Drives the avatar of the local user. */
  locomotion: Locomotion,
  /** Feeds a virtual microphone, which other users in the world hear as the voice of the local user. */
  microphone: Microphone,
  /** Drives what the in-game session dialogue offers for the focused world: its settings, the moderation of its users, and its roles. */
  session: Session,
  /** Streams the engine's final mix of its primary audio output: world, voices and interface. */
  speaker: Speaker,
  /** Drives what the in-game worlds tab offers, without its user interface: live sessions and saved world records of the cloud, the worlds that are open locally, and thumbnails. */
  world: World,
} as const;

/** The name of a modality: `camera`, `contextMenu`, ... */
export type Modality = keyof typeof services;

/** Every RPC of the mod, by `modality.method`. */
export const rpcs = {
  /** Signs in and returns the new state, with `logged_in` true. */
  "auth.login": {
    id: "auth.login",
    modality: "auth",
    path: "/resonite_io.v1.Auth/Login",
    kind: "unary",
    access: "secret",
    method: Auth.method.login,
  },
  /** Ends the sign-in and returns the signed-out state. */
  "auth.logout": {
    id: "auth.logout",
    modality: "auth",
    path: "/resonite_io.v1.Auth/Logout",
    kind: "unary",
    access: "admin",
    method: Auth.method.logout,
  },
  /** Returns the current sign-in state. */
  "auth.status": {
    id: "auth.status",
    modality: "auth",
    path: "/resonite_io.v1.Auth/Status",
    kind: "unary",
    access: "observe",
    method: Auth.method.status,
  },
  /** Sends frames until the caller cancels. */
  "camera.streamFrames": {
    id: "camera.streamFrames",
    modality: "camera",
    path: "/resonite_io.v1.Camera/StreamFrames",
    kind: "server_streaming",
    access: "observe",
    method: Camera.method.streamFrames,
  },
  /** Returns the message unchanged together with the mod's clock. */
  "connection.ping": {
    id: "connection.ping",
    modality: "connection",
    path: "/resonite_io.v1.Connection/Ping",
    kind: "unary",
    access: "observe",
    method: Connection.method.ping,
  },
  /** Lists the cached contacts that pass the request's filters, in the order of the engine's contact manager and without paging. */
  "contact.listContacts": {
    id: "contact.listContacts",
    modality: "contact",
    path: "/resonite_io.v1.Contact/ListContacts",
    kind: "unary",
    access: "observe",
    method: Contact.method.listContacts,
  },
  /** Returns one contact of the cache, hidden ones included. */
  "contact.getContact": {
    id: "contact.getContact",
    modality: "contact",
    path: "/resonite_io.v1.Contact/GetContact",
    kind: "unary",
    access: "observe",
    method: Contact.method.getContact,
  },
  /** Searches all users of the cloud by name. */
  "contact.searchUsers": {
    id: "contact.searchUsers",
    modality: "contact",
    path: "/resonite_io.v1.Contact/SearchUsers",
    kind: "unary",
    access: "observe",
    method: Contact.method.searchUsers,
  },
  /** Adds a user to the contacts in the cloud and returns the contact. */
  "contact.addContact": {
    id: "contact.addContact",
    modality: "contact",
    path: "/resonite_io.v1.Contact/AddContact",
    kind: "unary",
    access: "write",
    method: Contact.method.addContact,
  },
  /** Accepts the contact request of a user and returns the contact. */
  "contact.acceptRequest": {
    id: "contact.acceptRequest",
    modality: "contact",
    path: "/resonite_io.v1.Contact/AcceptRequest",
    kind: "unary",
    access: "write",
    method: Contact.method.acceptRequest,
  },
  /** Removes a contact, or declines the request of a user who has sent one. */
  "contact.removeContact": {
    id: "contact.removeContact",
    modality: "contact",
    path: "/resonite_io.v1.Contact/RemoveContact",
    kind: "unary",
    access: "write",
    method: Contact.method.removeContact,
  },
  /** Opens the menu of the hand with its standard items and returns its state. */
  "contextMenu.open": {
    id: "contextMenu.open",
    modality: "contextMenu",
    path: "/resonite_io.v1.ContextMenu/Open",
    kind: "unary",
    access: "control",
    method: ContextMenu.method.open,
  },
  /** Closes the menu of the hand and returns the closed state. */
  "contextMenu.close": {
    id: "contextMenu.close",
    modality: "contextMenu",
    path: "/resonite_io.v1.ContextMenu/Close",
    kind: "unary",
    access: "control",
    method: ContextMenu.method.close,
  },
  /** Returns the state of the hand's menu. */
  "contextMenu.getState": {
    id: "contextMenu.getState",
    modality: "contextMenu",
    path: "/resonite_io.v1.ContextMenu/GetState",
    kind: "unary",
    access: "observe",
    method: ContextMenu.method.getState,
  },
  /** Highlights one item, clears the highlight of all others and returns the state. */
  "contextMenu.highlight": {
    id: "contextMenu.highlight",
    modality: "contextMenu",
    path: "/resonite_io.v1.ContextMenu/Highlight",
    kind: "unary",
    access: "control",
    method: ContextMenu.method.highlight,
  },
  /** Presses one item and returns the state that results. */
  "contextMenu.invoke": {
    id: "contextMenu.invoke",
    modality: "contextMenu",
    path: "/resonite_io.v1.ContextMenu/Invoke",
    kind: "unary",
    access: "control",
    method: ContextMenu.method.invoke,
  },
  /** Moves the cursor and holds it there, replacing an earlier hold. */
  "cursor.setPosition": {
    id: "cursor.setPosition",
    modality: "cursor",
    path: "/resonite_io.v1.Cursor/SetPosition",
    kind: "unary",
    access: "control",
    method: Cursor.method.setPosition,
  },
  /** Returns the position of the cursor, the size of the window and whether the cursor is held. */
  "cursor.getPosition": {
    id: "cursor.getPosition",
    modality: "cursor",
    path: "/resonite_io.v1.Cursor/GetPosition",
    kind: "unary",
    access: "observe",
    method: Cursor.method.getPosition,
  },
  /** Drops the hold, so that the cursor follows the operating system's pointer again. */
  "cursor.release": {
    id: "cursor.release",
    modality: "cursor",
    path: "/resonite_io.v1.Cursor/Release",
    kind: "unary",
    access: "control",
    method: Cursor.method.release,
  },
  /** Opens the dash and returns its state. */
  "dash.open": {
    id: "dash.open",
    modality: "dash",
    path: "/resonite_io.v1.Dash/Open",
    kind: "unary",
    access: "control",
    method: Dash.method.open,
  },
  /** Closes the dash and returns its state. */
  "dash.close": {
    id: "dash.close",
    modality: "dash",
    path: "/resonite_io.v1.Dash/Close",
    kind: "unary",
    access: "control",
    method: Dash.method.close,
  },
  /** Returns whether the dash is open. */
  "dash.getState": {
    id: "dash.getState",
    modality: "dash",
    path: "/resonite_io.v1.Dash/GetState",
    kind: "unary",
    access: "observe",
    method: Dash.method.getState,
  },
  /** Returns all tabs of the tab bar in the order of the engine, also while the dash is closed. */
  "dash.listTabs": {
    id: "dash.listTabs",
    modality: "dash",
    path: "/resonite_io.v1.Dash/ListTabs",
    kind: "unary",
    access: "observe",
    method: Dash.method.listTabs,
  },
  /** Makes a tab the current one, without opening or closing the dash. */
  "dash.setTab": {
    id: "dash.setTab",
    modality: "dash",
    path: "/resonite_io.v1.Dash/SetTab",
    kind: "unary",
    access: "control",
    method: Dash.method.setTab,
  },
  /** Returns the buttons and scroll areas of the current tab, without the tab bar. */
  "dash.listControls": {
    id: "dash.listControls",
    modality: "dash",
    path: "/resonite_io.v1.Dash/ListControls",
    kind: "unary",
    access: "observe",
    method: Dash.method.listControls,
  },
  /** Presses a button once. */
  "dash.invoke": {
    id: "dash.invoke",
    modality: "dash",
    path: "/resonite_io.v1.Dash/Invoke",
    kind: "unary",
    access: "control",
    method: Dash.method.invoke,
  },
  /** Moves a scroll area by a fraction of its range. */
  "dash.scroll": {
    id: "dash.scroll",
    modality: "dash",
    path: "/resonite_io.v1.Dash/Scroll",
    kind: "unary",
    access: "control",
    method: Dash.method.scroll,
  },
  /** Marks a button as hovered without pressing it. */
  "dash.highlight": {
    id: "dash.highlight",
    modality: "dash",
    path: "/resonite_io.v1.Dash/Highlight",
    kind: "unary",
    access: "control",
    method: Dash.method.highlight,
  },
  /** Changes the settings that are not 0. */
  "display.apply": {
    id: "display.apply",
    modality: "display",
    path: "/resonite_io.v1.Display/Apply",
    kind: "unary",
    access: "admin",
    method: Display.method.apply,
  },
  /** Returns the current settings and changes nothing. */
  "display.get": {
    id: "display.get",
    modality: "display",
    path: "/resonite_io.v1.Display/Get",
    kind: "unary",
    access: "observe",
    method: Display.method.get,
  },
  /** Grabs what lies where the ray from the view through the desktop cursor hits the world. */
  "grabber.grab": {
    id: "grabber.grab",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/Grab",
    kind: "unary",
    access: "control",
    method: Grabber.method.grab,
  },
  /** Drops everything that the hand holds. */
  "grabber.release": {
    id: "grabber.release",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/Release",
    kind: "unary",
    access: "control",
    method: Grabber.method.release,
  },
  /** Returns the state of a hand and changes nothing. */
  "grabber.getState": {
    id: "grabber.getState",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/GetState",
    kind: "unary",
    access: "observe",
    method: Grabber.method.getState,
  },
  /** Presses a button of the hand and keeps it pressed. */
  "grabber.use": {
    id: "grabber.use",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/Use",
    kind: "unary",
    access: "control",
    method: Grabber.method.use,
  },
  /** Lets go of a button that Use holds. */
  "grabber.unuse": {
    id: "grabber.unuse",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/Unuse",
    kind: "unary",
    access: "control",
    method: Grabber.method.unuse,
  },
  /** Looks for a tool on the object that the hand holds and equips it. */
  "grabber.equip": {
    id: "grabber.equip",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/Equip",
    kind: "unary",
    access: "control",
    method: Grabber.method.equip,
  },
  /** Takes the equipped tool off the hand. */
  "grabber.dequip": {
    id: "grabber.dequip",
    modality: "grabber",
    path: "/resonite_io.v1.Grabber/Dequip",
    kind: "unary",
    access: "control",
    method: Grabber.method.dequip,
  },
  /** Returns the description taken at the start of the mod. */
  "info.getServerInfo": {
    id: "info.getServerInfo",
    modality: "info",
    path: "/resonite_io.v1.Info/GetServerInfo",
    kind: "unary",
    access: "observe",
    method: Info.method.getServerInfo,
  },
  /** Returns the direct children of a directory, in no particular order. */
  "inventory.list": {
    id: "inventory.list",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/List",
    kind: "unary",
    access: "observe",
    method: Inventory.method.list,
  },
  /** Creates one directory and returns its new record id. */
  "inventory.makeDir": {
    id: "inventory.makeDir",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/MakeDir",
    kind: "unary",
    access: "write",
    method: Inventory.method.makeDir,
  },
  /** Copies an entry and returns the record id of the copy. */
  "inventory.copy": {
    id: "inventory.copy",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/Copy",
    kind: "unary",
    access: "write",
    method: Inventory.method.copy,
  },
  /** Moves or renames an entry, a directory always with all its content. */
  "inventory.move": {
    id: "inventory.move",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/Move",
    kind: "unary",
    access: "write",
    method: Inventory.method.move,
  },
  /** Deletes an entry, a directory with all its content, and returns the record id that the entry had. */
  "inventory.remove": {
    id: "inventory.remove",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/Remove",
    kind: "unary",
    access: "write",
    method: Inventory.method.remove,
  },
  /** Loads an item into the focused world, which may be userspace, and returns the slot it became. */
  "inventory.spawn": {
    id: "inventory.spawn",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/Spawn",
    kind: "unary",
    access: "control",
    method: Inventory.method.spawn,
  },
  /** Downloads the preview image of an entry and returns its bytes unchanged. */
  "inventory.fetchThumbnail": {
    id: "inventory.fetchThumbnail",
    modality: "inventory",
    path: "/resonite_io.v1.Inventory/FetchThumbnail",
    kind: "unary",
    access: "observe",
    method: Inventory.method.fetchThumbnail,
  },
  /** Schedules a graceful quit for the engine's next tick and answers at once, without waiting for it. */
  "lifecycle.shutdown": {
    id: "lifecycle.shutdown",
    modality: "lifecycle",
    path: "/resonite_io.v1.Lifecycle/Shutdown",
    kind: "unary",
    access: "admin",
    method: Lifecycle.method.shutdown,
  },
  /** Merges each received command into the locomotion state and answers with a summary after the caller half-closes. */
  "locomotion.drive": {
    id: "locomotion.drive",
    modality: "locomotion",
    path: "/resonite_io.v1.Locomotion/Drive",
    kind: "client_streaming",
    access: "control",
    method: Locomotion.method.drive,
  },
  /** Sets the chosen groups of the state back to neutral. */
  "locomotion.reset": {
    id: "locomotion.reset",
    modality: "locomotion",
    path: "/resonite_io.v1.Locomotion/Reset",
    kind: "unary",
    access: "control",
    method: Locomotion.method.reset,
  },
  /** Appends each received frame to the ring and answers with a summary after the caller half-closes. */
  "microphone.streamAudio": {
    id: "microphone.streamAudio",
    modality: "microphone",
    path: "/resonite_io.v1.Microphone/StreamAudio",
    kind: "client_streaming",
    access: "control",
    method: Microphone.method.streamAudio,
  },
  /** Returns a full snapshot of the focused world's settings. */
  "session.getSettings": {
    id: "session.getSettings",
    modality: "session",
    path: "/resonite_io.v1.Session/GetSettings",
    kind: "unary",
    access: "observe",
    method: Session.method.getSettings,
  },
  /** Writes the settings that the patch contains and leaves all others alone. */
  "session.applySettings": {
    id: "session.applySettings",
    modality: "session",
    path: "/resonite_io.v1.Session/ApplySettings",
    kind: "unary",
    access: "admin",
    method: Session.method.applySettings,
  },
  /** Lists all users connected to the focused world in the engine's order, the local user included. */
  "session.listUsers": {
    id: "session.listUsers",
    modality: "session",
    path: "/resonite_io.v1.Session/ListUsers",
    kind: "unary",
    access: "observe",
    method: Session.method.listUsers,
  },
  /** Removes a user from the session and, unless told otherwise, also revokes the invitation. */
  "session.kickUser": {
    id: "session.kickUser",
    modality: "session",
    path: "/resonite_io.v1.Session/KickUser",
    kind: "unary",
    access: "admin",
    method: Session.method.kickUser,
  },
  /** Bans a user from the session and so removes them. */
  "session.banUser": {
    id: "session.banUser",
    modality: "session",
    path: "/resonite_io.v1.Session/BanUser",
    kind: "unary",
    access: "admin",
    method: Session.method.banUser,
  },
  /** Silences a user for everybody in the session, or lifts that, and returns the user with the new state. */
  "session.silenceUser": {
    id: "session.silenceUser",
    modality: "session",
    path: "/resonite_io.v1.Session/SilenceUser",
    kind: "unary",
    access: "admin",
    method: Session.method.silenceUser,
  },
  /** Destroys a user's avatar root, upon which the user spawns anew. */
  "session.respawnUser": {
    id: "session.respawnUser",
    modality: "session",
    path: "/resonite_io.v1.Session/RespawnUser",
    kind: "unary",
    access: "admin",
    method: Session.method.respawnUser,
  },
  /** Gives a user a role and returns the user with it. */
  "session.setUserRole": {
    id: "session.setUserRole",
    modality: "session",
    path: "/resonite_io.v1.Session/SetUserRole",
    kind: "unary",
    access: "admin",
    method: Session.method.setUserRole,
  },
  /** Lists the focused world's roles from the highest to the lowest, and the roles that users get by default. */
  "session.listRoles": {
    id: "session.listRoles",
    modality: "session",
    path: "/resonite_io.v1.Session/ListRoles",
    kind: "unary",
    access: "observe",
    method: Session.method.listRoles,
  },
  /** Lists the default roles that the focused world keeps for single users. */
  "session.getUserRoleOverrides": {
    id: "session.getUserRoleOverrides",
    modality: "session",
    path: "/resonite_io.v1.Session/GetUserRoleOverrides",
    kind: "unary",
    access: "observe",
    method: Session.method.getUserRoleOverrides,
  },
  /** Sends audio frames until the caller cancels or the mod shuts down. */
  "speaker.streamAudio": {
    id: "speaker.streamAudio",
    modality: "speaker",
    path: "/resonite_io.v1.Speaker/StreamAudio",
    kind: "server_streaming",
    access: "observe",
    method: Speaker.method.streamAudio,
  },
  /** Lists the live sessions that the engine has cached from the cloud and that pass all of the request's filters, in the order of that cache. */
  "world.listSessions": {
    id: "world.listSessions",
    modality: "world",
    path: "/resonite_io.v1.World/ListSessions",
    kind: "unary",
    access: "observe",
    method: World.method.listSessions,
  },
  /** Queries the cloud for saved world records and returns one page of them. */
  "world.listRecords": {
    id: "world.listRecords",
    modality: "world",
    path: "/resonite_io.v1.World/ListRecords",
    kind: "unary",
    access: "observe",
    method: World.method.listRecords,
  },
  /** Opens a live session beside the worlds that are already open and returns it once it runs. */
  "world.join": {
    id: "world.join",
    modality: "world",
    path: "/resonite_io.v1.World/Join",
    kind: "unary",
    access: "control",
    method: World.method.join,
  },
  /** Fetches a saved world record from the cloud, starts a new session from it beside the worlds that are already open, and returns that once it runs. */
  "world.startWorld": {
    id: "world.startWorld",
    modality: "world",
    path: "/resonite_io.v1.World/StartWorld",
    kind: "unary",
    access: "control",
    method: World.method.startWorld,
  },
  /** Lists the open worlds in the order of the engine's world manager, including worlds that are still loading and excluding the userspace. */
  "world.listOpenWorlds": {
    id: "world.listOpenWorlds",
    modality: "world",
    path: "/resonite_io.v1.World/ListOpenWorlds",
    kind: "unary",
    access: "observe",
    method: World.method.listOpenWorlds,
  },
  /** Focuses an open world and returns it once the change has been applied, which blocks up to 30 s. */
  "world.focus": {
    id: "world.focus",
    modality: "world",
    path: "/resonite_io.v1.World/Focus",
    kind: "unary",
    access: "control",
    method: World.method.focus,
  },
  /** Leaves an open world and answers once the world is gone from the open worlds, which blocks up to 30 s. */
  "world.leave": {
    id: "world.leave",
    modality: "world",
    path: "/resonite_io.v1.World/Leave",
    kind: "unary",
    access: "control",
    method: World.method.leave,
  },
  /** Returns the focused world. */
  "world.getCurrent": {
    id: "world.getCurrent",
    modality: "world",
    path: "/resonite_io.v1.World/GetCurrent",
    kind: "unary",
    access: "observe",
    method: World.method.getCurrent,
  },
  /** Downloads the image behind a thumbnail URL of a session or record and returns its bytes unchanged. */
  "world.fetchThumbnail": {
    id: "world.fetchThumbnail",
    modality: "world",
    path: "/resonite_io.v1.World/FetchThumbnail",
    kind: "unary",
    access: "observe",
    method: World.method.fetchThumbnail,
  },
} as const satisfies Record<string, RpcShape>;

/** The name of an RPC: `camera.streamFrames`, `world.join`, ... */
export type RpcId = keyof typeof rpcs;

/** What the registry says about one RPC. */
export type Rpc = (typeof rpcs)[RpcId];

interface RpcShape {
  /** `modality.method`. */
  readonly id: string;
  readonly modality: Modality;
  /** The route on the wire: `/resonite_io.v1.<Service>/<Method>`. */
  readonly path: string;
  /** Which sides stream. */
  readonly kind: "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";
  /** The right that a caller needs. */
  readonly access: Access;
  /** The descriptor, with the request and response types as `input` and `output`. */
  readonly method: DescMethod;
}

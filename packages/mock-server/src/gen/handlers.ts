import type { MethodImpl, ServiceImplSpec } from "@connectrpc/connect";
import { createServiceImplSpec } from "@connectrpc/connect";
import { services } from "@resoio/core";

// Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit.

/** Signs the running engine in and out of its cloud account. */
export interface AuthHandlers {
  /** Signs in and returns the new state, with `logged_in` true. (unary, secret) */
  login: MethodImpl<(typeof services["auth"])["method"]["login"]>;
  /** Ends the sign-in and returns the signed-out state. (unary, admin) */
  logout: MethodImpl<(typeof services["auth"])["method"]["logout"]>;
  /** Returns the current sign-in state. (unary, observe) */
  status: MethodImpl<(typeof services["auth"])["method"]["status"]>;
}

/** Streams what the game's desktop window shows, overlay interface included, as raw pixels. */
export interface CameraHandlers {
  /** Sends frames until the caller cancels. (server streaming, observe) */
  streamFrames: MethodImpl<(typeof services["camera"])["method"]["streamFrames"]>;
}

/** Echoes a message, so that a client can check that the mod is alive and measure the round trip and the clock offset. */
export interface ConnectionHandlers {
  /** Returns the message unchanged together with the mod's clock. (unary, observe) */
  ping: MethodImpl<(typeof services["connection"])["method"]["ping"]>;
}

/** Drives what the in-game contacts tab offers: the engine's cached contact list with presence, the cloud's user search, and changes of the contact list. */
export interface ContactHandlers {
  /** Lists the cached contacts that pass the request's filters, in the order of the engine's contact manager and without paging. (unary, observe) */
  listContacts: MethodImpl<(typeof services["contact"])["method"]["listContacts"]>;
  /** Returns one contact of the cache, hidden ones included. (unary, observe) */
  getContact: MethodImpl<(typeof services["contact"])["method"]["getContact"]>;
  /** Searches all users of the cloud by name. (unary, observe) */
  searchUsers: MethodImpl<(typeof services["contact"])["method"]["searchUsers"]>;
  /** Adds a user to the contacts in the cloud and returns the contact. (unary, write) */
  addContact: MethodImpl<(typeof services["contact"])["method"]["addContact"]>;
  /** Accepts the contact request of a user and returns the contact. (unary, write) */
  acceptRequest: MethodImpl<(typeof services["contact"])["method"]["acceptRequest"]>;
  /** Removes a contact, or declines the request of a user who has sent one. (unary, write) */
  removeContact: MethodImpl<(typeof services["contact"])["method"]["removeContact"]>;
}

/** Drives the radial menu that the T key opens in the focused world. */
export interface ContextMenuHandlers {
  /** Opens the menu of the hand with its standard items and returns its state. (unary, control) */
  open: MethodImpl<(typeof services["contextMenu"])["method"]["open"]>;
  /** Closes the menu of the hand and returns the closed state. (unary, control) */
  close: MethodImpl<(typeof services["contextMenu"])["method"]["close"]>;
  /** Returns the state of the hand's menu. (unary, observe) */
  getState: MethodImpl<(typeof services["contextMenu"])["method"]["getState"]>;
  /** Highlights one item, clears the highlight of all others and returns the state. (unary, control) */
  highlight: MethodImpl<(typeof services["contextMenu"])["method"]["highlight"]>;
  /** Presses one item and returns the state that results. (unary, control) */
  invoke: MethodImpl<(typeof services["contextMenu"])["method"]["invoke"]>;
}

/** Moves and holds the cursor of the game's desktop window. */
export interface CursorHandlers {
  /** Moves the cursor and holds it there, replacing an earlier hold. (unary, control) */
  setPosition: MethodImpl<(typeof services["cursor"])["method"]["setPosition"]>;
  /** Returns the position of the cursor, the size of the window and whether the cursor is held. (unary, observe) */
  getPosition: MethodImpl<(typeof services["cursor"])["method"]["getPosition"]>;
  /** Drops the hold, so that the cursor follows the operating system's pointer again. (unary, control) */
  release: MethodImpl<(typeof services["cursor"])["method"]["release"]>;
}

/** Drives the dash, the overlay that the Esc key opens, with its tab bar and the buttons and scroll areas of the current tab. */
export interface DashHandlers {
  /** Opens the dash and returns its state. (unary, control) */
  open: MethodImpl<(typeof services["dash"])["method"]["open"]>;
  /** Closes the dash and returns its state. (unary, control) */
  close: MethodImpl<(typeof services["dash"])["method"]["close"]>;
  /** Returns whether the dash is open. (unary, observe) */
  getState: MethodImpl<(typeof services["dash"])["method"]["getState"]>;
  /** Returns all tabs of the tab bar in the order of the engine, also while the dash is closed. (unary, observe) */
  listTabs: MethodImpl<(typeof services["dash"])["method"]["listTabs"]>;
  /** Makes a tab the current one, without opening or closing the dash. (unary, control) */
  setTab: MethodImpl<(typeof services["dash"])["method"]["setTab"]>;
  /** Returns the buttons and scroll areas of the current tab, without the tab bar. (unary, observe) */
  listControls: MethodImpl<(typeof services["dash"])["method"]["listControls"]>;
  /** Presses a button once. (unary, control) */
  invoke: MethodImpl<(typeof services["dash"])["method"]["invoke"]>;
  /** Moves a scroll area by a fraction of its range. (unary, control) */
  scroll: MethodImpl<(typeof services["dash"])["method"]["scroll"]>;
  /** Marks a button as hovered without pressing it. (unary, control) */
  highlight: MethodImpl<(typeof services["dash"])["method"]["highlight"]>;
}

/** Reads and sets the resolution of the game's window and the frame rate cap that applies while it is not focused. */
export interface DisplayHandlers {
  /** Changes the settings that are not 0. (unary, admin) */
  apply: MethodImpl<(typeof services["display"])["method"]["apply"]>;
  /** Returns the current settings and changes nothing. (unary, observe) */
  get: MethodImpl<(typeof services["display"])["method"]["get"]>;
}

/** Grabs and releases objects with the hands of the local user, presses their buttons and equips tools. */
export interface GrabberHandlers {
  /** Grabs what lies where the ray from the view through the desktop cursor hits the world. (unary, control) */
  grab: MethodImpl<(typeof services["grabber"])["method"]["grab"]>;
  /** Drops everything that the hand holds. (unary, control) */
  release: MethodImpl<(typeof services["grabber"])["method"]["release"]>;
  /** Returns the state of a hand and changes nothing. (unary, observe) */
  getState: MethodImpl<(typeof services["grabber"])["method"]["getState"]>;
  /** Presses a button of the hand and keeps it pressed. (unary, control) */
  use: MethodImpl<(typeof services["grabber"])["method"]["use"]>;
  /** Lets go of a button that Use holds. (unary, control) */
  unuse: MethodImpl<(typeof services["grabber"])["method"]["unuse"]>;
  /** Looks for a tool on the object that the hand holds and equips it. (unary, control) */
  equip: MethodImpl<(typeof services["grabber"])["method"]["equip"]>;
  /** Takes the equipped tool off the hand. (unary, control) */
  dequip: MethodImpl<(typeof services["grabber"])["method"]["dequip"]>;
}

/** Describes the running mod and engine. */
export interface InfoHandlers {
  /** Returns the description taken at the start of the mod. (unary, observe) */
  getServerInfo: MethodImpl<(typeof services["info"])["method"]["getServerInfo"]>;
}

/** Shows the cloud inventory of the signed-in user as a tree of paths, with operations like those of a file system. */
export interface InventoryHandlers {
  /** Returns the direct children of a directory, in no particular order. (unary, observe) */
  list: MethodImpl<(typeof services["inventory"])["method"]["list"]>;
  /** Creates one directory and returns its new record id. (unary, write) */
  makeDir: MethodImpl<(typeof services["inventory"])["method"]["makeDir"]>;
  /** Copies an entry and returns the record id of the copy. (unary, write) */
  copy: MethodImpl<(typeof services["inventory"])["method"]["copy"]>;
  /** Moves or renames an entry, a directory always with all its content. (unary, write) */
  move: MethodImpl<(typeof services["inventory"])["method"]["move"]>;
  /** Deletes an entry, a directory with all its content, and returns the record id that the entry had. (unary, write) */
  remove: MethodImpl<(typeof services["inventory"])["method"]["remove"]>;
  /** Loads an item into the focused world, which may be userspace, and returns the slot it became. (unary, control) */
  spawn: MethodImpl<(typeof services["inventory"])["method"]["spawn"]>;
  /** Downloads the preview image of an entry and returns its bytes unchanged. (unary, observe) */
  fetchThumbnail: MethodImpl<(typeof services["inventory"])["method"]["fetchThumbnail"]>;
}

/** Ends the running engine gracefully. */
export interface LifecycleHandlers {
  /** Schedules a graceful quit for the engine's next tick and answers at once, without waiting for it. (unary, admin) */
  shutdown: MethodImpl<(typeof services["lifecycle"])["method"]["shutdown"]>;
}

/** Drives the avatar of the local user. */
export interface LocomotionHandlers {
  /** Merges each received command into the locomotion state and answers with a summary after the caller half-closes. (client streaming, control) */
  drive: MethodImpl<(typeof services["locomotion"])["method"]["drive"]>;
  /** Sets the chosen groups of the state back to neutral. (unary, control) */
  reset: MethodImpl<(typeof services["locomotion"])["method"]["reset"]>;
}

/** Feeds a virtual microphone, which other users in the world hear as the voice of the local user. */
export interface MicrophoneHandlers {
  /** Appends each received frame to the ring and answers with a summary after the caller half-closes. (client streaming, control) */
  streamAudio: MethodImpl<(typeof services["microphone"])["method"]["streamAudio"]>;
}

/** Drives what the in-game session dialogue offers for the focused world: its settings, the moderation of its users, and its roles. */
export interface SessionHandlers {
  /** Returns a full snapshot of the focused world's settings. (unary, observe) */
  getSettings: MethodImpl<(typeof services["session"])["method"]["getSettings"]>;
  /** Writes the settings that the patch contains and leaves all others alone. (unary, admin) */
  applySettings: MethodImpl<(typeof services["session"])["method"]["applySettings"]>;
  /** Lists all users connected to the focused world in the engine's order, the local user included. (unary, observe) */
  listUsers: MethodImpl<(typeof services["session"])["method"]["listUsers"]>;
  /** Removes a user from the session and, unless told otherwise, also revokes the invitation. (unary, admin) */
  kickUser: MethodImpl<(typeof services["session"])["method"]["kickUser"]>;
  /** Bans a user from the session and so removes them. (unary, admin) */
  banUser: MethodImpl<(typeof services["session"])["method"]["banUser"]>;
  /** Silences a user for everybody in the session, or lifts that, and returns the user with the new state. (unary, admin) */
  silenceUser: MethodImpl<(typeof services["session"])["method"]["silenceUser"]>;
  /** Destroys a user's avatar root, upon which the user spawns anew. (unary, admin) */
  respawnUser: MethodImpl<(typeof services["session"])["method"]["respawnUser"]>;
  /** Gives a user a role and returns the user with it. (unary, admin) */
  setUserRole: MethodImpl<(typeof services["session"])["method"]["setUserRole"]>;
  /** Lists the focused world's roles from the highest to the lowest, and the roles that users get by default. (unary, observe) */
  listRoles: MethodImpl<(typeof services["session"])["method"]["listRoles"]>;
  /** Lists the default roles that the focused world keeps for single users. (unary, observe) */
  getUserRoleOverrides: MethodImpl<(typeof services["session"])["method"]["getUserRoleOverrides"]>;
}

/** Streams the engine's final mix of its primary audio output: world, voices and interface. */
export interface SpeakerHandlers {
  /** Sends audio frames until the caller cancels or the mod shuts down. (server streaming, observe) */
  streamAudio: MethodImpl<(typeof services["speaker"])["method"]["streamAudio"]>;
}

/** Drives what the in-game worlds tab offers, without its user interface: live sessions and saved world records of the cloud, the worlds that are open locally, and thumbnails. */
export interface WorldHandlers {
  /** Lists the live sessions that the engine has cached from the cloud and that pass all of the request's filters, in the order of that cache. (unary, observe) */
  listSessions: MethodImpl<(typeof services["world"])["method"]["listSessions"]>;
  /** Queries the cloud for saved world records and returns one page of them. (unary, observe) */
  listRecords: MethodImpl<(typeof services["world"])["method"]["listRecords"]>;
  /** Opens a live session beside the worlds that are already open and returns it once it runs. (unary, control) */
  join: MethodImpl<(typeof services["world"])["method"]["join"]>;
  /** Fetches a saved world record from the cloud, starts a new session from it beside the worlds that are already open, and returns that once it runs. (unary, control) */
  startWorld: MethodImpl<(typeof services["world"])["method"]["startWorld"]>;
  /** Lists the open worlds in the order of the engine's world manager, including worlds that are still loading and excluding the userspace. (unary, observe) */
  listOpenWorlds: MethodImpl<(typeof services["world"])["method"]["listOpenWorlds"]>;
  /** Focuses an open world and returns it once the change has been applied, which blocks up to 30 s. (unary, control) */
  focus: MethodImpl<(typeof services["world"])["method"]["focus"]>;
  /** Leaves an open world and answers once the world is gone from the open worlds, which blocks up to 30 s. (unary, control) */
  leave: MethodImpl<(typeof services["world"])["method"]["leave"]>;
  /** Returns the focused world. (unary, observe) */
  getCurrent: MethodImpl<(typeof services["world"])["method"]["getCurrent"]>;
  /** Downloads the image behind a thumbnail URL of a session or record and returns its bytes unchanged. (unary, observe) */
  fetchThumbnail: MethodImpl<(typeof services["world"])["method"]["fetchThumbnail"]>;
}

/** The handlers of the whole mod, by modality. */
export interface Handlers {
  auth: AuthHandlers;
  camera: CameraHandlers;
  connection: ConnectionHandlers;
  contact: ContactHandlers;
  contextMenu: ContextMenuHandlers;
  cursor: CursorHandlers;
  dash: DashHandlers;
  display: DisplayHandlers;
  grabber: GrabberHandlers;
  info: InfoHandlers;
  inventory: InventoryHandlers;
  lifecycle: LifecycleHandlers;
  locomotion: LocomotionHandlers;
  microphone: MicrophoneHandlers;
  session: SessionHandlers;
  speaker: SpeakerHandlers;
  world: WorldHandlers;
}

/** Puts each service's descriptor to its handlers. Modalities without handlers are left out. */
export function toServiceSpecs(handlers: Partial<Handlers>): ServiceImplSpec[] {
  const specs: ServiceImplSpec[] = [];
  if (handlers.auth !== undefined) {
    specs.push(createServiceImplSpec<typeof services.auth>(services.auth, handlers.auth));
  }
  if (handlers.camera !== undefined) {
    specs.push(createServiceImplSpec<typeof services.camera>(services.camera, handlers.camera));
  }
  if (handlers.connection !== undefined) {
    specs.push(createServiceImplSpec<typeof services.connection>(services.connection, handlers.connection));
  }
  if (handlers.contact !== undefined) {
    specs.push(createServiceImplSpec<typeof services.contact>(services.contact, handlers.contact));
  }
  if (handlers.contextMenu !== undefined) {
    specs.push(createServiceImplSpec<typeof services.contextMenu>(services.contextMenu, handlers.contextMenu));
  }
  if (handlers.cursor !== undefined) {
    specs.push(createServiceImplSpec<typeof services.cursor>(services.cursor, handlers.cursor));
  }
  if (handlers.dash !== undefined) {
    specs.push(createServiceImplSpec<typeof services.dash>(services.dash, handlers.dash));
  }
  if (handlers.display !== undefined) {
    specs.push(createServiceImplSpec<typeof services.display>(services.display, handlers.display));
  }
  if (handlers.grabber !== undefined) {
    specs.push(createServiceImplSpec<typeof services.grabber>(services.grabber, handlers.grabber));
  }
  if (handlers.info !== undefined) {
    specs.push(createServiceImplSpec<typeof services.info>(services.info, handlers.info));
  }
  if (handlers.inventory !== undefined) {
    specs.push(createServiceImplSpec<typeof services.inventory>(services.inventory, handlers.inventory));
  }
  if (handlers.lifecycle !== undefined) {
    specs.push(createServiceImplSpec<typeof services.lifecycle>(services.lifecycle, handlers.lifecycle));
  }
  if (handlers.locomotion !== undefined) {
    specs.push(createServiceImplSpec<typeof services.locomotion>(services.locomotion, handlers.locomotion));
  }
  if (handlers.microphone !== undefined) {
    specs.push(createServiceImplSpec<typeof services.microphone>(services.microphone, handlers.microphone));
  }
  if (handlers.session !== undefined) {
    specs.push(createServiceImplSpec<typeof services.session>(services.session, handlers.session));
  }
  if (handlers.speaker !== undefined) {
    specs.push(createServiceImplSpec<typeof services.speaker>(services.speaker, handlers.speaker));
  }
  if (handlers.world !== undefined) {
    specs.push(createServiceImplSpec<typeof services.world>(services.world, handlers.world));
  }
  return specs;
}

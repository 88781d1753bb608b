import type { AuthState } from "./auth.js";
import type { AvatarState } from "./avatar.js";
import type { ContactsState } from "./contacts.js";
import type { ContextMenusState } from "./context-menus.js";
import type { CursorState } from "./cursor.js";
import type { DashState } from "./dash.js";
import type { DisplayState } from "./display.js";
import type { GrabberState } from "./grabber.js";
import type { InventoryState } from "./inventory.js";
import type { LifecycleState } from "./lifecycle.js";
import type { LocomotionState } from "./locomotion.js";
import type { MicrophoneState } from "./microphone.js";
import type { SpeakerState } from "./speaker.js";
import type { WorldsState } from "./worlds.js";

/** Everything that can change in the simulated game: plain data, without secrets, that can be cloned. */
export interface EngineState {
  worlds: WorldsState;
  contacts: ContactsState;
  inventory: InventoryState;
  dash: DashState;
  contextMenus: ContextMenusState;
  avatar: AvatarState;
  locomotion: LocomotionState;
  grabber: GrabberState;
  cursor: CursorState;
  display: DisplayState;
  microphone: MicrophoneState;
  speaker: SpeakerState;
  auth: AuthState;
  lifecycle: LifecycleState;
}

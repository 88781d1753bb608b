import type { DisplaySettings } from "./display.js";
import type { HandButton } from "./grabber.js";
import type { HandSide } from "./hand-pose.js";
import type { TeardownStage } from "./lifecycle.js";
import type { DriveEnd, LocomotionCommand, LocomotionGroups } from "./locomotion.js";
import type { MicrophoneEnd } from "./microphone.js";

/**
 * One change of the engine's state, as it stands in the journal. `what` names the kind; the other fields depend on it and
 * never carry a secret.
 */
export type Change =
  | { readonly what: "signedIn"; readonly userId: string }
  | { readonly what: "signedOut"; readonly userId: string }
  | { readonly what: "microphoneEnded"; readonly reason: MicrophoneEnd }
  | { readonly what: "quitScheduled" }
  | { readonly what: "teardown"; readonly stage: TeardownStage }
  | { readonly what: "locomotionCommanded"; readonly command: LocomotionCommand }
  | ({ readonly what: "locomotionReset" } & LocomotionGroups)
  | { readonly what: "driveEnded"; readonly reason: DriveEnd }
  | ({ readonly what: "displayChanged" } & DisplaySettings)
  | { readonly what: "cursorHeld"; readonly worldHandle: number; readonly x: number; readonly y: number }
  | { readonly what: "cursorReleased" }
  | { readonly what: "pointerMoved"; readonly x: number; readonly y: number }
  | { readonly what: "objectGrabbed"; readonly hand: HandSide; readonly slotId: string; readonly name: string }
  | { readonly what: "objectsReleased"; readonly hand: HandSide; readonly slotIds: readonly string[] }
  | { readonly what: "toolEquipped"; readonly hand: HandSide; readonly slotId: string }
  | { readonly what: "toolDequipped"; readonly hand: HandSide; readonly slotId: string }
  | {
      readonly what: "buttonPressed";
      readonly hand: HandSide;
      readonly button: HandButton;
      readonly strength: number;
    }
  | { readonly what: "buttonLetGo"; readonly hand: HandSide; readonly button: HandButton }
  | { readonly what: "inventoryCloudReachable"; readonly reachable: boolean }
  | { readonly what: "inventoryMade"; readonly path: string; readonly recordId: string }
  | { readonly what: "inventoryCopied"; readonly path: string; readonly recordId: string }
  | { readonly what: "inventoryMoved"; readonly path: string; readonly recordId: string }
  | { readonly what: "inventoryRemoved"; readonly path: string; readonly recordId: string }
  | { readonly what: "inventorySpawned"; readonly path: string; readonly handle: number; readonly slotId: string }
  | { readonly what: "dashOpened" }
  | { readonly what: "dashClosed" }
  | { readonly what: "dashTabChanged"; readonly refId: string; readonly name: string }
  | { readonly what: "dashButtonPressed"; readonly refId: string; readonly label: string }
  | { readonly what: "dashScrolled"; readonly refId: string; readonly x: number; readonly y: number }
  | { readonly what: "dashHighlighted"; readonly refId: string }
  | { readonly what: "contextMenuOpened"; readonly side: "left" | "right" }
  | { readonly what: "contextMenuClosed"; readonly side: "left" | "right" }
  | { readonly what: "contextMenuHighlighted"; readonly side: "left" | "right"; readonly index: number }
  | {
      readonly what: "contextMenuPressed";
      readonly side: "left" | "right";
      readonly index: number;
      readonly label: string;
    }
  | { readonly what: "worldOpened"; readonly handle: number; readonly name: string }
  | { readonly what: "worldRunning"; readonly handle: number; readonly sessionId: string }
  | { readonly what: "worldFailed"; readonly handle: number }
  | { readonly what: "worldFocusWanted"; readonly handle: number }
  | { readonly what: "worldFocused"; readonly handle: number | undefined }
  | { readonly what: "worldLeft"; readonly handle: number }
  | { readonly what: "settingsChanged"; readonly handle: number; readonly fields: readonly string[] }
  | { readonly what: "resoniteLinkEnabled"; readonly handle: number; readonly port: number }
  | { readonly what: "userKicked"; readonly revoked: boolean; readonly handle: number; readonly userName: string }
  | { readonly what: "userBanned"; readonly handle: number; readonly userName: string }
  | { readonly what: "userSilenced"; readonly silenced: boolean; readonly handle: number; readonly userName: string }
  | { readonly what: "userRespawned"; readonly handle: number; readonly userName: string }
  | { readonly what: "userRoleChanged"; readonly role: string; readonly handle: number; readonly userName: string }
  | { readonly what: "contactChanged"; readonly userId: string; readonly status: string };

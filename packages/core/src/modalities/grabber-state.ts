import type { CallOptions } from "@connectrpc/connect";
import { choiceName } from "../choices.js";
import {
  GrabberButton as WireButton,
  GrabberHand as WireHand,
  type GrabberGrabState as WireState,
} from "../gen/resonite_io/v1/grabber_pb.js";

/** The wire numbers of the hands. */
export const grabberHands = {
  primary: WireHand.PRIMARY,
  left: WireHand.LEFT,
  right: WireHand.RIGHT,
} as const;

/** The wire numbers of the buttons. */
export const grabberButtons = {
  primary: WireButton.PRIMARY,
  secondary: WireButton.SECONDARY,
} as const;

const heldButtonNames = new Map<number, GrabberButton>([
  [WireButton.UNSPECIFIED, "primary"],
  [WireButton.PRIMARY, "primary"],
  [WireButton.SECONDARY, "secondary"],
]);

/**
 * A hand of the local user. `"primary"` is the one that the engine's settings say, or the right one when they do not.
 */
export type GrabberHand = keyof typeof grabberHands;

/** A button of a hand. The primary one can be pressed more or less hard; the secondary one is pressed or not. */
export type GrabberButton = keyof typeof grabberButtons;

/** What one hand holds and presses. */
export interface GrabState {
  /** `"left"` or `"right"`, also when `"primary"` was asked for. `"primary"` only when the mod does not say which it is. */
  readonly hand: GrabberHand;
  /** Whether the hand holds at least one object. */
  readonly isHolding: boolean;
  /**
   * Names of the objects that the hand holds, in the engine's order. An object without a name has an empty one, and the list
   * may be empty even while the hand holds something.
   */
  readonly objectNames: readonly string[];
  /** When the mod answered: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
  /** Whether a tool is equipped on this hand. Always false from a mod before 0.6.0. */
  readonly isToolEquipped: boolean;
  /** Name of the equipped tool; may be empty. `undefined` when there is none. */
  readonly equippedToolName: string | undefined;
  /**
   * The buttons that `GrabberClient.use` keeps pressed. A button that we do not know, which a newer mod may have, is left
   * out. Always empty from a mod before 0.6.0.
   */
  readonly heldButtons: readonly GrabberButton[];
}

/** The outcome of `GrabberClient.grab`. */
export interface GrabResult {
  /** Whether this call picked something up. If not, nothing was hit or nothing was near enough. */
  readonly grabbed: boolean;
  /** The hand after the attempt. */
  readonly state: GrabState;
}

/** Options of the methods of `GrabberClient` that are about a hand as a whole. */
export interface GrabberHandOptions extends CallOptions {
  /** Default `"primary"`. */
  readonly hand?: GrabberHand;
}

/** Options of `GrabberClient.grab`. */
export interface GrabOptions extends GrabberHandOptions {
  /** How far around the point that the cursor's ray hits to look, in metres. Default 0, which the mod takes as 0.1. */
  readonly radiusMetres?: number;
}

/** Options of `GrabberClient.unuse`. */
export interface GrabberUnuseOptions extends GrabberHandOptions {
  /** Default `"primary"`. */
  readonly button?: GrabberButton;
}

/** Options of `GrabberClient.use` and `GrabberClient.click`. */
export interface GrabberUseOptions extends GrabberUnuseOptions {
  /**
   * How hard to press the primary button, 0 to 1. Tools such as brushes act on it; 0 presses the button but not at all hard.
   * Without effect for the secondary button. Default 1.
   */
  readonly strength?: number;
}

/** The state in an answer, in our words. */
export function toGrabState(state: WireState): GrabState {
  const { isHolding, objectNames, unixNanos, isToolEquipped, equippedToolName, heldButtons } = state;
  return {
    hand: choiceName(grabberHands, state.hand, "primary"),
    isHolding,
    objectNames,
    unixNanos,
    isToolEquipped,
    equippedToolName: isToolEquipped ? equippedToolName : undefined,
    heldButtons: heldButtons.flatMap((button) => heldButtonNames.get(button) ?? []),
  };
}

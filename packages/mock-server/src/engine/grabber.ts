import type { Engine } from "./engine.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { type HandSide, handPose } from "./hand-pose.js";
import { clamp } from "./numbers.js";
import { defaultGrabRadius, objectAtCursor } from "./object-at-cursor.js";
import type { WorldObject, WorldState } from "./world-state.js";

/** A hand as callers name it: `primary` is the one that the scenario says. */
export type HandName = HandSide | "primary";

/** A button of a hand. */
export type HandButton = "primary" | "secondary";

/** A thing in a hand. */
export interface HeldObject {
  readonly slotId: string;
  /** How the thing is turned relative to the user's heading. */
  readonly turnDegrees: number;
  /** For so many ticks it stays where it was grabbed. */
  pinnedTicks: number;
}

/** A hand in a world. */
export interface HandState {
  /** In the order in which they were grabbed. */
  held: HeldObject[];
  tool: HeldObject | undefined;
  /** How hard each button is pressed, from 0 to 1; absent when it is not. */
  buttons: { primary?: number; secondary?: number };
}

/** The hands of a world. */
export type HandsState = Record<HandSide, HandState>;

/** The hands, which are others in every world. */
export interface GrabberState {
  /** By the handle of the world. A world in which no hand did anything has no entry. */
  handsByWorld: Record<number, HandsState>;
}

/** What callers are told about a hand. */
export interface HandReport {
  readonly hand: HandSide;
  readonly isHolding: boolean;
  readonly objectNames: readonly string[];
  /** Absent when no tool is equipped. */
  readonly toolName: string | undefined;
  readonly heldButtons: readonly HandButton[];
}

const sides = ["left", "right"] as const;
const pinnedTicks = 60;

/** Makes the state at the start. */
export function initialGrabber(): GrabberState {
  return { handsByWorld: {} };
}

/** The hands: they grab what the cursor points at, carry it, press buttons and equip tools. */
export class Grabber {
  readonly #context: EngineContext;
  readonly #engine: Engine;

  constructor(context: EngineContext, engine: Engine) {
    this.#context = context;
    this.#engine = engine;
  }

  /** Tells about a hand and changes nothing. Throws `notReady` when no world is focused, as everything here does. */
  report(name: HandName): HandReport {
    const world = this.#engine.worlds.requireFocused();
    const hand = this.#resolve(name);
    const { held, tool, buttons } = this.#handsOf(world)?.[hand] ?? emptyHand();
    const objects = held.flatMap(({ slotId }) => find(world, slotId) ?? []);
    return {
      hand,
      isHolding: objects.length > 0,
      objectNames: objects.map((object) => object.name),
      toolName: tool && find(world, tool.slotId)?.name,
      heldButtons: (["primary", "secondary"] as const).filter((button) => buttons[button] !== undefined),
    };
  }

  /** Whether a thing of the focused world is in a hand, as a tool or otherwise. */
  isInHand(slotId: string): boolean {
    const world = this.#engine.worlds.focused;
    const hands = world && this.#handsOf(world);
    return hands !== undefined && sides.some((side) => inHand(hands[side]).some((item) => item.slotId === slotId));
  }

  /**
   * Grabs what the cursor points at, in addition to what the hand holds, and tells whether there was something. A radius, in
   * metres, that is not above 0 counts as 0.1. Throws `notReady` also in VR.
   */
  grab(name: HandName, radiusMetres: number): boolean {
    const world = this.#engine.worlds.requireFocused();
    if (this.#context.scenario.vr) {
      throw new EngineError("notReady", "Grab aims with the desktop cursor and works only in desktop mode, not in VR.");
    }
    const object = objectAtCursor(this.#engine, radiusMetres > 0 ? radiusMetres : defaultGrabRadius);
    if (object === undefined) return false;
    const hand = this.#resolve(name);
    const { slotId, yawDegrees } = object;
    const turnDegrees = yawDegrees - this.#context.state.avatar.yawDegrees;
    this.#makeHands(world)[hand].held.push({ slotId, turnDegrees, pinnedTicks });
    this.#context.changed({ what: "objectGrabbed", hand, slotId, name: object.name });
    return true;
  }

  /** Drops all that the hand holds, but not its tool, to the floor below. */
  release(name: HandName): void {
    const world = this.#engine.worlds.requireFocused();
    const hand = this.#resolve(name);
    const held = this.#handsOf(world)?.[hand].held.splice(0) ?? [];
    if (held.length === 0) return;
    for (const { slotId } of held) drop(world, slotId);
    this.#context.changed({ what: "objectsReleased", hand, slotIds: held.map(({ slotId }) => slotId) });
  }

  /** Presses a button until {@link unuse}. `strength` is clamped to 0 to 1 and counts for the primary button only. */
  use(name: HandName, button: HandButton, strength: number): void {
    const world = this.#engine.worlds.requireFocused();
    const hand = this.#resolve(name);
    const pressure = button === "primary" ? clamp(strength, 0, 1) : 1;
    const { buttons } = this.#makeHands(world)[hand];
    if (buttons[button] === pressure) return;
    buttons[button] = pressure;
    this.#context.changed({ what: "buttonPressed", hand, button, strength: pressure });
  }

  /** Lets go of a button. Does nothing when it is not pressed. */
  unuse(name: HandName, button: HandButton): void {
    const world = this.#engine.worlds.requireFocused();
    const hand = this.#resolve(name);
    const buttons = this.#handsOf(world)?.[hand].buttons;
    if (buttons?.[button] === undefined) return;
    delete buttons[button];
    this.#context.changed({ what: "buttonLetGo", hand, button });
  }

  /** Makes the first tool among the things in the hand its tool, in the place of an earlier one. Does nothing without one. */
  equip(name: HandName): void {
    const world = this.#engine.worlds.requireFocused();
    const hand = this.#resolve(name);
    const state = this.#handsOf(world)?.[hand];
    const index = state?.held.findIndex(({ slotId }) => find(world, slotId)?.tool === true) ?? -1;
    if (state === undefined || index < 0) return;
    this.dequip(hand);
    const [tool] = state.held.splice(index, 1);
    if (tool === undefined) return;
    state.tool = { ...tool, pinnedTicks: 0 };
    this.#context.changed({ what: "toolEquipped", hand, slotId: tool.slotId });
  }

  /** Drops the tool of the hand to the floor below. Does nothing without one. */
  dequip(name: HandName): void {
    const world = this.#engine.worlds.requireFocused();
    const hand = this.#resolve(name);
    const state = this.#handsOf(world)?.[hand];
    if (state?.tool === undefined) return;
    const { slotId } = state.tool;
    state.tool = undefined;
    drop(world, slotId);
    this.#context.changed({ what: "toolDequipped", hand, slotId });
  }

  /** Moves what is in the hands along with the user, and forgets the hands of worlds that are closed. */
  tick(): void {
    const { handsByWorld } = this.#context.state.grabber;
    const { open, focused } = this.#engine.worlds;
    for (const handle of Object.keys(handsByWorld).map(Number)) {
      if (!open.some((world) => world.handle === handle)) delete handsByWorld[handle];
    }
    const hands = focused && handsByWorld[focused.handle];
    if (focused === undefined || hands === undefined) return;
    for (const side of sides) {
      for (const [index, item] of inHand(hands[side]).entries()) this.#carry(focused, side, index, item);
    }
  }

  #carry(world: WorldState, side: HandSide, index: number, item: HeldObject): void {
    const object = find(world, item.slotId);
    if (object === undefined) return;
    if (item.pinnedTicks > 0) {
      item.pinnedTicks--;
      return;
    }
    const { viewpoint } = this.#engine.avatar;
    object.position = handPose(viewpoint, side, index, object.size, world.room);
    object.yawDegrees = viewpoint.yawDegrees + item.turnDegrees;
  }

  #resolve(name: HandName): HandSide {
    return name === "primary" ? this.#context.scenario.primaryHand : name;
  }

  #handsOf(world: WorldState): HandsState | undefined {
    return this.#context.state.grabber.handsByWorld[world.handle];
  }

  #makeHands(world: WorldState): HandsState {
    const { handsByWorld } = this.#context.state.grabber;
    handsByWorld[world.handle] ??= { left: emptyHand(), right: emptyHand() };
    return handsByWorld[world.handle];
  }
}

function emptyHand(): HandState {
  return { held: [], tool: undefined, buttons: {} };
}

/** The tool first, as it is nearest to the hand. */
function inHand({ tool, held }: HandState): readonly HeldObject[] {
  return tool === undefined ? held : [tool, ...held];
}

function find(world: WorldState, slotId: string): WorldObject | undefined {
  return world.objects.find((object) => object.slotId === slotId);
}

function drop(world: WorldState, slotId: string): void {
  const object = find(world, slotId);
  if (object !== undefined) object.position = { ...object.position, y: object.size.y / 2 };
}

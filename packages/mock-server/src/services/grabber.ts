import type { MessageInitShape } from "@bufbuild/protobuf";
import { GrabberButton, type GrabberGrabStateSchema, GrabberHand } from "@resoio/core/gen/resonite_io/v1/grabber_pb";
import type { Engine } from "../engine/engine.js";
import type { HandButton, HandName } from "../engine/grabber.js";
import type { GrabberHandlers } from "../gen/handlers.js";

/** Works the hands. Every answer tells about the hand that was meant, as LEFT or RIGHT. */
export const grabberService = (engine: Engine): GrabberHandlers => ({
  grab({ hand, radius }) {
    const grabbed = engine.grabber.grab(handName(hand), radius);
    return { grabbed, state: toWireState(engine, hand) };
  },

  release({ hand }) {
    engine.grabber.release(handName(hand));
    return toWireState(engine, hand);
  },

  getState({ hand }) {
    return toWireState(engine, hand);
  },

  use({ hand, button, strength = 1 }) {
    engine.grabber.use(handName(hand), buttonName(button), strength);
    return toWireState(engine, hand);
  },

  unuse({ hand, button }) {
    engine.grabber.unuse(handName(hand), buttonName(button));
    return toWireState(engine, hand);
  },

  equip({ hand }) {
    engine.grabber.equip(handName(hand));
    return toWireState(engine, hand);
  },

  dequip({ hand }) {
    engine.grabber.dequip(handName(hand));
    return toWireState(engine, hand);
  },
});

function handName(wire: GrabberHand): HandName {
  return wire === GrabberHand.LEFT ? "left" : wire === GrabberHand.RIGHT ? "right" : "primary";
}

function buttonName(wire: GrabberButton): HandButton {
  return wire === GrabberButton.SECONDARY ? "secondary" : "primary";
}

function toWireState(engine: Engine, wireHand: GrabberHand): MessageInitShape<typeof GrabberGrabStateSchema> {
  const { hand, isHolding, objectNames, toolName, heldButtons } = engine.grabber.report(handName(wireHand));
  return {
    hand: hand === "left" ? GrabberHand.LEFT : GrabberHand.RIGHT,
    isHolding,
    objectNames: [...objectNames],
    unixNanos: engine.clock.unixNanos(),
    isToolEquipped: toolName !== undefined,
    equippedToolName: toolName ?? "",
    heldButtons: heldButtons.map((button) => (button === "primary" ? GrabberButton.PRIMARY : GrabberButton.SECONDARY)),
  };
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { ContextMenuHand, type ContextMenuStateSchema } from "@resoio/core/gen/resonite_io/v1/context_menu_pb";
import type { MenuHand, OpenMenu } from "../engine/context-menus.js";
import type { Engine } from "../engine/engine.js";
import type { ContextMenuHandlers } from "../gen/handlers.js";

/** Operates the radial menus. */
export const contextMenuService = (engine: Engine): ContextMenuHandlers => ({
  async open({ hand }, { signal }) {
    return toWireState(await engine.contextMenus.open(toHand(hand), signal));
  },

  close({ hand }) {
    engine.contextMenus.close(toHand(hand));
    return toWireState(undefined);
  },

  getState({ hand }) {
    return toWireState(engine.contextMenus.get(toHand(hand)));
  },

  highlight({ hand, index }) {
    return toWireState(engine.contextMenus.highlight(toHand(hand), index));
  },

  async invoke({ hand, index }, { signal }) {
    return toWireState(await engine.contextMenus.invoke(toHand(hand), index, signal));
  },
});

function toHand(wire: ContextMenuHand): MenuHand {
  return wire === ContextMenuHand.LEFT ? "left" : wire === ContextMenuHand.RIGHT ? "right" : "primary";
}

function toWireState(menu: OpenMenu | undefined): MessageInitShape<typeof ContextMenuStateSchema> {
  if (menu === undefined) return { isOpen: false, items: [], highlightedIndex: -1 };
  return {
    isOpen: true,
    items: menu.items.map(
      ({ label, enabled, hasButton, hasIcon, colour: [colorR, colorG, colorB, colorA] }, index) => ({
        index,
        label,
        enabled: enabled && hasButton,
        hasIcon,
        colorR,
        colorG,
        colorB,
        colorA,
      }),
    ),
    highlightedIndex: menu.highlighted ?? -1,
  };
}

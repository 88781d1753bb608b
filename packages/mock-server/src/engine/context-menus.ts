import type { ScenarioMenuItem } from "../scenarios/parts/context-menu.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { pollUntil, sleep } from "./sleep.js";
import type { WorldState } from "./world-state.js";
import type { Worlds } from "./worlds.js";

/** A hand that has a menu. */
export type MenuSide = "left" | "right";

/** A hand as callers name it. */
export type MenuHand = MenuSide | "primary";

/** A radial menu that is open or opening. */
export interface OpenMenu {
  /** The world whose hand it belongs to. */
  readonly worldHandle: number;
  /** When it is fully open, by the clock's `nowMs`. */
  readonly openAtMs: number;
  items: readonly ScenarioMenuItem[];
  /** The index of the highlighted item. */
  highlighted: number | undefined;
}

/** The menu of each hand; absent while it is closed. */
export type ContextMenusState = Record<MenuSide, OpenMenu | undefined>;

const sides = ["left", "right"] as const;
const openingMs = 50;
const pressMs = 100;
const waiting = { intervalMs: 50, timeoutMs: 2000 };

/** Makes the state at the start: both are closed. */
export function initialContextMenus(): ContextMenusState {
  return { left: undefined, right: undefined };
}

/**
 * The radial menus of both hands, independent of each other. They belong to the focused world and close when another one gets
 * the focus.
 *
 * Every method throws `notReady` while no world is focused.
 */
export class ContextMenus {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;

  constructor(context: EngineContext, worlds: Worlds) {
    this.#context = context;
    this.#worlds = worlds;
  }

  /** The menu of a hand when it is fully open. */
  get(hand: MenuHand): OpenMenu | undefined {
    return this.#opened(this.#sideOf(hand), this.#worlds.requireFocused());
  }

  /** Opens the menu of a hand and waits, for two seconds at most, until it is fully open. Leaves an open one as it is. */
  async open(hand: MenuHand, signal: AbortSignal): Promise<OpenMenu | undefined> {
    const { clock, scenario, state } = this.#context;
    const side = this.#sideOf(hand);
    const world = this.#worlds.requireFocused();
    if (state.contextMenus[side]?.worldHandle !== world.handle) {
      state.contextMenus[side] = {
        worldHandle: world.handle,
        openAtMs: clock.nowMs() + openingMs,
        items: scenario.menuItems,
        highlighted: undefined,
      };
      this.#context.changed({ what: "contextMenuOpened", side });
    }
    return await this.#waitUntilOpen(side, world, signal);
  }

  /** Closes the menu of a hand. Does nothing when it is closed. */
  close(hand: MenuHand): void {
    this.#worlds.requireFocused();
    this.#close(this.#sideOf(hand));
  }

  /** Highlights one item and no other. Throws `notReady` for a closed menu and `invalidArgument` for an index outside of it. */
  highlight(hand: MenuHand, index: number): OpenMenu {
    const side = this.#sideOf(hand);
    const { menu } = this.#requireItem(side, index);
    if (menu.highlighted !== index) {
      menu.highlighted = index;
      this.#context.changed({ what: "contextMenuHighlighted", side, index });
    }
    return menu;
  }

  /**
   * Presses an item and waits: a tenth of a second, then up to two seconds for a menu to be open. A disabled item does nothing.
   *
   * Throws `notReady` for a closed menu and for an item without a button, and `invalidArgument` for an index outside of the
   * menu.
   */
  async invoke(hand: MenuHand, index: number, signal: AbortSignal): Promise<OpenMenu | undefined> {
    const side = this.#sideOf(hand);
    const world = this.#worlds.requireFocused();
    const { menu, item } = this.#requireItem(side, index);
    if (!item.hasButton) throw new EngineError("notReady", `Item ${index} of the context menu has no button.`);
    if (item.enabled) this.#press(side, menu, index, item);
    await sleep(this.#context.clock, pressMs, signal);
    return await this.#waitUntilOpen(side, world, signal);
  }

  /** Closes the menus of worlds that are no longer focused. */
  tick(): void {
    const handle = this.#worlds.focused?.handle;
    for (const side of sides) {
      const menu = this.#state[side];
      if (menu !== undefined && menu.worldHandle !== handle) this.#close(side);
    }
  }

  get #state(): ContextMenusState {
    return this.#context.state.contextMenus;
  }

  #sideOf(hand: MenuHand): MenuSide {
    return hand === "primary" ? this.#context.scenario.primaryHand : hand;
  }

  #opened(side: MenuSide, { handle }: WorldState): OpenMenu | undefined {
    const menu = this.#state[side];
    const isOpen = menu?.worldHandle === handle && this.#context.clock.nowMs() >= menu.openAtMs;
    return isOpen ? menu : undefined;
  }

  async #waitUntilOpen(side: MenuSide, world: WorldState, signal: AbortSignal): Promise<OpenMenu | undefined> {
    await pollUntil(this.#context.clock, () => this.#opened(side, world) !== undefined, waiting, signal);
    return this.#opened(side, world);
  }

  #requireItem(side: MenuSide, index: number): { readonly menu: OpenMenu; readonly item: ScenarioMenuItem } {
    const menu = this.#opened(side, this.#worlds.requireFocused());
    if (menu === undefined) throw new EngineError("notReady", `The context menu of the ${side} hand is not open.`);
    const item = menu.items[index];
    if (item === undefined) {
      const count = menu.items.length;
      throw new EngineError("invalidArgument", `The context menu has ${count} items, but item ${index} was asked for.`);
    }
    return { menu, item };
  }

  #press(side: MenuSide, menu: OpenMenu, index: number, { label, action }: ScenarioMenuItem): void {
    this.#context.changed({ what: "contextMenuPressed", side, index, label });
    if (action === "close") {
      this.#close(side);
    } else if (action !== "stay") {
      menu.items = action;
      menu.highlighted = undefined;
    }
  }

  #close(side: MenuSide): void {
    if (this.#state[side] === undefined) return;
    this.#state[side] = undefined;
    this.#context.changed({ what: "contextMenuClosed", side });
  }
}

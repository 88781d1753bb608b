import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceValue } from "../choices.js";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import {
  ContextMenu,
  ContextMenuHand as WireHand,
  type ContextMenuItem as WireItem,
  type ContextMenuState as WireState,
} from "../gen/resonite_io/v1/context_menu_pb.js";
import { checkQuery, type MatchKind, type MatchQuery, pickMatch } from "./label-match.js";

const hands = {
  primary: WireHand.PRIMARY,
  left: WireHand.LEFT,
  right: WireHand.RIGHT,
} as const;

/** Whose menu is meant. `"primary"` is the side that the engine has configured, and the same menu as that side's. */
export type ContextMenuHand = keyof typeof hands;

/** One item of an open menu. */
export interface ContextMenuItem {
  /** Position in the menu, from 0 without gaps. Names the item in {@link ContextMenuClient.invoke}. */
  readonly index: number;
  /** The text on it. May be empty. */
  readonly label: string;
  /** False when the item is disabled or has no button. */
  readonly enabled: boolean;
  readonly hasIcon: boolean;
  /** Red, green, blue and opacity, each 0 to 1. */
  readonly color: { readonly r: number; readonly g: number; readonly b: number; readonly a: number };
}

/** A hand's menu. */
export interface ContextMenuState {
  readonly isOpen: boolean;
  /** The items of the menu or submenu that is shown, by index. Empty when the menu is closed. */
  readonly items: readonly ContextMenuItem[];
  /** The index of the highlighted item; `undefined` when there is none. */
  readonly highlightedIndex: number | undefined;
}

/** Options of all methods of {@link ContextMenuClient}. */
export interface ContextMenuOptions extends CallOptions {
  /** Whose menu is meant. Default `"primary"`. */
  readonly hand?: ContextMenuHand;
}

const itemMatch: MatchKind<ContextMenuItem> = {
  noun: "menu item",
  whenEmpty: "there are none; is the menu open?",
  texts: ({ label }) => [label],
};

/** int32, what an index is on the wire. */
const maxIndex = 0x7fffffff;

/**
 * Opens and operates the radial menu of a hand, the one of the T key.
 *
 * The menus belong to the engine: every program that talks to it shares them. The engine may close one by itself, for
 * example after some seconds, so call {@link open} before each step; it leaves an open menu as it is.
 *
 * Every method fails with `Unavailable` when the mod has no context menu bridge, and with `FailedPrecondition` when no world
 * is focused or the hand is missing. Every method throws {@link InvalidOptionsError} for a hand that does not exist.
 */
export class ContextMenuClient implements Covers<typeof ContextMenu> {
  readonly #rpc: Client<typeof ContextMenu>;

  constructor(transport: Transport) {
    this.#rpc = createClient(ContextMenu, transport);
  }

  /** Opens the menu and waits for it, up to about 2 seconds. If it has not opened by then, `isOpen` is false. */
  async open(options: ContextMenuOptions = {}): Promise<ContextMenuState> {
    const { hand, call } = target(options);
    return toState(await this.#rpc.open({ hand }, call));
  }

  /** Closes the menu, if it is open. */
  async close(options: ContextMenuOptions = {}): Promise<ContextMenuState> {
    const { hand, call } = target(options);
    return toState(await this.#rpc.close({ hand }, call));
  }

  /** Returns the menu as it is. */
  async getState(options: ContextMenuOptions = {}): Promise<ContextMenuState> {
    const { hand, call } = target(options);
    return toState(await this.#rpc.getState({ hand }, call));
  }

  /**
   * Highlights one item, also a disabled one, and no other. Does not press it.
   *
   * Fails with `FailedPrecondition` when the menu is closed and with `InvalidArgument` for an index behind the last item.
   * Throws {@link InvalidOptionsError} for one that is negative or no integer.
   */
  async highlight(index: number, options: ContextMenuOptions = {}): Promise<ContextMenuState> {
    checkIndex(index);
    const { hand, call } = target(options);
    return toState(await this.#rpc.highlight({ hand, index }, call));
  }

  /**
   * Presses one item and returns the menu that results: a submenu, the same menu, or a closed one. The mod waits about 2
   * seconds before it takes the menu as closed. That the item is enabled is not checked.
   *
   * Fails and throws as {@link highlight} does, and fails with `FailedPrecondition` for an item without a button.
   */
  async invoke(index: number, options: ContextMenuOptions = {}): Promise<ContextMenuState> {
    checkIndex(index);
    const { hand, call } = target(options);
    return toState(await this.#rpc.invoke({ hand, index }, call));
  }

  /**
   * Highlights the item of the open menu that `query` names by label or index, as {@link highlight} does.
   *
   * Gets the menu and then highlights, in two calls with the same options, so `timeoutMs` is for each of them. Throws
   * `NoMatchError` or `AmbiguousMatchError` when `query` names no item or several; a closed menu has none.
   */
  async highlightByLabel(query: MatchQuery, options?: ContextMenuOptions): Promise<ContextMenuState> {
    return await this.highlight(await this.#find(query, options), options);
  }

  /** Presses the item that `query` names, as {@link invoke} does. Finds it and throws as {@link highlightByLabel} does. */
  async invokeByLabel(query: MatchQuery, options?: ContextMenuOptions): Promise<ContextMenuState> {
    return await this.invoke(await this.#find(query, options), options);
  }

  async #find(query: MatchQuery, options?: ContextMenuOptions): Promise<number> {
    checkQuery(query);
    const { items } = await this.getState(options);
    return pickMatch(items, query, itemMatch).index;
  }
}

function target(options: ContextMenuOptions) {
  const { hand = "primary", ...call } = options;
  return { hand: choiceValue(hands, hand, "hand"), call };
}

function checkIndex(index: number): void {
  if (Number.isInteger(index) && index >= 0 && index <= maxIndex) return;
  throw new InvalidOptionsError(`the index must be an integer from 0 upwards, not ${String(index)}`);
}

function toState({ isOpen, items, highlightedIndex }: WireState): ContextMenuState {
  return {
    isOpen,
    items: items.map(toItem),
    highlightedIndex: highlightedIndex < 0 ? undefined : highlightedIndex,
  };
}

function toItem({ index, label, enabled, hasIcon, colorR, colorG, colorB, colorA }: WireItem): ContextMenuItem {
  return { index, label, enabled, hasIcon, color: { r: colorR, g: colorG, b: colorB, a: colorA } };
}

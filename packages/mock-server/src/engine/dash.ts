import type { Scenario } from "../scenarios/scenario.js";
import { type DashControl, findControl, type ListedControl, listControls, withRefIds } from "./dash-controls.js";
import type { EngineContext } from "./engine-context.js";
import { recordsIn, rootOf } from "./inventory-records.js";

/** A tab of the dash. */
export interface DashTab {
  /** Names it as long as it exists: `ID` and hexadecimal digits. Shared with no control. */
  readonly refId: string;
  readonly name: string;
  readonly label: string;
  readonly localeKey: string;
  readonly enabled: boolean;
  readonly controls: readonly DashControl[];
}

/** The dash and what was done to its controls. */
export interface DashState {
  isOpen: boolean;
  /** How far it was open when `isOpen` changed, from 0 to 1. */
  lerpAtChange: number;
  /** When `isOpen` changed, by the clock's `nowMs`. */
  changedAtMs: number;
  readonly tabs: readonly DashTab[];
  /** Absent when there are no tabs. */
  currentTabRefId: string | undefined;
  /** The buttons that are marked as hovered. */
  hoveredRefIds: string[];
  /** How far each scroll area was scrolled, from 0 to 1 on each axis. What was never scrolled has no entry. */
  scrollPositions: Record<string, { readonly x: number; readonly y: number }>;
}

/** What became of an action. A target that is missing or does not fit is no error. */
export interface DashActionResult {
  readonly ok: boolean;
  readonly found: boolean;
  readonly refId: string;
  /** Why, or what else is to be said; may be empty. */
  readonly detail: string;
}

const openingMs = 250;
const firstRefNumber = 0xa0_0000;
/** Apart from all other ids of the dash, so that the id follows from the record alone. */
const firstInventoryRefNumber = 0xb0_0000;
const contactsKey = "Dash.Screens.Contacts";
const inventoryKey = "Dash.Screens.Inventory";
const unscrolled = { x: 0, y: 0 };

/** Makes the state at the start: the first tab is current. */
export function initialDash(scenario: Scenario): DashState {
  let nextRefNumber = firstRefNumber;
  const newRefId = (): string => refId(nextRefNumber++);
  const tabs = scenario.dashTabs.map((tab) => ({
    ...tab,
    refId: newRefId(),
    controls: withRefIds(tab.controls, newRefId),
  }));
  return {
    isOpen: scenario.dashOpen,
    lerpAtChange: scenario.dashOpen ? 1 : 0,
    changedAtMs: 0,
    tabs,
    currentTabRefId: tabs[0]?.refId,
    hoveredRefIds: [],
    scrollPositions: {},
  };
}

/** The overlay with tabs that the Esc key opens. It belongs to no world. */
export class Dash {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Whether it is open or opening. */
  get isOpen(): boolean {
    return this.#state.isOpen;
  }

  /** How far it is open now, from 0 to 1. Follows {@link isOpen} within 250 ms. */
  get openLerp(): number {
    const { isOpen, lerpAtChange, changedAtMs } = this.#state;
    const moved = (this.#context.clock.nowMs() - changedAtMs) / openingMs;
    return Math.min(1, Math.max(0, isOpen ? lerpAtChange + moved : lerpAtChange - moved));
  }

  /** Opens or closes it. The animation follows. */
  setOpen(isOpen: boolean): void {
    const state = this.#state;
    if (state.isOpen === isOpen) return;
    state.lerpAtChange = this.openLerp;
    state.changedAtMs = this.#context.clock.nowMs();
    state.isOpen = isOpen;
    this.#context.changed({ what: isOpen ? "dashOpened" : "dashClosed" });
  }

  /** All tabs in their order, as they are now. Contacts is disabled while nobody is signed in. */
  get tabs(): readonly DashTab[] {
    const isSignedIn = this.#context.state.auth.user !== undefined;
    return this.#state.tabs.map((tab) => ({
      ...tab,
      enabled: tab.enabled && (isSignedIn || tab.localeKey !== contactsKey),
      controls: tab.localeKey === inventoryKey ? [...tab.controls, ...this.#inventoryButtons()] : tab.controls,
    }));
  }

  /** The tab that is shown. */
  get currentTab(): DashTab | undefined {
    return this.tabs.find((tab) => tab.refId === this.#state.currentTabRefId);
  }

  /** Shows a tab. A `refId` that is not empty decides alone; the locale key is compared exactly, and the first tab wins. */
  setTab(selector: { readonly refId: string; readonly localeKey: string }): DashActionResult {
    const { tabs } = this;
    const tab =
      selector.refId === ""
        ? tabs.find(({ localeKey }) => localeKey === selector.localeKey)
        : tabs.find((candidate) => candidate.refId === selector.refId);
    if (tab === undefined) return { ok: false, found: false, refId: "", detail: "tab not found" };
    if (this.#state.currentTabRefId !== tab.refId) {
      this.#state.currentTabRefId = tab.refId;
      this.#context.changed({ what: "dashTabChanged", refId: tab.refId, name: tab.name });
    }
    return { ok: true, found: true, refId: tab.refId, detail: tab.enabled ? "" : "screen disabled" };
  }

  /** The controls of the current tab. While the dash is completely closed, its content is inactive and there are none. */
  listControls(options: { readonly includeDisabled: boolean }): readonly ListedControl[] {
    if (!this.isOpen && this.openLerp === 0) return [];
    return listControls(this.currentTab?.controls ?? [], options);
  }

  /** Presses a button, be it disabled or on another tab. */
  invoke(targetRefId: string): DashActionResult {
    const target = this.#find(targetRefId);
    if (target === undefined) return missed(targetRefId);
    const [control] = target;
    if (control?.type !== "button") return refused(targetRefId, "control is not a button");
    this.#context.changed({ what: "dashButtonPressed", refId: targetRefId, label: control.label });
    return done(targetRefId);
  }

  /** Moves a scroll area, or the nearest one around a control, by fractions of its range. It stops at its ends. */
  scroll(targetRefId: string, delta: { readonly x: number; readonly y: number }): DashActionResult {
    const target = this.#find(targetRefId);
    if (target === undefined) return missed(targetRefId);
    const area = target.find(({ type }) => type === "scroll");
    if (area === undefined) return refused(targetRefId, "control is not scrollable");
    const before = this.scrollPosition(area.refId);
    const after = { x: scrolled(before.x, delta.x), y: scrolled(before.y, delta.y) };
    if (after.x !== before.x || after.y !== before.y) {
      this.#state.scrollPositions[area.refId] = after;
      this.#context.changed({ what: "dashScrolled", refId: area.refId, ...after });
    }
    return done(targetRefId);
  }

  /** Marks a button as hovered. Others keep their marks. */
  highlight(targetRefId: string): DashActionResult {
    const target = this.#find(targetRefId);
    if (target === undefined) return missed(targetRefId);
    if (target[0]?.type !== "button") return refused(targetRefId, "control does not support hover");
    if (!this.isHovered(targetRefId)) {
      this.#state.hoveredRefIds.push(targetRefId);
      this.#context.changed({ what: "dashHighlighted", refId: targetRefId });
    }
    return done(targetRefId);
  }

  /** How far a scroll area is scrolled, from 0 to 1 on each axis. */
  scrollPosition(targetRefId: string): { readonly x: number; readonly y: number } {
    return this.#state.scrollPositions[targetRefId] ?? unscrolled;
  }

  /** Whether a button is marked as hovered. */
  isHovered(targetRefId: string): boolean {
    return this.#state.hoveredRefIds.includes(targetRefId);
  }

  get #state(): DashState {
    return this.#context.state.dash;
  }

  /** A control of any tab with what it lies in, from itself outwards; nothing but an empty list for a tab. */
  #find(targetRefId: string): readonly DashControl[] | undefined {
    for (const tab of this.tabs) {
      if (tab.refId === targetRefId) return [];
      const found = findControl(tab.controls, targetRefId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #inventoryButtons(): readonly DashControl[] {
    const { auth, inventory } = this.#context.state;
    if (auth.user === undefined) return [];
    return recordsIn(inventory, rootOf(auth.user.userId)).map(({ number, name }) => ({
      refId: refId(firstInventoryRefNumber + number),
      type: "button",
      name,
      label: name,
      localeKey: "",
      enabled: true,
      active: true,
      children: [],
    }));
  }
}

function refId(number: number): string {
  return `ID${number.toString(16).toUpperCase()}`;
}

function scrolled(position: number, delta: number): number {
  return Number.isNaN(delta) ? position : Math.min(1, Math.max(0, position + delta));
}

function done(targetRefId: string): DashActionResult {
  return { ok: true, found: true, refId: targetRefId, detail: "" };
}

function missed(targetRefId: string): DashActionResult {
  return { ok: false, found: false, refId: targetRefId, detail: "control not found" };
}

function refused(targetRefId: string, detail: string): DashActionResult {
  return { ok: false, found: true, refId: targetRefId, detail };
}

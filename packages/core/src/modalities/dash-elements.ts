import type { DashControl as WireControl, DashTab as WireTab } from "../gen/resonite_io/v1/dash_pb.js";

/** One tab of the dash's tab bar. */
export interface DashTab {
  /** Names the tab for as long as it exists: `ID<hex>`. */
  readonly refId: string;
  /** The label's key, the same in every language: `Dash.Screens.Worlds`. Empty when the label is not localised. */
  readonly localeKey: string;
  /** The engine's name for the tab. Not translated. */
  readonly name: string;
  /** The text on the tab, in the language of the game. */
  readonly label: string;
  /** Whether the tab is the one shown. At most one is, and for a moment none may be. */
  readonly isCurrent: boolean;
  /** False for example for the contacts while nobody is signed in. Such a tab can be made current all the same. */
  readonly enabled: boolean;
}

const controlTypes = ["button", "scroll"] as const;

/** A button, or an area that scrolls. `"unknown"` for a kind that a newer mod may have. */
export type DashControlType = (typeof controlTypes)[number] | "unknown";

/** A button or scroll area of the current tab. */
export interface DashControl {
  /** Names the control for as long as it exists: `ID<hex>`. Changing the tab replaces all controls. */
  readonly refId: string;
  /** What is both counts as `"button"`. */
  readonly controlType: DashControlType;
  /** The text on it in the language of the game, or else the locale key, or else the engine's name. May be empty. */
  readonly label: string;
  /** The label's key, the same in every language. Empty when the label is plain text. */
  readonly localeKey: string;
  /** False only in listings that include disabled controls. */
  readonly enabled: boolean;
  /** The nearest listed control around this one; `undefined` when there is none. */
  readonly parentRefId: string | undefined;
  /** How many listed controls are around this one, one inside the other. */
  readonly depth: number;
}

export function toTab({ $typeName, $unknown, ...tab }: WireTab): DashTab {
  return tab;
}

export function toControl(control: WireControl): DashControl {
  const { refId, label, localeKey, enabled, parentRefId, depth } = control;
  return {
    refId,
    controlType: controlTypes.find((type) => type === control.controlType) ?? "unknown",
    label,
    localeKey,
    enabled,
    parentRefId: parentRefId === "" ? undefined : parentRefId,
    depth,
  };
}

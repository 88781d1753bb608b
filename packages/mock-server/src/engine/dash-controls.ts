import type { ScenarioDashControl } from "../scenarios/parts/dash.js";

/** A control on a dash tab, or a part that only holds others. */
export interface DashControl extends Omit<ScenarioDashControl, "children"> {
  /** Names it as long as it exists: `ID` and hexadecimal digits. */
  readonly refId: string;
  readonly children: readonly DashControl[];
}

/** A button or scroll area as a listing shows it. */
export interface ListedControl {
  readonly refId: string;
  readonly type: "button" | "scroll";
  /** The first of label, locale key and name that is not empty. */
  readonly label: string;
  readonly localeKey: string;
  readonly enabled: boolean;
  /** The nearest ancestor that is listed; empty without one. */
  readonly parentRefId: string;
  /** How many ancestors are listed. */
  readonly depth: number;
}

/** Gives an id to each control and to all inside it. */
export function withRefIds(controls: readonly ScenarioDashControl[], newRefId: () => string): readonly DashControl[] {
  return controls.map((control) => ({
    ...control,
    refId: newRefId(),
    children: withRefIds(control.children, newRefId),
  }));
}

/**
 * The buttons and scroll areas among the active parts, from top to bottom and left to right. What has no place on the canvas
 * comes last; what has the same place stays in the order of the tree.
 */
export function listControls(
  controls: readonly DashControl[],
  options: { readonly includeDisabled: boolean },
): readonly ListedControl[] {
  const found: { readonly listed: ListedControl; readonly position: DashControl["position"] }[] = [];
  const walk = (level: readonly DashControl[], parent: ListedControl | undefined): void => {
    for (const { refId, type, name, label, localeKey, enabled, active, position, children } of level) {
      if (!active) continue;
      if (type === "none" || (!enabled && !options.includeDisabled)) {
        walk(children, parent);
        continue;
      }
      const listed = {
        refId,
        type,
        label: label || localeKey || name,
        localeKey,
        enabled,
        parentRefId: parent?.refId ?? "",
        depth: parent === undefined ? 0 : parent.depth + 1,
      };
      found.push({ listed, position });
      walk(children, listed);
    }
  };
  walk(controls, undefined);
  return found.toSorted((a, b) => byPosition(a.position, b.position)).map(({ listed }) => listed);
}

/** A control with all that it lies in, from itself outwards; `undefined` when there is none with this id. */
export function findControl(
  controls: readonly DashControl[],
  refId: string,
): readonly [DashControl, ...DashControl[]] | undefined {
  for (const control of controls) {
    if (control.refId === refId) return [control];
    const inside = findControl(control.children, refId);
    if (inside !== undefined) return [...inside, control];
  }
  return undefined;
}

function byPosition(a: DashControl["position"], b: DashControl["position"]): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a.y - b.y || a.x - b.x;
}

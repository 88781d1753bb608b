import type { DashControl, DashTab } from "./dash-elements.js";
import type { MatchKind } from "./label-match.js";

/** A tab is found by its label, name, locale key and ref id. */
export const tabMatch: MatchKind<DashTab> = {
  noun: "dash tab",
  whenEmpty: "the dash has none yet",
  texts: ({ label, name, localeKey, refId }) => [label, name, localeKey, refId],
};

/** A control is found by its label, locale key and ref id. */
export const controlMatch: MatchKind<DashControl> = {
  noun: "dash control",
  whenEmpty: "the current tab shows none that is enabled; is the dash open?",
  texts: ({ label, localeKey, refId }) => [label, localeKey, refId],
};

import type { HeldGroup, HeldMessage } from "./atomic-groups.js";

/** How a group is ended. */
export interface GroupEnds extends Disposable {
  readonly isOpen: boolean;
  commit(): void;
  discard(): void;
}

/** What users see of a group: how to end it, and `how` to add to it. */
export function groupView<How extends object>(
  group: Pick<HeldGroup<HeldMessage>, "isOpen" | "commit" | "end">,
  how: How,
): How & GroupEnds {
  const discard = (): void => group.end("discard", "was discarded");
  const ends = { isOpen: true, commit: () => group.commit(), discard, [Symbol.dispose]: discard };
  return Object.defineProperties({ ...how, ...ends }, { isOpen: { get: () => group.isOpen, enumerable: true } });
}

import { AmbiguousMatchError } from "../errors/ambiguous-match-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { NoMatchError } from "../errors/no-match-error.js";

/**
 * Names one of the things that the game shows.
 *
 * A number is its index, from 0, in the listing. A text is compared with every text that the thing has, and the first rule
 * that gives a result decides:
 *
 * 1. The first thing that has exactly this text.
 * 2. The only thing that has this text in any case.
 * 3. The only thing that has this text as a part, in any case.
 *
 * An empty text is no exception: it names the first thing that has an empty text.
 */
export type MatchQuery = string | number;

/** What {@link pickMatch} has to know about the things it chooses from. */
export interface MatchKind<T> {
  /** What they are, in the singular: `dash tab`. */
  readonly noun: string;
  /** Why there may be none, to end an error message with. */
  readonly whenEmpty: string;
  /** The texts that a query is compared with. The first that is not empty serves as the label in errors. */
  readonly texts: (item: T) => readonly string[];
}

interface Candidate<T> {
  readonly item: T;
  readonly index: number;
  readonly texts: readonly string[];
}

/** Throws {@link InvalidOptionsError} for what no listing could satisfy, so that none has to be fetched to say so. */
export function checkQuery(query: MatchQuery): void {
  if (typeof query === "string" || (Number.isInteger(query) && query >= 0)) return;
  throw new InvalidOptionsError(`the query must be a text or an index from 0 upwards, not ${String(query)}`);
}

/** Returns the item that `query` names. Throws {@link NoMatchError} or {@link AmbiguousMatchError} when none or several do. */
export function pickMatch<T>(items: readonly T[], query: MatchQuery, kind: MatchKind<T>): T {
  const candidates = items.map((item, index) => ({ item, index, texts: kind.texts(item) }));
  const found = typeof query === "number" ? candidates[query] : pickByText(candidates, query, kind.noun);
  if (found !== undefined) return found.item;

  const choice = items.length === 0 ? kind.whenEmpty : described(candidates);
  throw new NoMatchError(`no match for ${JSON.stringify(query)} among the ${kind.noun}s: ${choice}`, {
    query,
    candidates: candidates.map(labelOf),
  });
}

function pickByText<T>(candidates: readonly Candidate<T>[], query: string, noun: string): Candidate<T> | undefined {
  const exact = candidates.find(({ texts }) => texts.includes(query));
  if (exact !== undefined) return exact;

  const folded = foldCase(query);
  const equal = candidates.filter(({ texts }) => texts.some((text) => foldCase(text) === folded));
  if (equal.length === 1) return equal[0];

  const containing = candidates.filter(({ texts }) => texts.some((text) => foldCase(text).includes(folded)));
  if (containing.length <= 1) return containing[0];
  throw new AmbiguousMatchError(
    `${JSON.stringify(query)} matched ${containing.length} ${noun}s: ${described(containing)}. Give the whole text or the index.`,
    { query, candidates: containing.map(labelOf) },
  );
}

function described<T>(candidates: readonly Candidate<T>[]): string {
  return candidates.map((candidate) => `[${candidate.index}] ${JSON.stringify(labelOf(candidate))}`).join(", ");
}

function labelOf<T>({ texts }: Candidate<T>): string {
  return texts.find((text) => text !== "") ?? "";
}

/**
 * Full case folding, which JavaScript does not have: by way of the upper case, so that `ß` equals `SS`, and character by
 * character, because a `Σ` at the end of a word has a lower case of its own. Only `ı` would become another letter that way.
 */
function foldCase(text: string): string {
  return Array.from(text, (char) => (char === "ı" ? char : char.toLowerCase().toUpperCase().toLowerCase())).join("");
}

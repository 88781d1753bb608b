/** A search text taken apart. */
export interface RecordSearch {
  /** Each must occur. */
  readonly required: readonly string[];
  /** None may occur. */
  readonly excluded: readonly string[];
  /** Without required terms, one of these must occur. */
  readonly optional: readonly string[];
}

/** Splits `word`, `+word`, `-word` and `"several words"`. */
export function parseRecordSearch(text: string): RecordSearch {
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  for (const [, sign = "", quoted, bare] of text.matchAll(/([+-]?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    const term = (quoted ?? bare ?? "").toLowerCase();
    if (term === "") continue;
    (sign === "+" ? required : sign === "-" ? excluded : optional).push(term);
  }
  return { required, excluded, optional };
}

/** Whether a record's texts pass the search. Required terms make optional ones irrelevant. */
export function matchesRecordSearch(search: RecordSearch, texts: readonly string[]): boolean {
  const lowered = texts.map((text) => text.toLowerCase());
  const occurs = (term: string): boolean => lowered.some((text) => text.includes(term));
  if (search.excluded.some(occurs) || !search.required.every(occurs)) return false;
  return search.required.length > 0 || search.optional.length === 0 || search.optional.some(occurs);
}

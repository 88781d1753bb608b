/**
 * Returns the name that `table` gives to a wire number, or `fallback` for a number that it does not know, which a newer mod
 * may send.
 */
export function choiceName<Name extends string>(
  table: Readonly<Record<Name, number>>,
  value: number,
  fallback: NoInfer<Name>,
): Name {
  for (const name in table) {
    if (table[name] === value) return name;
  }
  return fallback;
}

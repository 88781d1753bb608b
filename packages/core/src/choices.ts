import { InvalidOptionsError } from "./errors/invalid-options-error.js";

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

/**
 * Returns the wire number of `name`. Throws {@link InvalidOptionsError} for a name that `table` does not have, which only
 * untyped callers can give: sent as the default it would silently mean something else.
 */
export function choiceValue<Name extends string, Value extends number>(
  table: Readonly<Record<Name, Value>>,
  name: Name,
  option: string,
): Value {
  if (!Object.hasOwn(table, name)) {
    throw new InvalidOptionsError(`${option} must be one of ${Object.keys(table).join(", ")}, not ${String(name)}`);
  }
  return table[name];
}

/** Throws unless `value` is an object that has numbers under these names. */
export function numbersIn<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, number> {
  if (hasNumbers(value, names)) return value;
  throw new Error(`${names.join(", ")} are not all in ${JSON.stringify(value)}`);
}

function hasNumbers<Name extends string>(value: unknown, names: readonly Name[]): value is Record<Name, number> {
  if (!(value instanceof Object)) return false;
  const properties = new Map<string, unknown>(Object.entries(value));
  return names.every((name) => typeof properties.get(name) === "number");
}

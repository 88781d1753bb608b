import * as fc from "fast-check";

/** One place in a JSON value: the names and indexes that lead there. */
export type JsonPath = readonly (string | number)[];

/** Every place of a value that holds no object or list. */
export function leavesOf(value: unknown, path: JsonPath = []): readonly JsonPath[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([name, field]) => leavesOf(field, [...path, name]));
}

/** A copy with something else at a place. */
export function withChange(value: unknown, path: JsonPath, change: (old: unknown) => unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === name ? withChange(item, rest, change) : item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, key === name ? withChange(field, rest, change) : field]),
  );
}

/** Makes something else of a text, number or truth value, of the same type. */
export const otherValue: fc.Arbitrary<(old: unknown) => unknown> = fc
  .tuple(fc.nat(), fc.integer({ min: 1, max: 6 }))
  .map(([place, step]) => (old: unknown) => {
    if (typeof old === "number") return old + step;
    if (typeof old === "boolean") return !old;
    if (typeof old !== "string" || old === "") return "x";
    const index = place % old.length;
    return `${old.slice(0, index)}${String.fromCharCode(33 + ((old.charCodeAt(index) - 33 + step) % 90))}${old.slice(index + 1)}`;
  });

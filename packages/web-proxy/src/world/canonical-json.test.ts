import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.js";
import { parseJson } from "./parse-json.js";

describe("canonicalJson", () => {
  it("sorts fields by UTF-16 code units, at every depth, and keeps the order of lists", () => {
    const value = { "\u{1f600}": 1, "\ufb33": 2, b: [{ z: 1, a: 2 }, 3], a: { d: 1, c: 2 } };
    expect(canonicalJson(value)).toBe('{"a":{"c":2,"d":1},"b":[{"a":2,"z":1},3],"\u{1f600}":1,"\ufb33":2}');
  });

  it("escapes only what must be, and leaves everything else as it is", () => {
    expect(canonicalJson('"\\/\u0000\u000f\b\t\n\f\r\u007fé例😀')).toBe(
      '"\\"\\\\/\\u0000\\u000f\\b\\t\\n\\f\\r\u007fé例😀"',
    );
  });

  it("leaves out fields that are undefined, and keeps those that are null", () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  it.each([
    ["a fraction", 0.1],
    ["a number beyond 2^53-1", 2 ** 53],
    ["a negative number beyond 2^53-1", -(2 ** 53)],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a lone surrogate", "a\ud800"],
    ["a lone surrogate in a name", { "\udc00": 1 }],
    ["a bigint", 1n],
    ["nothing", undefined],
    ["nothing in a list", [undefined]],
    ["a function", () => 1],
    ["a depth of 65", JSON.parse("[".repeat(66) + "]".repeat(66))],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalJson({ value: [value] })).toThrow(expect.objectContaining({ code: "NOT_CANONICAL" }));
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: "NOT_CANONICAL" }));
  });

  it("gives the same text whatever the order of the fields, and a text that means the same", () => {
    fc.assert(
      fc.property(canonicalValue, (value) => {
        const text = canonicalJson(value);
        expect(parseJson(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

describe("parseJson", () => {
  it.each([
    ["two fields of the same name", '{"a":1,"a":1}'],
    ["two fields of the same name, one escaped", '{"a":1,"\\u0061":2}'],
    ["two fields of the same name inside", '[{"b":{"a":1,"c":[1],"a":1}}]'],
    ["65 lists in each other", "[".repeat(65) + "]".repeat(65)],
    ["100,000 lists in each other", "[".repeat(100_000) + "]".repeat(100_000)],
    ["what is no JSON", "{a:1}"],
    ["nothing", ""],
    ["something behind the end", "{} x"],
  ])("refuses %s", (_, text) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: "INVALID_JSON" }));
  });

  it("takes the same name in different objects, in texts and as a value", () => {
    const text = '{"a":{"a":"a"},"b":[{"a":1},{"a":"{\\"a\\":1,\\"a\\":2}"}],"c":"a","\\"":1,"\\\\":"]"}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("reads everything else as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});

/** What has a canonical form: JSON whose numbers are whole and safe. */
const { canonicalValue } = fc.letrec<{ canonicalValue: unknown }>((tie) => ({
  canonicalValue: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: "binary" }),
    fc.array(tie("canonicalValue")),
    fc.dictionary(
      fc.string({ unit: "binary" }).filter((name) => name !== "__proto__"),
      tie("canonicalValue"),
    ),
  ),
}));

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, reversed(field)]),
  );
}

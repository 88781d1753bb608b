import { describe, expect, it } from "vitest";
import { fromHeaderFields, toHeaderFields } from "./header-fields.js";

describe("header fields", () => {
  it("carry headers there and back, with all values of a name", () => {
    const headers = new Headers([
      ["X-Second", "b"],
      ["x-first", "1"],
      ["x-first", "2"],
      ["x-data-bin", "AAE="],
    ]);

    const fields = toHeaderFields(headers);

    expect(fields.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "x-data-bin: AAE=",
      "x-first: 1, 2",
      "x-second: b",
    ]);
    expect([...fromHeaderFields(fields)]).toEqual([...headers]);
  });

  it.each([
    ["two words", "1"],
    ["", "1"],
    ["x-lines", "one\r\nset-cookie: two"],
  ])("that are no header are refused: %j", (name, value) => {
    const [field] = toHeaderFields(new Headers({ x: "1" }));
    if (field === undefined) throw new Error("unreachable");

    expect(() => fromHeaderFields([{ ...field, name, value }])).toThrow(TypeError);
  });
});

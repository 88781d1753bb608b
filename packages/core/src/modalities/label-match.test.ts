import { describe, expect, it } from "vitest";
import { AmbiguousMatchError } from "../errors/ambiguous-match-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { NoMatchError } from "../errors/no-match-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { checkQuery, type MatchQuery, pickMatch } from "./label-match.js";

const kind = { noun: "thing", whenEmpty: "there is nothing", texts: (texts: readonly string[]) => texts };

describe("pickMatch", () => {
  it.each<[string, MatchQuery, readonly (readonly string[])[], number]>([
    ["an exact text before an earlier partial one", "ID7", [["see ID7"], ["b", "ID7"]], 1],
    ["an exact text before an earlier one in another case", "Save", [["SAVE"], ["Save"]], 1],
    ["the first of several exact texts", "Save", [["x"], ["a", "Save"], ["Save"]], 1],
    ["the only text in another case before an earlier partial one", "save", [["Save all"], ["SAVE"]], 1],
    ["an item once, however many of its texts fit", "save", [["Save", "SAVE", "save all"], ["Load"]], 0],
    ["the only partial text", "av", [["Load"], ["SAVE"]], 1],
    [
      "a part of an id",
      "d7",
      [
        ["x", "ID6"],
        ["x", "ID7"],
      ],
      1,
    ],
    ["the first empty text for an empty one", "", [["a"], ["b", ""], [""]], 1],
    ["the only item for an empty text", "", [["a"]], 0],
    ["an index, from 0", 0, [["a"], ["b"]], 0],
    ["the last index", 1, [["a"], ["b"]], 1],
    ["a text of digits, not an index", "1", [["1"], ["0"]], 0],
    ["ß as ss", "STRASSE", [["Gasse"], ["Straße"]], 1],
    ["a final sigma as any other", "ΟΔΟΣ", [["οδός"], ["οδος"]], 1],
    ["a sigma that ends the query but not the word", "ΟΔΟΣ", [["οδοσ1"], ["x"]], 0],
    ["the dotless i as a letter of its own", "I", [["ı"], ["i"]], 1],
  ])("takes %s", (_, query, items, index) => {
    expect(pickMatch(items, query, kind)).toBe(items[index]);
  });

  it("throws AmbiguousMatchError for two texts that differ only in case, with those that fit", () => {
    const failure = failureOf(() => pickMatch([["Load"], ["SAVE"], ["Save"]], "save", kind));

    expect(failure).toBeInstanceOf(AmbiguousMatchError);
    expect(failure).toBeInstanceOf(ResoioError);
    expect(failure).toMatchObject({
      name: "AmbiguousMatchError",
      code: "AMBIGUOUS_MATCH",
      query: "save",
      candidates: ["SAVE", "Save"],
      message: expect.stringContaining('"save" matched 2 things: [1] "SAVE", [2] "Save"'),
    });
  });

  it("throws AmbiguousMatchError when two texts fit in another case and a third in part", () => {
    expect(() => pickMatch([["SAVE"], ["Save"], ["save all"]], "save", kind)).toThrow("matched 3 things");
  });

  it("throws AmbiguousMatchError for an empty text that nothing has", () => {
    expect(() => pickMatch([["a"], ["b"]], "", kind)).toThrow(AmbiguousMatchError);
  });

  it.each<[string, MatchQuery]>([
    ["a text that nothing has", "zoom"],
    ["an index behind the last", 2],
  ])("throws NoMatchError for %s, with everything there is", (_, query) => {
    const failure = failureOf(() => pickMatch([["Load"], ["", "ID7"]], query, kind));

    expect(failure).toBeInstanceOf(NoMatchError);
    expect(failure).toBeInstanceOf(ResoioError);
    expect(failure).toMatchObject({
      name: "NoMatchError",
      code: "NO_MATCH",
      query,
      candidates: ["Load", "ID7"],
      message: `no match for ${JSON.stringify(query)} among the things: [0] "Load", [1] "ID7"`,
    });
  });

  it.each<MatchQuery>(["zoom", "", 0])("throws NoMatchError for %j when there is nothing", (query) => {
    const failure = failureOf(() => pickMatch([], query, kind));

    expect(failure).toBeInstanceOf(NoMatchError);
    expect(failure).toMatchObject({ candidates: [], message: expect.stringContaining("there is nothing") });
  });
});

describe("checkQuery", () => {
  it.each<MatchQuery>(["", "x", 0, 7])("accepts %j", (query) => {
    expect(() => checkQuery(query)).not.toThrow();
  });

  it.each([-1, 0.5, Number.NaN, Infinity])("throws for the index %d", (query) => {
    expect(() => checkQuery(query)).toThrow(InvalidOptionsError);
  });

  it("throws for what only an untyped caller can give", () => {
    expect(() => checkQuery(undefined as unknown as MatchQuery)).toThrow(InvalidOptionsError);
  });
});

function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded");
}

import { describe, expect, it } from "vitest";
import { hashText } from "./hash-text.js";

describe("hashText", () => {
  // Vectors of the authors of FNV, for the 64-bit variant 1a.
  it.each([
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["b", "af63df4c8601f1a5"],
    ["foobar", "85944171f73967e8"],
    ["chongo was here!\n", "46810940eff5f915"],
  ])("is FNV-1a of 64 bits for %j", (text, hash) => {
    expect(hashText(text)).toBe(hash);
  });

  it("agrees with the definition, computed with whole numbers of any size, over every byte that UTF-8 has", () => {
    const text = Array.from({ length: 3000 }, (_, index) => String.fromCodePoint(index * 353)).join("");
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(text))
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);

    expect(hashText(text)).toBe(hash.toString(16).padStart(16, "0"));
  });
});

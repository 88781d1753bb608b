import { describe, expect, it } from "vitest";
import { type ChannelKeyPart, channelKey, keyInFamily } from "./channel-key.js";

describe("channelKey", () => {
  it("is the family and the parts, joined by slashes", () => {
    expect(channelKey("Thought", "agent-7", 3, 9_007_199_254_740_993n, true)).toBe(
      "Thought/agent-7/3/9007199254740993/true",
    );
  });

  it("is the family alone when there is one value for all", () => {
    expect(channelKey("Background")).toBe("Background");
  });

  it("keeps apart what has different parts, also those with slashes, percent signs, or nothing in them", () => {
    const parts: ChannelKeyPart[][] = [
      ["a", "b/c"],
      ["a/b", "c"],
      ["a", "b", "c"],
      ["a%2Fb", "c"],
      ["a%252Fb", "c"],
      [""],
      [undefined],
      ["%"],
      ["%25"],
      ["undefined"],
      [],
    ];

    expect(new Set(parts.map((some) => channelKey("F", ...some))).size).toBe(parts.length);
  });
});

describe("keyInFamily", () => {
  it("is the key that the other family has for the same parts", () => {
    const key = channelKey("Marker", "a/b", 7);

    expect(keyInFamily(key, "MarkerColour")).toBe(channelKey("MarkerColour", "a/b", 7));
    expect(keyInFamily(channelKey("Sky"), "Ground")).toBe(channelKey("Ground"));
  });
});

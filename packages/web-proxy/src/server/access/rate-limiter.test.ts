import { describe, expect, it } from "vitest";
import { RateLimiter } from "./rate-limiter.js";

describe("RateLimiter", () => {
  it("lets a burst through, then one after the other, for each key", () => {
    let nowMs = 0;
    const limiter = new RateLimiter({ burst: 3, perSecond: 2, now: () => nowMs });
    const takeAll = (key: string): number => {
      let count = 0;
      while (limiter.take(key)) count++;
      return count;
    };
    expect(takeAll("one")).toBe(3);
    expect(takeAll("other")).toBe(3);
    nowMs = 499;
    expect(takeAll("one")).toBe(0);
    nowMs = 500;
    expect(takeAll("one")).toBe(1);
    nowMs = 60_000;
    expect(takeAll("one")).toBe(3);
  });

  it("remembers ten thousand keys at most, and forgets the one that was silent for longest", () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 0, now: () => 0 });
    const taken = Array.from({ length: 10_000 }, (_, index) => limiter.take(`${index}`));
    expect(taken.every(Boolean)).toBe(true);
    expect(limiter.take("0")).toBe(false);
    expect(limiter.take("one more")).toBe(true);
    expect(limiter.take("0")).toBe(false);
    expect(limiter.take("1")).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FloodLimit } from "./flood-limit.js";
import { errorCodes } from "./http2-codes.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function add(limit: FloodLimit, count: number): void {
  for (let added = 0; added < count; added++) limit.add();
}

describe("the limit of a flood", () => {
  it("is 10,000 frames within ten seconds", () => {
    const limit = new FloodLimit();
    add(limit, 10_000);
    vi.advanceTimersByTime(9_999);
    expect(() => limit.add()).toThrow(expect.objectContaining({ errorCode: errorCodes.enhanceYourCalm }));
  });

  it("is never reached by a connection on which little happens for days", () => {
    const limit = new FloodLimit();
    for (let round = 0; round < 10; round++) {
      add(limit, 10_000);
      vi.advanceTimersByTime(10_000);
    }
    expect(() => add(limit, 20_000)).toThrow("10000 frames");
  });

  it("begins anew when a call gets further", () => {
    const limit = new FloodLimit();
    add(limit, 10_000);
    limit.reset();
    add(limit, 10_000);
    expect(() => limit.add()).toThrow("10000 frames");
  });
});

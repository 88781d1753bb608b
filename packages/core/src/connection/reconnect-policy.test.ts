import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { createReconnectPolicy, InvalidOptionsError, neverReconnect, type ReconnectPolicyOptions } from "../index.js";

const reason = new ConnectError("the mod closed the connection", Code.Unavailable);

describe("createReconnectPolicy", () => {
  it("doubles the delay from 100 ms to 5,000 ms, and never gives up, when it is told nothing but to leave out chance", () => {
    expect(delays({ jitter: 0 }, 9)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    expect(createReconnectPolicy().nextDelayMs({ attempt: 1e9, elapsedMs: 1e15, reason })).toBeLessThanOrEqual(5_000);
  });

  it("takes its bounds and its factor from the options", () => {
    expect(delays({ jitter: 0, minDelayMs: 10, maxDelayMs: 100, factor: 3 }, 5)).toEqual([10, 30, 90, 100, 100]);
    expect(delays({ jitter: 0, minDelayMs: 10, maxDelayMs: 10 }, 3)).toEqual([10, 10, 10]);
    expect(delays({ jitter: 0, minDelayMs: 10, factor: 1 }, 3)).toEqual([10, 10, 10]);
  });

  it.each([
    ["a fifth", {}, 0.8],
    ["the part that it is told", { jitter: 0.5 }, 0.5],
    ["the whole", { jitter: 1 }, 0],
  ])("leaves %s of each delay to chance", (_, options, least) => {
    const policy = createReconnectPolicy({ ...options, minDelayMs: 1_000, maxDelayMs: 1_000 });
    const drawn = Array.from({ length: 1_000 }, () =>
      delayOf(policy.nextDelayMs({ attempt: 1, elapsedMs: 0, reason })),
    );
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1_000 * least);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1_000);
    // Each half of what is possible misses a thousand draws with a chance of 2 to the -1000.
    const middle = (1_000 * (1 + least)) / 2;
    expect(Math.min(...drawn)).toBeLessThan(middle);
    expect(Math.max(...drawn)).toBeGreaterThan(middle);
  });

  it("gives up when the time since the loss has reached the limit, and not before", () => {
    const policy = createReconnectPolicy({ jitter: 0, giveUpAfterMs: 1_000 });
    expect(policy.nextDelayMs({ attempt: 1, elapsedMs: 999, reason })).toBe(100);
    expect(policy.nextDelayMs({ attempt: 1, elapsedMs: 1_000, reason })).toBeUndefined();
    expect(
      createReconnectPolicy({ giveUpAfterMs: 0 }).nextDelayMs({ attempt: 1, elapsedMs: 0, reason }),
    ).toBeUndefined();
  });

  it.each([{ minDelayMs: 0, maxDelayMs: 0 }, { minDelayMs: 0 }, { factor: 1e300 }, {}])(
    "names a number for every attempt, however late: %o",
    (options) => {
      const policy = createReconnectPolicy({ ...options, jitter: 0 });
      for (const attempt of [1, 2, 1_000, 2_000, 1e9]) {
        const delayMs = policy.nextDelayMs({ attempt, elapsedMs: 0, reason });
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(5_000);
      }
    },
  );

  it("takes the limits of what is allowed", () => {
    const allowed = { minDelayMs: 0, maxDelayMs: Number.MAX_VALUE, factor: 1, jitter: 1, giveUpAfterMs: Infinity };
    expect(createReconnectPolicy(allowed).nextDelayMs({ attempt: 1, elapsedMs: 0, reason })).toBe(0);
  });

  it.each<[ReconnectPolicyOptions, string]>([
    [{ minDelayMs: -1 }, "delays must be 0 <= minDelayMs <= maxDelayMs < Infinity, not -1 and 5000"],
    [{ minDelayMs: Number.NaN }, "not NaN and 5000"],
    [{ minDelayMs: 5_001 }, "not 5001 and 5000"],
    [{ maxDelayMs: 99 }, "not 100 and 99"],
    [{ maxDelayMs: Infinity }, "not 100 and Infinity"],
    [{ maxDelayMs: Number.NaN }, "not 100 and NaN"],
    [{ factor: 0.9 }, "factor must be 1 or more, not 0.9"],
    [{ factor: Infinity }, "factor must be 1 or more, not Infinity"],
    [{ factor: Number.NaN }, "factor must be 1 or more, not NaN"],
    [{ jitter: -0.1 }, "jitter must be from 0 to 1, not -0.1"],
    [{ jitter: 1.1 }, "jitter must be from 0 to 1, not 1.1"],
    [{ jitter: Number.NaN }, "jitter must be from 0 to 1, not NaN"],
    [{ giveUpAfterMs: -1 }, "giveUpAfterMs must be 0 or more, not -1"],
    [{ giveUpAfterMs: Number.NaN }, "giveUpAfterMs must be 0 or more, not NaN"],
  ])("refuses %o", (options, message) => {
    expect(() => createReconnectPolicy(options)).toThrow(InvalidOptionsError);
    expect(() => createReconnectPolicy(options)).toThrow(message);
  });
});

describe("neverReconnect", () => {
  it("gives up at once", () => {
    expect(neverReconnect.nextDelayMs({ attempt: 1, elapsedMs: 0, reason })).toBeUndefined();
  });
});

/** The delays before the first attempts. */
function delays(options: ReconnectPolicyOptions, count: number): readonly number[] {
  const policy = createReconnectPolicy(options);
  return Array.from({ length: count }, (_, index) =>
    delayOf(policy.nextDelayMs({ attempt: index + 1, elapsedMs: 0, reason })),
  );
}

function delayOf(delayMs: number | undefined): number {
  return delayMs ?? expect.fail("it gave up");
}

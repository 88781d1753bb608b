import { expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import { Throttle } from "./throttle.js";

it("lets twice as many through at once as in a second, and then says how long to wait", () => {
  const clock = new TestClock();
  const throttle = new Throttle(100, clock);
  throttle.take(200);
  expect(throttle.waitMs).toBe(0);
  throttle.take(50);
  expect(throttle.waitMs).toBe(500);

  clock.advance(400);
  expect(throttle.waitMs).toBeCloseTo(100);
  clock.advance(100_000);
  throttle.take(200);
  expect(throttle.waitMs).toBe(0);
  throttle.take(1);
  expect(throttle.waitMs).toBeCloseTo(10);
});

import { expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import { BatchEncoder } from "./batch-encoder.js";
import { readBatch } from "./batch-reader.js";
import { outgoing } from "./testing/outgoing-messages.js";

it("hands out the same bytes for the same batch of one moment, and others for all else", () => {
  const clock = new TestClock();
  const encoder = new BatchEncoder(clock);
  const [a, b] = [outgoing("a"), outgoing("b")];
  const first = encoder.encode([a, b], 5);

  expect(encoder.encode([a, b], 5)).toBe(first);
  expect(encoder.encode([a], 5)).not.toBe(first);
  expect(encoder.encode([a, b], 6)).not.toBe(first);
  expect(encoder.encode([a, outgoing("b")], 5)).not.toBe(first);
  clock.advance(1);
  const later = encoder.encode([a, b], 5);
  expect(later).not.toBe(first);
  expect((readBatch(later, 9)?.unixNanos ?? 0n) - (readBatch(first, 9)?.unixNanos ?? 0n)).toBe(1_000_000n);
  encoder.clear();
  expect(encoder.encode([a, b], 5)).not.toBe(later);
});

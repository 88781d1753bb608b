import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { rpcs } from "@resoio/core";
import { expect, it } from "vitest";
import { openRecording } from "../reader/open-recording.js";
import { bytesSource } from "../reader/recording-source.js";
import { MemorySink } from "../testing/memory-sink.js";
import { TestClock } from "../testing/test-clock.js";
import type { CallTap } from "./call-tap.js";
import { createRecording } from "./create-recording.js";
import type { RecordingSummary } from "./recording.js";

const ping = rpcs["connection.ping"].method;

it("takes no more memory after an hour of traffic than after ten minutes", () => {
  const script = join(import.meta.dirname, "../testing/hour-of-traffic.ts");
  const { stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  const { used, stored, summary }: HourOfTraffic = JSON.parse(stdout);

  expect(summary).toMatchObject({
    durationMs: 3_600_000,
    messages: 2 + 3_600 * (30 + 50 + 10 * 4),
    droppedMessages: 0,
  });
  expect(stored).toBeGreaterThan(400e6);
  // Where its chunks are it has to remember: less than half a megabyte. Ten bytes kept of each message would be more.
  expect(Math.max(...used) - (used[0] ?? 0)).toBeLessThan(3e6);
});

it("has everything in each of 50 recordings at once", async () => {
  const clock = new TestClock();
  const sinks = Array.from({ length: 50 }, () => new MemorySink());
  const recordings = sinks.map((sink) => createRecording({ sink, clock }));
  const cameras = recordings.map((recording) => recording.call(rpcs["camera.streamFrames"].method));
  const each = (taps: readonly (CallTap | undefined)[], tell: (tap: CallTap) => void): void => {
    for (const tap of taps) if (tap !== undefined) tell(tap);
  };
  for (let index = 0; index < 100; index++) {
    clock.advance(33);
    const frame = new Uint8Array(2_000).fill(index);
    each(cameras, (tap) => tap.response(frame));
    const calls = recordings.map((recording) => recording.call(ping));
    each(calls, (tap) => tap.request(frame.subarray(0, 10)));
    each(calls, (tap) => tap.end(undefined));
    if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const summaries = await Promise.all(recordings.map((recording) => recording.end()));

  const [first] = summaries;
  expect(first).toMatchObject({ messages: 1 + 100 * 4, droppedMessages: 0 });
  // What makes a chunk depends on whose turn it was.
  for (const summary of summaries) expect({ ...summary, byteLength: first?.byteLength }).toEqual(first);
  for (const { bytes } of sinks) {
    const reader = await openRecording(bytesSource(bytes));
    expect((await reader.lastMessage("/rpc/camera.streamFrames/response"))?.data[0]).toBe(99);
  }
});

interface HourOfTraffic {
  readonly used: readonly number[];
  readonly stored: number;
  readonly summary: RecordingSummary;
}

import { Code, ConnectError, rpcs } from "@resoio/core";
import { PingRequestSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { expect, it } from "vitest";
import { MemorySink } from "../testing/memory-sink.js";
import { TestClock } from "../testing/test-clock.js";
import { createRecording } from "../writer/create-recording.js";
import { inspectRecording } from "./inspect-recording.js";
import { openRecording } from "./open-recording.js";
import { bytesSource } from "./recording-source.js";

it("says how many messages came how fast, with which pause, and how calls ended", async () => {
  const clock = new TestClock();
  const sink = new MemorySink();
  const recording = createRecording({ sink, clock });
  const camera = recording.call(rpcs["camera.streamFrames"].method);
  for (const delayMs of [100, 100, 700, 100]) {
    clock.advance(delayMs);
    recording.message("/beat", PingRequestSchema, new Uint8Array(10));
  }
  const ping = rpcs["connection.ping"].method;
  recording.call(ping)?.end(undefined);
  recording.call(ping)?.end(undefined);
  recording.call(ping)?.end(new ConnectError("gone", Code.Unavailable));
  camera?.response(new Uint8Array(100));
  await recording.end();
  const { topics, rpcs: calls, gaps } = await inspectRecording(await openRecording(bytesSource(sink.bytes)));

  const beat = { messages: 4, bytes: 40, firstMs: 100, lastMs: 1_000, longestPauseMs: 700 };
  expect(topics.find(({ topic }) => topic === "/beat")).toMatchObject({
    ...beat,
    perSecond: expect.closeTo(10 / 3, 6),
  });
  // One message alone comes at no rate.
  const frames = topics.find(({ topic }) => topic === "/rpc/camera.streamFrames/response");
  expect(frames).toMatchObject({ messages: 1, bytes: 100, perSecond: 0, longestPauseMs: 0 });
  expect(calls).toEqual([
    { rpc: "camera.streamFrames", calls: 1, statuses: { open: 1 } },
    { rpc: "connection.ping", calls: 3, statuses: { ok: 2, Unavailable: 1 } },
  ]);
  expect(gaps).toEqual([]);
});
